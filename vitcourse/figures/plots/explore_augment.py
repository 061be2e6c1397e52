"""The picture of the augmentation gallery: a few images, and what several draws of luck make of them."""

from textwrap import fill

from ..style import GREY, to_image
from .canvas import SHARPNESS, Canvas, lay_out

WIDTH = 860
LEFT, TOP, GAP = 64, 40, 8


def draw_gallery(rows, titles):
    """Draw rows of images: the first as they are, the others as they were augmented.

    Args:
        rows: {name: images (N, C, H, W), uint8 or float in 0..1}.
        titles: N texts, over the columns.

    Returns:
        Canvas.
    """
    count = len(titles)
    side = int((WIDTH - LEFT) / count - GAP) // 2 * 2  # even: SHARPNESS makes whole pixels of it
    step = side + GAP
    canvas = Canvas(WIDTH, TOP + len(rows) * step + 14)
    finer = dict(side=round(side * SHARPNESS), gap=round(GAP * SHARPNESS))
    for number, (name, images) in enumerate(rows.items()):
        sheet = lay_out([to_image(image) for image in images], count, **finer)
        top = TOP + number * step + (14 if number else 0)  # a wider gap under the originals
        canvas.image((LEFT, top, sheet.shape[1] / SHARPNESS, side), sheet)
        canvas.write(LEFT - 10, top + side / 2, name, ha="right", va="center", color=GREY)
    for column, title in enumerate(titles):
        place, lines = LEFT + column * step + side / 2, fill(title, max(8, side // 7))
        canvas.write(place, TOP - 4, lines, ha="center", va="bottom", fontsize=9.5, linespacing=1)
    return canvas


def square(images):
    """Images (N, C, H, W) on black squares, so that all tiles of a row have one shape."""
    N, C, H, W = images.shape
    side = max(H, W)
    padded = images.new_zeros(N, C, side, side)
    top, left = (side - H) // 2, (side - W) // 2
    padded[:, :, top : top + H, left : left + W] = images
    return padded
