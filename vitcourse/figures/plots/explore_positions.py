"""The picture of the position explorer: how alike one position is to all others, as maps and over the distance."""

import numpy as np

from ..style import CYCLE, GREY
from .canvas import Canvas, fitted, inside

WIDTH, HEIGHT = 860, 362
TOP, LARGEST = 40, 264  # of the maps
PLOT = 240  # width of the plot at the right
MARKS = "os^v"


def map_boxes(count, grid):
    """The box of each table's map in page pixels, (left, top, width, height)."""
    step = (WIDTH - PLOT - 60) / count
    return [fitted((10 + i * step, TOP, min(LARGEST, step - 16), LARGEST), *grid) for i in range(count)]


def draw_positions(similarities, chosen):
    """Draw the explorer's picture.

    Args:
        similarities: {name: (rows, cols)}, the chosen position's cosine similarity to every position, for each table.
        chosen: (row, col).

    Returns:
        Canvas.
    """
    tables = {name: np.asarray(values, dtype=float) for name, values in similarities.items()}
    grid = next(iter(tables.values())).shape
    canvas = Canvas(WIDTH, HEIGHT)
    for (name, table), box in zip(tables.items(), map_boxes(len(tables), grid), strict=True):
        low = min(table.min(), 0.999)
        canvas.write(box[0], 12, name, fontsize=12)
        drawn = canvas.image(box, table, cmap="viridis", vmin=low, vmax=1)
        canvas.grid(box, *grid, alpha=0.25)
        canvas.frame(inside(box, *grid, *chosen))
        bar = (box[0], box[1] + box[3] + 12, box[2], 9)
        canvas.scale(bar, drawn, f"{low:.2f}", "1", "cosine similarity")
    _draw_distances(canvas, tables, chosen, box[0] + box[2] + 66)
    return canvas


def distances(grid, chosen):
    """The distance of every patch to the chosen one, in patches: (rows, cols)."""
    rows, cols = np.indices(grid)
    return np.hypot(rows - chosen[0], cols - chosen[1])


def _draw_distances(canvas, tables, chosen, left):
    ax = canvas.axes((left, TOP, PLOT, LARGEST))
    for (name, table), colour, mark in zip(tables.items(), CYCLE, MARKS, strict=False):
        far = distances(table.shape, chosen)
        others = far > 0
        ax.plot(far[others], table[others], mark, color=colour, markersize=4, alpha=0.6, markeredgewidth=0, label=name)
    ax.axhline(0, color="#cccccc", linewidth=1, zorder=0)
    low = min(min(table.min() for table in tables.values()), 0)
    ax.set(xlim=(0, None), ylim=(low - 0.05, 1.05))
    ax.tick_params(labelsize=9, colors=GREY)
    ax.spines[:].set_color("#999999")
    canvas.write(left, 12, "alike, over the distance", fontsize=12)
    canvas.write(left + PLOT / 2, TOP + LARGEST + 26, "distance in patches", ha="center", color=GREY)
    if len(tables) > 1:
        ax.legend(loc="upper right", fontsize=9.5, handletextpad=0.1, markerscale=1.6, frameon=False)
