"""Plots of lab 03: a look-up by likeness, weights over an image, what the scale does, what attention costs."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullLocator

from ..style import BLUE, CYCLE, GREY, ORANGE, RED, bare, to_array, to_image

MARKERS = ("o", "s", "^", "D")


def plot_lookup(query, keys, weights, values, out, names):
    """Draw one query among keys in the plane, the weight of each key, and the values with their weighted mean.

    Args:
        query: (2,).
        keys: (M, 2).
        weights: (M,), the query's shares, which sum to 1.
        values: (M, 3), colours in 0..1.
        out: (3,), the weighted mean of the values.
        names: M short texts, one for each key.

    Returns:
        Figure.
    """
    query, keys, weights, values, out = map(to_array, (query, keys, weights, values, out))
    M = len(keys)
    figure, (plane, bars, colours) = plt.subplots(1, 3, figsize=(11, 3.9), width_ratios=(1.25, 1.1, 1.1))
    reach = 1.25 * max(np.abs(keys).max(), np.abs(query).max())
    plane.axhline(0, color="#dddddd", linewidth=1), plane.axvline(0, color="#dddddd", linewidth=1)
    arrow = dict(angles="xy", scale_units="xy", scale=1, width=0.012)
    plane.quiver(np.zeros(M), np.zeros(M), keys[:, 0], keys[:, 1], color=BLUE, **arrow)
    plane.quiver(0, 0, *query, color=ORANGE, zorder=3, **arrow)
    for name, key in zip(names, keys, strict=True):
        plane.annotate(name, key, xytext=6 * np.sign(key), textcoords="offset points", color=BLUE, ha="center")
    plane.annotate("query", query, xytext=(8, -14), textcoords="offset points", color="#9c6b00", ha="center")
    plane.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    bare(plane)
    plane.set_title("1. compare: the query with each key")
    rows = np.arange(M)
    bars.barh(rows, weights, color=BLUE, height=0.6)
    for row, weight in zip(rows, weights, strict=True):
        bars.text(weight + 0.02, row, f"{weight:.2f}", va="center")
    bars.set(yticks=rows, yticklabels=names, xlim=(0, 1), ylim=(M - 0.4, -0.6), xlabel="weight (all sum to 1)")
    bars.set_title("2. share out: softmax")
    for row in rows:
        colours.add_patch(Rectangle((0, row - 0.3), 1, 0.6, color=values[row]))
        colours.annotate("", (2.4, (M - 1) / 2), (1.05, row), arrowprops=_thick(weights[row]))
    colours.add_patch(Rectangle((2.45, (M - 1) / 2 - 0.5), 1, 1, color=out))
    colours.text(2.95, (M - 1) / 2 + 0.6, "output", ha="center", va="top")
    bare(colours).tick_params(length=0)
    colours.set(xlim=(-0.1, 3.6), ylim=(M - 0.4, -0.6), yticks=rows, yticklabels=names)
    colours.set_title("3. mix: the values by their weights")
    return figure


def _thick(weight):
    return dict(arrowstyle="-", color=GREY, linewidth=0.4 + 7 * float(weight))


def plot_weights_on_image(image, queries, weights, grid, titles):
    """Draw an image with marked query patches and, for each query, its weights over all patches.

    Each map's colours run from 0 to its own largest weight, which stands above it.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        queries: indices of patches, in reading order; at most seven.
        weights: (kinds, queries, N): one row of maps for each kind of weights.
        grid: (rows, cols), the patches down and across.
        titles: one text for each kind of weights.

    Returns:
        Figure.
    """
    weights, (rows, cols) = to_array(weights), grid
    H, W = image.shape[-2:]
    height, width = H / rows, W / cols
    places = [(index % cols * width, index // cols * height) for index in queries]
    shape = len(weights), len(queries) + 1
    figure, axes = plt.subplots(*shape, figsize=(2.15 * shape[1] + 0.9, 2.3 * shape[0]), squeeze=False)
    for line, maps, title in zip(axes, weights, titles, strict=True):
        bare(line[0]).imshow(to_image(image), extent=(0, W, H, 0), cmap="gray", vmin=0, vmax=1)
        line[0].set_ylabel(title)
        for letter, place, colour, ax, values in zip("ABCDEFG", places, CYCLE[1:], line[1:], maps, strict=False):
            drawn = bare(ax).imshow(values.reshape(rows, cols), vmin=0, vmax=values.max(), extent=(0, W, H, 0))
            ax.set_title(f"query {letter}: up to {values.max():.2g}", fontsize=10)
            _mark(ax, place, width, height, colour)
            _mark(line[0], place, width, height, colour)
            centre = place[0] + width / 2, place[1] + height / 2
            box = dict(boxstyle="square,pad=0.08", facecolor="black", edgecolor="none")
            line[0].text(*centre, letter, ha="center", va="center", fontsize=9, color="white", weight="bold", bbox=box)
    axes[0, 0].set_title("the image", fontsize=10)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.4, pad=0.02, aspect=20, ticks=[0, drawn.norm.vmax])
    bar.ax.set_yticklabels(["0", "the largest"])
    bar.outline.set_visible(False)
    return figure


def _mark(ax, place, width, height, colour):
    ax.add_patch(Rectangle(place, width, height, fill=False, edgecolor="white", linewidth=3.5))
    ax.add_patch(Rectangle(place, width, height, fill=False, edgecolor=colour, linewidth=2))


def plot_against_width(widths, panels):
    """Draw measurements against the width d of a query, one panel for each quantity, on logarithmic axes for d.

    Args:
        widths: the values of d.
        panels: {title: (label of the y axis, {name of a line: values}, "linear" or "log")}.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.9 * len(panels), 3.6), squeeze=False)
    for ax, (title, (label, lines, scale)) in zip(axes[0], panels.items(), strict=True):
        for marker, (name, values) in zip(MARKERS, lines.items(), strict=False):
            ax.plot(widths, to_array(values), marker=marker, label=name)
        ax.set_xscale("log", base=2)
        ax.set_yscale(scale)
        if scale == "linear":
            ax.set_ylim(0, None)
        ax.xaxis.set_major_locator(FixedLocator(list(widths)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticklabels([str(width) for width in widths])
        ax.set(xlabel="d, the width of queries and keys", ylabel=label, title=title)
        ax.grid(True, axis="y")
    axes[0, 0].legend()
    return figure


def plot_cost(lengths, lines, title, ylabel, mark=None):
    """Draw a cost against the number of tokens N, both axes logarithmic, so that a power of N is a straight line.

    Args:
        lengths: the values of N.
        lines: {name: costs}, each as long as `lengths`.
        title, ylabel: texts.
        mark: (N, text), a vertical line, or None.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(6.4, 4))
    for marker, (name, values) in zip(MARKERS, lines.items(), strict=False):
        ax.plot(lengths, to_array(values), marker=marker, label=name)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(FixedLocator(list(lengths)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels([str(length) for length in lengths])
    if mark is not None:
        ax.axvline(mark[0], color=RED, linewidth=1, linestyle="--")
        ax.annotate(mark[1], (mark[0], 0.03), xycoords=("data", "axes fraction"), xytext=(5, 0),
                    textcoords="offset points", color=RED)  # fmt: skip
    ax.set(xlabel="N, the number of tokens", ylabel=ylabel, title=title)
    ax.grid(True, axis="y")
    ax.legend()
    return ax
