"""Pictures of a fixed size in pixels, drawn outside pyplot: what an explorer draws again and again."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image

from ..style import GREY, RC, RED, style_context

SHARPNESS = 1.5  # pixels of the PNG per pixel on the page: screens of phones and new laptops show the difference


class Canvas:
    """A picture of `width` x `height` page pixels, counted from its upper left corner; boxes are (left, top, width,
    height).

    It is one Axes without axis in page pixels. Making Axes is what takes the time in a small figure, and no layout
    engine moves things: so an update is fast, and buttons can lie exactly over the picture.
    """

    def __init__(self, width, height):
        self.width, self.height = width, height
        with style_context():
            inches = (width / RC["figure.dpi"], height / RC["figure.dpi"])
            self.figure = Figure(figsize=inches, dpi=RC["figure.dpi"] * SHARPNESS, layout="none")
            self.page = self.figure.add_axes((0, 0, 1, 1))
        self.page.set_axis_off()
        self.page.set(xlim=(0, width), ylim=(height, 0))

    def image(self, box, picture, cmap="gray", vmin=0, vmax=1, alpha=None, interpolation="nearest"):
        """Draw (H, W, 3) colours, or (H, W) numbers in a colour map, over a box."""
        left, top, width, height = box
        extent = (left, left + width, top + height, top)
        drawn = AxesImage(self.page, cmap=cmap, extent=extent, interpolation=interpolation, origin="upper", alpha=alpha)
        drawn.set_data(picture)
        drawn.set_clim(vmin, vmax)
        self.page.add_image(drawn)
        return drawn

    def grid(self, box, rows, cols, colour="white", alpha=0.8):
        """Draw the lines between the patches of an image that fills the box."""
        left, top, width, height = box
        across = [top + height * r / rows for r in range(1, rows)]
        down = [left + width * c / cols for c in range(1, cols)]
        lines = [((left, y), (left + width, y)) for y in across] + [((x, top), (x, top + height)) for x in down]
        thick = 1.2 if max(rows, cols) <= 16 else 0.6
        self.page.add_collection(LineCollection(lines, colors=colour, linewidths=thick, alpha=alpha), autolim=False)

    def rectangle(self, box, **style):
        """Draw a rectangle over a box."""
        left, top, width, height = box
        self.page.add_artist(Rectangle((left, top), width, height, **style))

    def frame(self, box):
        """Frame a box in red on a thin white line, so that it shows on every picture."""
        self.rectangle(box, fill=False, edgecolor="white", linewidth=4.5, zorder=4)
        self.rectangle(box, fill=False, edgecolor=RED, linewidth=2.5, zorder=5)

    def write(self, left, top, words, **style):
        """Write words whose upper left corner is at this place; `style` is matplotlib's for texts."""
        self.page.text(left, top, words, **{"ha": "left", "va": "top", "fontsize": 11, "color": "black", **style})

    def arrow(self, start, end):
        """Draw an arrow between two places."""
        arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=GREY, lw=1.3, zorder=6)
        self.page.add_artist(arrow)

    def scale(self, box, drawn, low, high, words):
        """Draw the colours of a drawn image as a bar with its two ends, and words for what they measure."""
        left, top, width, height = box
        steps = np.linspace(0, 1, 256)[None]
        self.image(box, steps, cmap=drawn.get_cmap())
        self.rectangle(box, fill=False, edgecolor="#bbbbbb", linewidth=0.8)
        self.write(left, top + height + 3, low, fontsize=9, color=GREY)
        self.write(left + width, top + height + 3, high, fontsize=9, color=GREY, ha="right")
        self.write(left + width / 2, top + height + 3, words, fontsize=9, color=GREY, ha="center")

    def axes(self, box):
        """Return real Axes over a box, for a plot with axes."""
        left, top, width, height = box
        sides = left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height
        with style_context():
            return self.figure.add_axes(sides)

    def png(self):
        """Return the picture as PNG bytes."""
        agg = FigureCanvasAgg(self.figure)
        agg.draw()
        buffer = io.BytesIO()
        picture = Image.frombuffer("RGBX", agg.get_width_height(), agg.buffer_rgba(), "raw", "RGBX", 0, 1).convert(
            "RGB"
        )
        # Packing harder takes longer than sending the bytes to a page.
        picture.save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()


def inside(box, rows, cols, row, col):
    """The box of one patch of an image that fills `box`."""
    left, top, width, height = box
    return left + width * col / cols, top + height * row / rows, width / cols, height / rows


def fitted(box, H, W):
    """The largest box of the shape of an image of H x W pixels that fits into a box, at its upper left."""
    left, top, width, height = box
    scale = min(width / W, height / H)
    return left, top, W * scale, H * scale


def lay_out(tiles, columns, side, gap):
    """Put tiles side by side on white paper, `columns` in a line, each resized to `side` pixels.

    Args:
        tiles: (N, P, P, 3) or (N, P, P), in 0..1.

    Returns:
        numpy (height, width, 3).
    """
    tiles = np.asarray(tiles, dtype=np.float32)
    if tiles.ndim == 3:
        tiles = np.repeat(tiles[..., None], 3, axis=3)
    N, P = tiles.shape[:2]
    nearest = np.arange(side) * P // side
    tiles = tiles[:, nearest][:, :, nearest]
    lines = -(-N // columns)
    step = side + gap
    sheet = np.ones((lines * step - gap, columns * step - gap, 3), dtype=np.float32)
    for n, tile in enumerate(tiles):
        top, left = n // columns * step, n % columns * step
        sheet[top : top + side, left : left + side] = tile
    return sheet
