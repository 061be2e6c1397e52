"""Plots of lab 08: windows, the shift and its mask, the reach of a stack."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm
from matplotlib.patches import Rectangle

from ..style import ORANGE, RED, bare, to_array, to_image

# Nine pale colours for the regions, so that black numbers can be read on them. Neighbours differ in more than hue.
REGIONS = ("#cfe3f2", "#fbe3b3", "#c5e8dc", "#f0d6e4", "#e8e8e8", "#f6c7a9", "#a9d5f2", "#fff5a8", "#c9c3ea")


def plot_partitions(image, panels, query):
    """Draw one image with several ways to divide its patches, and light up those that a query patch may look at.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        panels: {title: (rows, cols)}, a number for each patch: patches with the same number see each other.
        query: (row, column) of the patch that asks.

    Returns:
        Figure.
    """
    H, W = image.shape[-2:]
    picture = to_image(image)
    picture = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    figure, axes = plt.subplots(1, len(panels), figsize=(3.5 * len(panels), 3.9), squeeze=False)
    for ax, (title, labels) in zip(axes[0], panels.items(), strict=True):
        labels = to_array(labels)
        rows, cols = labels.shape
        seen = labels == labels[query]
        veil = np.kron(seen, np.ones((H // rows, W // cols)))[..., None]
        bare(ax).imshow(picture * veil + (0.72 + 0.28 * picture) * (1 - veil), extent=(0, cols, rows, 0))
        for line in range(1, rows):
            ax.axhline(line, color="white", linewidth=0.6)
        for line in range(1, cols):
            ax.axvline(line, color="white", linewidth=0.6)
        _borders(ax, labels, color=RED, linewidth=2.2)
        ax.add_patch(Rectangle((query[1] + 0.12, query[0] + 0.12), 0.76, 0.76, facecolor=ORANGE, edgecolor="black"))
        ax.set_title(f"{title}\n{int(seen.sum())} of {seen.size} patches")
    return figure


def _borders(ax, labels, **style):
    """Draw a line wherever two neighbouring cells have different labels, and around the whole."""
    rows, cols = labels.shape
    for row, col in zip(*np.nonzero(labels[1:] != labels[:-1]), strict=True):
        ax.plot([col, col + 1], [row + 1, row + 1], solid_capstyle="projecting", **style)
    for row, col in zip(*np.nonzero(labels[:, 1:] != labels[:, :-1]), strict=True):
        ax.plot([col + 1, col + 1], [row, row + 1], solid_capstyle="projecting", **style)
    ax.add_patch(Rectangle((0, 0), cols, rows, fill=False, edgecolor=style["color"], linewidth=style["linewidth"]))
    ax.set(xlim=(-0.08, cols + 0.08), ylim=(rows + 0.08, -0.08))


def plot_shift(panels, window_size):
    """Draw maps of region numbers, each cell in its region's colour, with the windows that a partition cuts.

    Args:
        panels: {title: ((rows, cols) region numbers 0 to 8, the place of the first window's edge)}. The edges repeat
            every `window_size` cells from there; 0 means that windows begin at the map's own corner.
        window_size: M.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.1 * len(panels), 4.3), squeeze=False)
    for ax, (title, (regions, start)) in zip(axes[0], panels.items(), strict=True):
        regions = to_array(regions)
        _region_image(bare(ax), regions)
        for (row, col), region in np.ndenumerate(regions):
            ax.text(col + 0.5, row + 0.52, f"{int(region)}", ha="center", va="center", fontsize=10)
        place = np.indices(regions.shape)
        bands = (place + window_size - start) // window_size
        _borders(ax, 100 * bands[0] + bands[1], color=RED, linewidth=2.4)
        ax.set_title(title)
    return figure


def _region_image(ax, regions):
    rows, cols = regions.shape
    norm = BoundaryNorm(np.arange(len(REGIONS) + 1) - 0.5, len(REGIONS))
    ax.imshow(regions, cmap=ListedColormap(REGIONS), norm=norm, extent=(0, cols, rows, 0))


def plot_masks(mask, regions):
    """Draw the mask of each window: which query (row) may look at which key (column).

    Args:
        mask: (nW, M*M, M*M), 0 where a pair may meet and a negative number where not.
        regions: (nW, M*M), the region of each cell of each window, drawn as strips at the edges.

    Returns:
        Figure.
    """
    mask, regions = to_array(mask), to_array(regions)
    count, cells, _ = mask.shape
    figure, axes = plt.subplots(1, count, figsize=(3.1 * count, 3.3), squeeze=False)
    strip = cells / 14
    for window, (ax, values) in enumerate(zip(axes[0], mask, strict=True)):
        bare(ax).imshow(
            values < 0, cmap=ListedColormap(["white", "#555555"]), vmin=0, vmax=1, extent=(0, cells, cells, 0)
        )
        for cell, region in enumerate(regions[window]):
            colour = REGIONS[int(region)]
            ax.add_patch(Rectangle((cell, -1.4 * strip), 1, strip, facecolor=colour, edgecolor="none"))
            ax.add_patch(Rectangle((-1.4 * strip, cell), strip, 1, facecolor=colour, edgecolor="none"))
        ax.add_patch(Rectangle((0, 0), cells, cells, fill=False, edgecolor="black", linewidth=1))
        ax.set(xlim=(-1.6 * strip, cells + 0.2), ylim=(cells + 0.2, -1.6 * strip))
        meet = float((values >= 0).mean())
        named = ", ".join(str(int(region)) for region in np.unique(regions[window]))
        ax.set_title(f"window {window}: {'region' if meet == 1 else 'regions'} {named}\n{meet:.0%} of the pairs meet")
    axes[0, 0].set_ylabel("query")
    for ax in axes[0]:
        ax.set_xlabel("key")
    return figure


def plot_relative_index(index, query):
    """Draw how the pairs of a window share a table of biases, for a window small enough to read.

    Args:
        index: (M*M, M*M), the place in the table for each pair (query, key).
        query: the row that is marked.

    Returns:
        Figure: the offsets from the query to each cell of the window; the matrix of indices; the table's places.
    """
    index = to_array(index)
    cells = len(index)
    M = round(cells**0.5)
    side = 2 * M - 1
    row, col = divmod(query, M)
    used = index[query]
    figure, (window, matrix, table) = plt.subplots(1, 3, figsize=(11.5, 4.2), width_ratios=(1, 1.7, 1.25))
    norm = dict(vmin=-0.5 * side**2, vmax=1.7 * side**2, cmap="viridis")
    bare(window).imshow(used.reshape(M, M), **norm)
    for (i, j), place in np.ndenumerate(used.reshape(M, M)):
        window.text(
            j, i, f"({row - i:+d}, {col - j:+d})\n→ {place}".replace("+0", "0"), ha="center", va="center", color="white"
        )
    window.add_patch(Rectangle((col - 0.48, row - 0.48), 0.96, 0.96, fill=False, edgecolor=ORANGE, linewidth=3))
    window.set_title("one query (orange):\nquery − key, and its place")
    bare(matrix).imshow(index, **norm)
    for (i, j), place in np.ndenumerate(index):
        matrix.text(j, i, str(int(place)), ha="center", va="center", fontsize=8, color="white")
    matrix.add_patch(Rectangle((-0.48, query - 0.46), cells - 0.04, 0.92, fill=False, edgecolor=ORANGE, linewidth=2.5))
    matrix.set(title="the index of every pair", xlabel="key", ylabel="query")
    places = np.arange(side**2).reshape(side, side)
    bare(table).imshow(places, **norm)
    for (i, j), place in np.ndenumerate(places):
        table.text(j, i, str(place), ha="center", va="center", fontsize=9, color="white")
        if place in used:
            table.add_patch(Rectangle((j - 0.44, i - 0.44), 0.88, 0.88, fill=False, edgecolor=ORANGE, linewidth=2))
    table.set_title(f"the table: {side} × {side} learned numbers\nfor each head")
    return figure


def plot_reach(reach, titles, window_size, place):
    """Draw how strongly each location of the input moves one location of the output, for stacks of growing depth.

    White is exactly zero: no path leads from there. The colours are logarithmic, each panel up to its own largest.

    Args:
        reach: {name of a row: (steps, rows, cols)}, sizes of gradients.
        titles: one text for each step.
        window_size: M, in locations; the unshifted windows are drawn as thin lines.
        place: (row, column) of the output location.

    Returns:
        Figure.
    """
    shape = len(reach), len(titles)
    figure, axes = plt.subplots(*shape, figsize=(2.5 * shape[1] + 0.9, 2.65 * shape[0] + 0.2), squeeze=False)
    for line, (name, maps) in zip(axes, reach.items(), strict=True):
        for ax, title, values in zip(line, titles, to_array(maps), strict=True):
            rows, cols = values.shape
            shares = np.ma.masked_equal(values / values.max(), 0)
            drawn = bare(ax).imshow(shares, norm=LogNorm(1e-4, 1), cmap="viridis_r", extent=(0, cols, rows, 0))
            for edge in range(0, rows + 1, window_size):
                ax.axhline(edge, color="#999999", linewidth=0.7)
            for edge in range(0, cols + 1, window_size):
                ax.axvline(edge, color="#999999", linewidth=0.7)
            ax.plot(place[1] + 0.5, place[0] + 0.5, marker="x", color=RED, markersize=7, markeredgewidth=2)
            ax.set_title(f"{title}: {int((values > 0).sum())} of {values.size}", fontsize=10)
        line[0].set_ylabel(name)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.5, pad=0.02, aspect=22, label="gradient, as a share\nof the largest")
    bar.outline.set_visible(False)
    return figure


def plot_windows(panels, columns):
    """Draw images, and stacks of windows with a gap between them.

    Args:
        panels: {title: (C, H, W) one image, or (nW, M, M, C) windows row by row}, floats in 0..1.
        columns: how many windows stand side by side.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(3.1 * len(panels), 3.5), squeeze=False)
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        if values.ndim == 3:
            bare(ax).imshow(to_image(values), cmap="gray")
        else:
            bare(ax).imshow(_spread(to_array(values), columns))
        ax.set_title(title)
    return figure


def _spread(windows, columns):
    """Lay windows (nW, M, M, C) out on white, an eighth of a window apart."""
    count, M, _, C = windows.shape
    step = M + max(1, M // 8)
    rows = -(-count // columns)
    canvas = np.ones((rows * step - step + M, columns * step - step + M, C))
    for i, window in enumerate(windows):
        row, col = step * (i // columns), step * (i % columns)
        canvas[row : row + M, col : col + M] = window
    return canvas
