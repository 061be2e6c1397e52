"""Plots of lab 04: the block, its activation, gradients through depth, where parameters sit, the residual stream."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from ..style import BLUE, CYCLE, GREEN, GREY, ORANGE, SKY, bare, to_array, to_image

MARKERS = ("o", "s", "^")
LINES = ("-", "--", ":")


def plot_blocks():
    """Draw a pre-norm block and a post-norm block side by side, the tokens flowing from left to right.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(2, 1, figsize=(10, 5.2))
    _draw_block(axes[0], "Pre-norm (ViT): the norms stand in the branches, the stream is only ever added to", pre=True)
    _draw_block(axes[1], "Post-norm (the Transformer of 2017): the norms stand in the stream itself", pre=False)
    return figure


def _draw_block(ax, title, pre):
    stream, branch = 0.0, 1.15
    ax.annotate("", (10.4, stream), (-0.4, stream), arrowprops=dict(arrowstyle="-|>", color=BLUE, lw=5), zorder=1)
    ax.text(-0.5, stream, "tokens", ha="right", va="center", color=BLUE)
    for start, norm, part, colour in ((0.2, "norm1", "attn", ORANGE), (5.2, "norm2", "mlp", GREEN)):
        end = start + (4.2 if pre else 3.0)
        ax.plot([start, start, end, end], [stream, branch, branch, stream + 0.25], color=GREY, lw=2, zorder=1)
        if pre:
            _box(ax, start + 1.1, branch, norm, SKY)
            _box(ax, start + 2.9, branch, part, colour)
        else:
            _box(ax, start + 1.5, branch, part, colour)
            _box(ax, start + 4.1, stream, norm, SKY)
        ax.add_patch(Circle((end, stream), 0.22, facecolor="white", edgecolor="black", zorder=5))
        ax.text(end, stream - 0.02, "+", ha="center", va="center", fontsize=13, zorder=6)
    ax.set_title(title, loc="left")
    bare(ax).set(xlim=(-1.6, 10.6), ylim=(-0.55, 1.7), aspect="equal")


def _box(ax, x, y, text, colour):
    shape = dict(boxstyle="round,pad=0.02,rounding_size=0.1", facecolor=colour, edgecolor="black", zorder=5)
    ax.add_patch(FancyBboxPatch((x - 0.6, y - 0.32), 1.2, 0.64, **shape))
    ax.text(x, y, text, ha="center", va="center", zorder=6)


def plot_activations(x, curves):
    """Draw activation functions over the same inputs.

    Args:
        x: (n,).
        curves: name -> (n,).

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(5.2, 3.2))
    ax.axhline(0, color="#dddddd", lw=1, zorder=0), ax.axvline(0, color="#dddddd", lw=1, zorder=0)
    for (name, y), line in zip(curves.items(), LINES, strict=False):
        ax.plot(to_array(x), to_array(y), line, label=name)
    ax.set(xlabel="what fc1 gives", ylabel="what goes on to fc2", title="GELU is a ReLU without the corner")
    ax.legend()
    return ax


def plot_depth(depths, last_gradients, by_block, likeness):
    """Draw how stacks of blocks behave as they grow deeper.

    Args:
        depths: numbers of blocks.
        last_gradients: name -> a gradient norm for each depth, of the last block's weights.
        by_block: name -> a gradient norm for each block of the deepest stack, first to last.
        likeness: name -> the tokens' mean cosine at the end, for each depth.

    Returns:
        Figure.
    """
    figure, (last, blocks, tokens) = plt.subplots(1, 3, figsize=(12.5, 3.9))
    looks = {name: dict(color=CYCLE[i], marker=MARKERS[i], ls=LINES[i]) for i, name in enumerate(likeness)}
    for name, values in last_gradients.items():
        last.plot(depths, to_array(values), label=name, **looks[name])
    first = to_array(last_gradients[next(iter(last_gradients))])[0]
    guide = first * np.sqrt(depths[0] / np.asarray(depths, dtype=float))
    last.plot(depths, guide, color=GREY, lw=1, ls=(0, (1, 1)), label="as 1/√depth")
    last.set(xscale="log", xlabel="blocks in the stack", ylabel="gradient norm of fc1.weight", ylim=(0, None))
    last.set_xticks(depths, [str(depth) for depth in depths])
    last.minorticks_off()
    last.set_title("Last block: pre-norm shrinks\nits gradient as the stack grows")
    for name, values in by_block.items():
        blocks.plot(np.arange(1, len(values) + 1), to_array(values), label=name, **{**looks[name], "marker": None})
    blocks.set(xlabel=f"block, of {max(depths)}", ylabel="gradient norm of fc1.weight", ylim=(0, None))
    blocks.set_title("Every block of the deepest stack:\nthe gradient arrives in both")
    for name, values in likeness.items():
        tokens.plot(depths, to_array(values), label=name, **looks[name])
    tokens.set(xscale="log", xlabel="blocks in the stack", ylabel="mean cosine of two tokens", ylim=(0, 1.05))
    tokens.set_xticks(depths, [str(depth) for depth in depths])
    tokens.minorticks_off()
    tokens.set_title("How alike the tokens leave it:\n1 means all point the same way")
    for ax in (last, blocks, tokens):
        ax.legend(loc="lower right" if ax is tokens else "best")
    return figure


def plot_parameter_shares(counts):
    """Draw where the parameters of several models sit, as shares of each model.

    Args:
        counts: model -> {part: number of parameters}, the same parts in all.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(9.5, 0.55 * len(counts) + 1.6))
    names, parts = list(counts), list(next(iter(counts.values())))
    totals = np.array([sum(counts[name].values()) for name in names])
    left = np.zeros(len(names))
    for part, colour in zip(parts, CYCLE, strict=False):
        share = 100 * np.array([counts[name][part] for name in names]) / totals
        ax.barh(names, share, left=left, color=colour, label=part, height=0.65)
        for row, (start, width) in enumerate(zip(left, share, strict=True)):
            if width >= 6:
                ink = "white" if colour == BLUE else "black"
                ax.text(start + width / 2, row, f"{width:.0f} %", ha="center", va="center", color=ink)
        left += share
    for row, total in enumerate(totals):
        ax.text(101, row, f"{total / 1e6:.1f} M", va="center")
    ax.invert_yaxis()
    ax.set(xlim=(0, 100), xlabel="share of the parameters, %")
    ax.set_title("Two thirds of a block sit in its MLP, one third in its attention", loc="left", pad=28)
    ax.legend(ncols=len(parts), loc="lower left", bbox_to_anchor=(0, 0.99), borderaxespad=0.2, columnspacing=1.2)
    return ax


def plot_stream(images, norms, titles, cls_norms=None):
    """Draw images and, beside each, the length of its patches' vectors after the embedding and after every block.

    Args:
        images: (n, C, H, W), uint8 or float in 0..1.
        norms: (n, L, rows, cols), the vectors' lengths at L places; one colour scale per place.
        titles: L texts, one for each place.
        cls_norms: (n, L), the class token's length, written below; or None.

    Returns:
        Figure.
    """
    norms = to_array(norms)
    n, L = norms.shape[:2]
    figure, axes = plt.subplots(n, L + 1, figsize=(1.55 * (L + 1) + 0.3, 1.75 * n + 0.5), squeeze=False)
    for i in range(n):
        bare(axes[i, 0]).imshow(to_image(images[i]), cmap="gray", vmin=0, vmax=1)
        for layer in range(L):
            low, high = norms[:, layer].min(), norms[:, layer].max()
            ax = bare(axes[i, layer + 1])
            ax.imshow(norms[i, layer], vmin=low, vmax=high)
            if cls_norms is not None:
                ax.set_xlabel(f"class token: {to_array(cls_norms)[i, layer]:.1f}", fontsize=9)
            if i == 0:
                ax.set_title(f"{titles[layer]}\n{low:.1f} to {high:.1f}", fontsize=10)
    axes[0, 0].set_title("image\n", fontsize=10)
    return figure
