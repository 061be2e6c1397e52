"""The picture of the attention explorer: one query, where it looks, and the same for every layer and head."""

import numpy as np

from ..style import BLUE, GREY, to_image
from .canvas import SHARPNESS, Canvas, fitted, inside

WIDTH, HEIGHT = 860, 408
IMAGE = (10, 66, 280, 280)
CHIP = (10, 34, 104, 24)  # the class token, which has no place in the image
MAP = (310, 66, 280, 280)
ATLAS = (640, 66, 210, 280)
GAP = 2  # between the atlas' small maps, in page pixels


def image_box(H, W):
    """(left, top, width, height) in page pixels of an image of H x W pixels, the one whose patches are chosen."""
    return fitted(IMAGE, H, W)


def atlas_box(layers, columns, grid):
    """(left, top, width, height) of the table of small maps, which fills its cells evenly."""
    side = _map_size(layers, columns, grid)
    return ATLAS[0], ATLAS[1], columns * (side[0] + GAP), layers * (side[1] + GAP)


def draw_attention(image, maps, chosen, query, titles):
    """Draw the explorer's picture.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        maps: (L, 1 + h, rows, cols), how much of the query's attention each patch gets: per layer, first the mean of
            the heads, then head by head.
        chosen: (layer, column), counted from 0: the map that is drawn large.
        query: (row, col) of the patch that asks, or the name of a token that is no patch.
        titles: two lines, over the image and over the large map.

    Returns:
        Canvas.
    """
    H, W = image.shape[-2:]
    maps = np.asarray(maps, dtype=float)
    rows, cols = maps.shape[2:]
    canvas = Canvas(WIDTH, HEIGHT)
    whole = image_box(H, W)
    picture = to_image(image)
    canvas.write(10, 10, titles[0], fontsize=12)
    canvas.image(whole, picture)
    canvas.grid(whole, rows, cols)
    _draw_chip(canvas, query)
    over = fitted(MAP, H, W)
    canvas.write(MAP[0], 38, titles[1], fontsize=12)
    grey = picture if picture.ndim == 2 else picture @ (0.299, 0.587, 0.114)
    canvas.image(over, 0.35 + 0.3 * grey)  # little contrast, so that the map's colours keep their meaning
    shares = maps[chosen]
    drawn = canvas.image(over, shares, cmap="viridis", vmax=shares.max() or 1, alpha=0.72)
    if not isinstance(query, str):
        canvas.frame(inside(whole, rows, cols, *query))
        canvas.frame(inside(over, rows, cols, *query))
    bar = (over[0], over[1] + over[3] + 12, over[2], 9)
    canvas.scale(bar, drawn, "0 %", f"{100 * shares.max():.1f} %", "of the query's attention")
    _draw_atlas(canvas, maps, chosen)
    return canvas


def _draw_chip(canvas, query):
    """The class token as a chip over the image; framed when it, or another token without a place, is the query."""
    chosen = isinstance(query, str)
    left, top, width, height = CHIP
    canvas.rectangle(CHIP, facecolor=BLUE if chosen else "#ececec", edgecolor="none")
    words = query if chosen else "class token"
    style = dict(color="white" if chosen else "black", ha="center", va="center", fontsize=10.5)
    canvas.write(left + width / 2, top + height / 2, words, **style)
    if chosen:
        canvas.frame(CHIP)
    else:
        canvas.write(left + width + 8, top + height / 2, "or a patch:", va="center", color=GREY, fontsize=10.5)


def _draw_atlas(canvas, maps, chosen):
    """The query's map in every layer (down) and head (across), each in its own scale."""
    layers, columns, rows, cols = maps.shape
    wide, high = _map_size(layers, columns, (rows, cols))
    left, top, _, _ = ATLAS
    canvas.write(left - 22, 18, "every layer and head", fontsize=12)
    tall, broad = round(high * SHARPNESS), round(wide * SHARPNESS)
    gap = round(GAP * SHARPNESS)
    sheet = np.full((layers * (tall + gap), columns * (broad + gap)), np.nan)
    down, across = np.arange(tall) * rows // tall, np.arange(broad) * cols // broad
    for layer in range(layers):
        for column in range(columns):
            small = maps[layer, column] / (maps[layer, column].max() or 1)
            y, x = layer * (tall + gap), column * (broad + gap)
            sheet[y : y + tall, x : x + broad] = small[down][:, across]
    canvas.image(
        (left, top, sheet.shape[1] / SHARPNESS, sheet.shape[0] / SHARPNESS), np.ma.masked_invalid(sheet), "viridis"
    )
    place = (left + chosen[1] * (wide + GAP), top + chosen[0] * (high + GAP), wide, high)
    canvas.frame(place)
    for layer in _few(layers, high + GAP):
        middle = top + layer * (high + GAP) + high / 2
        canvas.write(left - 6, middle, str(layer + 1), ha="right", va="center", fontsize=9, color=GREY)
    for column in _few(columns, wide + GAP):
        name = "mean" if column == 0 else str(column)
        middle = left + column * (wide + GAP) + wide / 2
        canvas.write(middle, top - 4, name, ha="center", va="bottom", fontsize=9, color=GREY)
    below = top + layers * (high + GAP) + 6
    canvas.write(left, below, "down: layers; across: heads;\neach in its own colours", fontsize=9, color=GREY)


def _map_size(layers, columns, grid):
    """(width, height) of a small map: of the grid's shape, even numbers of pixels, as large as the place allows."""
    rows, cols = grid
    unit = min((ATLAS[2] / columns - GAP) / cols, (ATLAS[3] / layers - GAP) / rows)
    return max(2, int(unit * cols) // 2 * 2), max(2, int(unit * rows) // 2 * 2)


def _few(count, step):
    """The places of `count` labels that are drawn: all, or every second, third … where there is no room."""
    return range(0, count, max(1, round(24 / step)))
