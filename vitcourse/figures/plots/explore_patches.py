"""The picture of the patch explorer: an image under its grid, one patch of it, the sequence, and what it costs."""

import math

import numpy as np

from ..style import BLUE, GREY, to_image
from .canvas import SHARPNESS, Canvas, fitted, inside, lay_out

WIDTH, HEIGHT = 860, 544
IMAGE = (10, 40, 330, 330)
TILE = (396, 40, 150, 150)
VECTOR = (396, 252, 230, 118)
COSTS = (690, 40, 160, 330)
STRIP = (10, 424, 840, 112)


def image_box(H, W):
    """(left, top, width, height) in page pixels of an image of H x W pixels in the explorer's picture."""
    return fitted(IMAGE, H, W)


def draw_patches(image, tiles, grid, token, costs, title):
    """Draw the explorer's picture.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        tiles: (N, C, P, P), the patches in the order of the sequence, scaled as the image.
        grid: (rows, cols).
        token: the number of the patch that is followed.
        costs: {patch size: attention scores}, for the bars.
        title: a line over the image.

    Returns:
        Canvas.
    """
    rows, cols = grid
    C, H, W = image.shape
    P = tiles.shape[-1]
    row, col = divmod(token, cols)
    canvas = Canvas(WIDTH, HEIGHT)
    whole = image_box(H, W)
    here = inside(whole, rows, cols, row, col)
    canvas.write(10, 12, title, fontsize=12)
    canvas.image(whole, to_image(image))
    canvas.grid(whole, rows, cols)
    canvas.frame(here)
    canvas.write(TILE[0], 12, f"token {token:,}: row {row}, column {col}", fontsize=12)
    canvas.image(TILE, to_image(tiles[token]))
    canvas.frame(TILE)
    canvas.arrow((here[0] + here[2], here[1] + here[3] / 2), (TILE[0] - 6, TILE[1] + TILE[3] / 2))
    _draw_vector(canvas, tiles[token])
    _draw_costs(canvas, costs, P)
    _draw_sequence(canvas, tiles, token)
    return canvas


def _draw_vector(canvas, tile):
    """One patch as the numbers that it is, a line of cells for each channel."""
    C, P, _ = tile.shape
    left, top, width, height = VECTOR
    canvas.write(left, top - 24, f"its vector: {C} · {P} · {P} = {C * P * P:,} numbers", fontsize=11)
    colours = ("Reds", "Greens", "Blues") if C == 3 else ("Greys",) * C
    step = min(40, height / C)
    for c in range(C):
        box = (left, top + c * step, width, step - 4)
        canvas.image(box, np.asarray(to_image(tile[c : c + 1]), dtype=float).reshape(1, -1), cmap=colours[c])
        canvas.rectangle(box, fill=False, edgecolor="#bbbbbb", linewidth=0.8)


def _draw_costs(canvas, costs, P):
    """Attention scores for each patch size on a logarithmic scale, the one in use in colour."""
    left, top, width, height = COSTS
    canvas.write(left - 30, 12, "scores by patch size", fontsize=12)
    step = min(64, height / len(costs))
    longest = math.log(max(costs.values()) + 1)
    for i, (size, scores) in enumerate(costs.items()):
        used = size == P
        words = f"{scores:,}" if scores < 1e7 else f"{scores / 1e6:,.0f} million"
        if step >= 30:
            place, bar = top + i * step + 17, step - 24
            canvas.write(left, place - 2, words, va="bottom", fontsize=9.5, color="black" if used else GREY)
        else:  # many sizes: the number stands in its bar's line
            place, bar = top + i * step, step - 3
        canvas.rectangle(
            (left, place, max(2, width * math.log(scores + 1) / longest), bar), facecolor=BLUE if used else "#d8d8d8"
        )
        canvas.write(
            left - 8, place + bar / 2, str(size), ha="right", va="center", fontsize=11 if step >= 16 else 8,
            weight="bold" if used else "normal",
        )  # fmt: skip


def _draw_sequence(canvas, tiles, token):
    """The sequence in lines, as large as the place allows; a very long one is cut off, with a word on it."""
    left, top, wide, high = STRIP
    N, length = len(tiles), tiles[0].numel()
    side, gap = _tile_size(N, wide, high)
    columns = min(N, (wide + gap) // (side + gap))
    shown = min(N, columns * ((high + gap) // (side + gap)))
    words = f"the sequence: {N:,} tokens of {length:,} numbers"
    if shown < N:
        words += f" (the first {shown:,} are drawn)"
    canvas.write(left, top - 28, words, fontsize=12)
    pictures = np.stack([to_image(tile) for tile in tiles[:shown]])
    sheet = lay_out(pictures, columns, round(side * SHARPNESS), round(gap * SHARPNESS))  # pixel for pixel
    canvas.image((left, top, sheet.shape[1] / SHARPNESS, sheet.shape[0] / SHARPNESS), sheet)
    if token < shown:
        step = side + gap
        canvas.frame((left + token % columns * step, top + token // columns * step, side, side))


def _tile_size(N, wide, high):
    """The largest side, and its gap, with which N tiles fit into the place: in one line if that is not too small."""
    sizes = [(side, max(2, side // 16 * 2)) for side in range(72, 5, -2)]  # even: SHARPNESS makes whole pixels of them
    for side, gap in sizes:
        across, lines = (wide + gap) // (side + gap), (high + gap) // (side + gap)
        if (across >= N and side >= 36) or (across < N <= across * lines and side < 48):
            return side, gap
    return sizes[-1]
