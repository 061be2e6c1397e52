"""Plots of lab 01: patches as a grid, as a sequence and as words; what a patch size costs."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle

from ..style import BLUE, GREY, ORANGE, RED, bare, to_image

CHANNELS = (("red", "Reds"), ("green", "Greens"), ("blue", "Blues"))


def plot_idea(image, tiles, grid, chosen):
    """Draw the lab's idea: an image under its grid, one patch of it, its channels, and the vector that they make.

    Args:
        image: (3, H, W), float in 0..1 or uint8.
        tiles: (N, 3, P, P), its patches in reading order, scaled as the image.
        grid: (rows, cols), the patches down and across.
        chosen: the index of the patch that is followed.

    Returns:
        Figure.
    """
    rows, cols = grid
    P = tiles.shape[-1]
    figure = plt.figure(figsize=(11, 5.2))
    layout = figure.add_gridspec(2, 5, height_ratios=(2.6, 1), width_ratios=(2.2, 1.3, 1, 1, 1))
    whole = bare(figure.add_subplot(layout[0, 0]))
    whole.imshow(to_image(image))
    _draw_grid(whole, rows, cols, P)
    _frame(whole, (chosen % cols) * P, (chosen // cols) * P, P)
    whole.set_title(f"the image, cut into {rows} x {cols} patches,\nnumbered as a page is read")
    one = bare(figure.add_subplot(layout[0, 1]))
    one.imshow(to_image(tiles[chosen]))
    _frame(one, 0, 0, P)
    one.set_title(f"patch {chosen}:\n{P} x {P} pixels")
    _arrow(figure, whole, ((chosen % cols + 1) * P - 0.5, (chosen // cols + 0.5) * P), one, (-0.7, P / 2 - 0.5))
    for c, (name, colours) in enumerate(CHANNELS):
        plane = bare(figure.add_subplot(layout[0, 2 + c]))
        plane.imshow(to_image(tiles[chosen][c : c + 1]), cmap=colours, vmin=0, vmax=1)
        plane.set_title(f"channel {c}\n({name})")
    strip = figure.add_subplot(layout[1, :])
    values = np.concatenate([to_image(tiles[chosen][c : c + 1]).ravel() for c in range(3)])
    for c, (_name, colours) in enumerate(CHANNELS):
        part = values[c * P * P : (c + 1) * P * P][None]
        extent = (c * P * P - 0.5, (c + 1) * P * P - 0.5, 0, 1)
        strip.imshow(part, cmap=colours, vmin=0, vmax=1, aspect="auto", extent=extent)
    strip.set(xlim=(-0.5, len(values) - 0.5), yticks=[])
    strip.set_xticks([0, P * P, 2 * P * P, len(values) - 1])
    strip.spines["left"].set_visible(False)
    strip.set_xlabel(
        "position in the vector: channel by channel, and in each channel row by row (darker: a larger number)"
    )
    strip.set_title(
        f"patch {chosen} as a vector of 3 * {P} * {P} = {len(values)} numbers; a linear layer then maps it to D numbers"
    )
    return figure


def plot_patches(tiles, grid):
    """Draw patches twice: laid out as the grid they were cut from, and as the sequence that the model gets.

    Args:
        tiles: (N, C, P, P), float in 0..1 or uint8.
        grid: (rows, cols); rows * cols = N.

    Returns:
        Figure.
    """
    rows, cols = grid
    N = len(tiles)
    inch = 11 / (1.12 * N)  # of one patch in the sequence, over the figure's whole width
    large = max(inch, min(0.85, 8 / cols))
    figure = plt.figure(figsize=(11, 1.2 * large * rows + 1.2 * inch + 0.9))
    above, below = figure.subplots(2, 1, height_ratios=(large * rows * 1.2, inch * 1.2))
    _lay_out(above, tiles, cols)
    above.set_title("as a grid: where each patch was")
    _lay_out(below, tiles, N)
    below.set_title("as a sequence: what the model gets; nothing in a patch says where it was")
    return figure


def plot_sequences(sequences):
    """Draw one row of patches for each name, to compare orders: right ones and wrong ones.

    Args:
        sequences: {name: (N, C, P, P)}, float in 0..1 or uint8; the first is drawn as the right one.

    Returns:
        Figure.
    """
    N = max(len(tiles) for tiles in sequences.values())
    figure = plt.figure(figsize=(11, (9 / N + 0.15) * len(sequences)))
    axes = figure.subplots(len(sequences), 1, squeeze=False)[:, 0]
    for i, ((name, tiles), ax) in enumerate(zip(sequences.items(), axes, strict=True)):
        _lay_out(ax, tiles, N, numbers=False)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, color="black" if i == 0 else RED)
    return figure


def plot_round_trip(images, patches, back):
    """Draw images, their patches as the matrix that the model sees, and the images put together again.

    Args:
        images, back: (B, C, H, W), float in 0..1 or uint8.
        patches: (B, N, L), one row a patch.

    Returns:
        Figure.
    """
    B = len(images)
    figure = plt.figure(figsize=(1.75 * B + 1.5, 5.4))
    axes = figure.subplots(3, B, squeeze=False)
    names = ("image", f"patches:\n{patches.shape[1]} rows of\n{patches.shape[2]} numbers", "put together\nagain")
    for i in range(B):
        _show(bare(axes[0, i]), images[i])
        bare(axes[1, i]).imshow(np.asarray(patches[i].detach().float().cpu()), aspect="auto")
        _show(bare(axes[2, i]), back[i])
    for line, name in zip(axes, names, strict=True):
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    return figure


def plot_words(words, images, rewritten):
    """Draw a vocabulary of patches, and images beside the same images written in that vocabulary.

    Args:
        words: (K, C, P, P), most used first; float in 0..1.
        images, rewritten: (B, C, H, W), float in 0..1.

    Returns:
        Figure.
    """
    K, B = len(words), len(images)
    columns = int(np.ceil(np.sqrt(K)))
    lines = -(-K // columns)
    figure = plt.figure(figsize=(11, 3.7))
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.75))
    for n, ax in enumerate(left.subplots(lines, columns, squeeze=False).flat):
        bare(ax)
        if n < K:
            _show(ax, words[n])
    left.suptitle(f"{K} visual words, the most used first", fontsize=12)
    axes = right.subplots(2, B, squeeze=False)
    for i in range(B):
        _show(bare(axes[0, i]), images[i])
        _show(bare(axes[1, i]), rewritten[i])
    axes[0, 0].set_ylabel("image", rotation=0, ha="right", va="center", labelpad=8)
    axes[1, 0].set_ylabel("in words", rotation=0, ha="right", va="center", labelpad=8)
    right.suptitle("each patch replaced by the nearest word", fontsize=12)
    return figure


def plot_costs(patch_sizes, tokens, scores, times, time_label):
    """Draw what a patch size costs: tokens and attention scores on the left, measured time on the right.

    Args:
        patch_sizes: sides in pixels.
        tokens, scores: counts, one for each size.
        times: measured, in any unit.
        time_label: what the times are, for the axis.

    Returns:
        Figure.
    """
    figure = plt.figure(figsize=(10, 3.6))
    left, right = figure.subplots(1, 2)
    left.loglog(patch_sizes, scores, color=ORANGE, marker="s", label="attention scores, per head and layer")
    left.loglog(patch_sizes, tokens, color=BLUE, marker="o", label="tokens")
    for P, N in zip(patch_sizes, tokens, strict=True):
        left.annotate(f"{N:,}", (P, N), textcoords="offset points", xytext=(0, -15), ha="center", color=BLUE)
    left.set_ylim(min(tokens) / 5, max(scores) * 3)
    left.set_title("counted")
    left.legend(loc="upper right")
    right.loglog(patch_sizes, times, color=BLUE, marker="o")
    for P, t in zip(patch_sizes, times, strict=True):
        right.annotate(f"{t:.3g}", (P, t), textcoords="offset points", xytext=(6, 6), color=BLUE)
    right.set_ylim(min(times) / 1.6, max(times) * 2.2)
    right.set(title="measured", ylabel=time_label)
    for ax in (left, right):
        ax.set_xlabel("patch size P (pixels)")
        ax.set_xticks(patch_sizes, [str(P) for P in patch_sizes])
        ax.set_xlim(patch_sizes[0] / 1.3, patch_sizes[-1] * 1.3)
        ax.minorticks_off()
        ax.grid(axis="y")
    return figure


def _show(ax, image):
    ax.imshow(to_image(image), cmap="gray" if len(image) == 1 else None, vmin=0, vmax=1)


def _lay_out(ax, tiles, columns, numbers=True):
    """Draw tiles with gaps between them, `columns` side by side; with their index above each."""
    bare(ax)
    step, lines = 1.12, -(-len(tiles) // columns)
    tall = 1.2 if numbers else step
    for n, tile in enumerate(tiles):
        x, y = step * (n % columns), tall * (n // columns)
        ax.imshow(to_image(tile), cmap="gray" if len(tile) == 1 else None, vmin=0, vmax=1, extent=(x, x + 1, y + 1, y))
        if numbers:
            ax.text(x + 0.5, y - 0.03, str(n), ha="center", va="bottom", fontsize=8, color=GREY)
    ax.set(xlim=(-0.02, step * columns - step + 1.02), ylim=(tall * lines - tall + 1.02, -0.17 if numbers else -0.02))


def _draw_grid(ax, rows, cols, P):
    for r in range(1, rows):
        ax.axhline(r * P - 0.5, color="white", linewidth=1.5)
    for c in range(1, cols):
        ax.axvline(c * P - 0.5, color="white", linewidth=1.5)
    for n in range(rows * cols):
        place = ((n % cols) * P + 0.1, (n // cols) * P + 0.3)
        ax.annotate(
            str(n),
            place,
            fontsize=9,
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1},
        )


def _frame(ax, left, top, P):
    ax.add_patch(
        Rectangle((left - 0.5, top - 0.5), P, P, fill=False, edgecolor=RED, linewidth=3, clip_on=False, zorder=3)
    )


def _arrow(figure, source, start, target, end):
    arrow = ConnectionPatch(
        start, end, "data", "data", axesA=source, axesB=target, arrowstyle="-|>", mutation_scale=16, color=GREY, lw=1.5
    )
    arrow.set_annotation_clip(False)  # it ends outside the Axes' data
    arrow.set_in_layout(False)
    figure.add_artist(arrow)
