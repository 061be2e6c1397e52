"""Plots of attention maps over images."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from ..style import DIVERGING, GREY, ORANGE, RED, SEQUENTIAL, bare, to_array, to_image


def overlay(ax, picture, values, low, high, cmap=SEQUENTIAL, interpolation="nearest"):
    """Draw a map (rows, cols) over a picture (H, W) or (H, W, 3) made grey and pale; returns the map's artist."""
    H, W = picture.shape[:2]
    grey = picture if picture.ndim == 2 else picture @ (0.299, 0.587, 0.114)
    extent = (0, W, H, 0)
    # With little contrast, so that the map's colours are not darkened or lightened by the picture under it.
    bare(ax).imshow(0.35 + 0.3 * grey, cmap="gray", vmin=0, vmax=1, extent=extent)
    style = dict(cmap=cmap, vmin=low, vmax=high, alpha=0.6, interpolation=interpolation)
    return ax.imshow(values, extent=extent, **style)


def add_bar(figure, shown, ax, label, extend="max", **options):
    """Add a colour bar for a map's artist, in full colour although the map lets the picture shine through."""
    bar = figure.colorbar(shown, ax=ax, extend=extend, **options)
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.solids.set_alpha(1)


def plot_reading(image, weights, grid):
    """Draw how a map is read from a layer's weights: the matrix, its first row, the row laid over the image.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        weights: (1+N, 1+N), the class token first.
        grid: (rows, cols), rows * cols = N.

    Returns:
        Figure.
    """
    weights, picture = to_array(weights), to_image(image)
    T, (rows, cols) = len(weights), grid
    H, W = picture.shape[:2]
    figure, (cut, matrix, over) = plt.subplots(1, 3, figsize=(11.5, 4.1), width_ratios=(1, 1.35, 1))
    bare(cut).imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(0, W, H, 0))
    for i in range(rows * cols):
        y, x = i // cols * H / rows, i % cols * W / cols
        cut.add_patch(Rectangle((x, y), W / cols, H / rows, fill=False, edgecolor="white", linewidth=1.5))
        chip = dict(boxstyle="round,pad=0.15", facecolor="white", edgecolor="none", alpha=0.75)
        cut.text(x + W / cols / 2, y + H / rows / 2, str(i + 1), ha="center", va="center", fontsize=9, bbox=chip)
    cut.set_title(f"{rows * cols} patches: tokens 1 to {rows * cols}")
    matrix.imshow(weights, vmin=0, vmax=np.quantile(weights, 0.99))
    matrix.add_patch(Rectangle((-0.5, -0.5), 1, 1, fill=False, edgecolor=RED, linewidth=2))
    matrix.add_patch(Rectangle((0.5, -0.5), T - 1, 1, fill=False, edgecolor=ORANGE, linewidth=3, clip_on=False))
    matrix.text(T / 2 - 0.5, -1.1, "row 0: where the class token looks", ha="center", va="bottom", color="#9c6b00")
    ticks = range(0, T, 4)
    matrix.set(xticks=ticks, yticks=ticks, xlabel="the token that is looked at", ylabel="the token that looks")
    matrix.set_title(f"one head's weights, {T} x {T}", pad=22)
    row = weights[0, 1:].reshape(rows, cols)
    shown = overlay(over, picture, row, 0, row.max())
    over.set_title("row 0 without column 0, as a grid")
    add_bar(figure, shown, over, "weight", extend="neither", shrink=0.75)
    return figure


def plot_attention_overlays(images, maps, titles, wrong=None, columns=8):
    """Draw each image, and below it the same image under its attention map.

    Maps are drawn in multiples of the even share (1 / number of patches), with one colour scale for all, so that
    two images can be compared: 1 is what a patch gets from attention that prefers nothing.

    Args:
        images: (N, C, H, W), uint8 or float in 0..1.
        maps: (N, rows, cols), the attention that falls on each patch; not negative.
        titles: N texts.
        wrong: N booleans; a true one sets its title in red.
        columns: images side by side.

    Returns:
        Figure.
    """
    caption = (
        "Top: the image, what the model says and what is true. "
        "Below: where the class token looks in the last block, mean of the heads."
    )
    maps = maps.detach().float().cpu() * maps[0].numel()
    top = max(2.0, float(maps.flatten().quantile(0.97)))  # one single hot patch must not leave all others dark
    return _plot_pairs(
        images, maps, titles, wrong, columns, (0, top, SEQUENTIAL), "attention (even share = 1)", caption
    )


def plot_occlusion_overlays(images, maps, titles, wrong=None, columns=8):
    """Draw each image, and below it by how much the logit falls where a square of the image is covered.

    Args: as for `plot_attention_overlays`; the maps may be negative.

    Returns:
        Figure.
    """
    caption = (
        "Top: the image, what the model says and what is true. "
        "Below: by how much the logit of what it says falls when a square there is covered."
    )
    maps = maps.detach().float().cpu()
    top = max(1e-6, float(maps.abs().flatten().quantile(0.99)))
    return _plot_pairs(images, maps, titles, wrong, columns, (-top, top, DIVERGING), "fall of the logit", caption)


def _plot_pairs(images, maps, titles, wrong, columns, scale, label, caption):
    """Images, and below each the same under its map; `scale` is the lowest and highest value and the colour map."""
    low, high, cmap = scale
    N, (H, W) = len(maps), images.shape[-2:]
    columns = min(columns, N)
    bands = -(-N // columns)
    wide = 1.6
    tall = min(2.0, max(0.5, H / W)) * wide
    figure = plt.figure(figsize=(wide * columns + 1.2, (2 * tall + 0.65) * bands + 0.35), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.03, w_pad=0.03)
    axes = figure.subplots(2 * bands, columns, squeeze=False)
    shown = None
    for i in range(bands * columns):
        plain, seen = axes[2 * (i // columns), i % columns], axes[2 * (i // columns) + 1, i % columns]
        bare(plain), bare(seen)
        if i >= N:
            continue
        picture = to_image(images[i])
        plain.imshow(picture, cmap="gray", vmin=0, vmax=1)
        plain.set_title(titles[i], fontsize=10, color=RED if wrong is not None and wrong[i] else "black")
        shown = overlay(seen, picture, maps[i].numpy(), low, high, cmap, "bicubic")
    add_bar(figure, shown, axes, label, "both" if low < 0 else "max", shrink=0.9, pad=0.02, aspect=30)
    figure.supxlabel(fill(caption, width=round(12 * figure.get_figwidth())), fontsize=10, color=GREY)
    return figure


def plot_map_table(images, columns, names, falls=None):
    """Draw a table of maps: a line for each image, a column for each kind of map.

    The columns share one scale, in multiples of the even share (1 / number of patches).

    Args:
        images: (B, C, H, W), uint8 or float in 0..1.
        columns: {title: (B, rows, cols)}, not negative.
        names: B texts, what stands to the left of each line.
        falls: {title: (B, rows, cols)}, columns on the right with signed values, each image in its own scale from
            minus to plus its largest; or None.

    Returns:
        Figure.
    """
    falls = {title: to_array(maps) for title, maps in (falls or {}).items()}
    columns = {title: to_array(maps) * maps[0].numel() for title, maps in columns.items()}
    B, wide = len(images), 1 + len(columns) + len(falls)
    top = max(2.0, float(np.quantile(np.concatenate([maps.ravel() for maps in columns.values()]), 0.98)))
    figure = plt.figure(figsize=(1.45 * wide + (3.2 if falls else 2.2), 1.45 * B + 0.4), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.02)
    axes = figure.subplots(B, wide, squeeze=False)
    shown = fell = None
    for b, line in enumerate(axes):
        picture = to_image(images[b])
        bare(line[0]).imshow(picture, cmap="gray", vmin=0, vmax=1)
        line[0].set_ylabel(names[b], rotation=0, ha="right", va="center", fontsize=10)
        for ax, (title, maps) in zip(line[1:], columns.items(), strict=False):
            shown = overlay(ax, picture, maps[b], 0, top)
            ax.set_title(title if b == 0 else "", fontsize=10)
        for ax, (title, maps) in zip(line[1 + len(columns) :], falls.items(), strict=True):
            limit = max(1e-6, np.abs(maps[b]).max())
            fell = overlay(ax, picture, maps[b] / limit, -1, 1, DIVERGING)
            ax.set_title(title if b == 0 else "", fontsize=10)
    if fell is not None:
        add_bar(figure, fell, axes, "fall (largest = 1)", extend="neither", shrink=0.8, pad=0.01, aspect=30)
    add_bar(figure, shown, axes, "attention (even share = 1)", shrink=0.8, pad=0.01, aspect=30)
    return figure
