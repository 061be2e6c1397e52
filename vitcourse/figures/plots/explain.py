"""One figure for one image: what a model says, and every map there is of where it looks."""

import matplotlib.pyplot as plt
import numpy as np

from ..style import BLUE, DIVERGING, bare, to_array, to_image
from .maps import add_bar, overlay

ACROSS = 4, 7  # maps side by side, at least and at most; a model with twelve heads takes two lines
NAMED = 5  # classes with a bar


def plot_explanation(image, shares, rows, falls):
    """Draw an image, the probabilities of its likeliest classes, and lines of maps.

    Args:
        image: (C, H, W), uint8 or float in 0..1.
        shares: {class: probability}, the likeliest first.
        rows: {what the line shows: {title: (rows, cols)}}, the attention on each patch; all in one scale, in multiples
            of the even share.
        falls: {title: (rows, cols)}, signed: by how much the logit falls where the image is covered; one line.

    Returns:
        Figure.
    """
    across = min(ACROSS[1], max([ACROSS[0], *(len(maps) for maps in rows.values())]))
    lines = [(name, chunk) for name, maps in rows.items() for chunk in _chunks(maps, across)]
    picture = to_image(image)
    side = 1.55
    tall = side * min(2.0, max(0.5, picture.shape[0] / picture.shape[1]))
    heights = [1.25 * tall + 0.2] + [tall + 0.3] * (len(lines) + 1)
    size = (1.9 + side * across + 1.0, sum(heights) + 0.2)
    figure = plt.figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    _draw_answer(bands[0], picture, shares)

    values = [to_array(maps) * maps.numel() for _, chunk in lines for maps in chunk.values()]
    top = max(2.0, float(np.quantile(np.concatenate([v.ravel() for v in values]), 0.98))) if values else 1
    shown, started = None, set()
    for band, (name, chunk) in zip(bands[1:], lines, strict=False):
        axes = _line(band, "" if name in started else name, across)
        started.add(name)
        for ax, (title, maps) in zip(axes, chunk.items(), strict=False):
            shown = overlay(ax, picture, to_array(maps) * maps.numel(), 0, top)
            ax.set_title(title, fontsize=10)
        add_bar(band, shown, axes, "even share = 1", shrink=0.9, pad=0.01)
    axes = _line(bands[-1], "occlusion: by how\nmuch the logit falls", across)
    limit = max(1e-6, *(np.abs(to_array(maps)).max() for maps in falls.values()))
    for ax, (title, maps) in zip(axes, falls.items(), strict=False):
        shown = overlay(ax, picture, to_array(maps), -limit, limit, DIVERGING)
        ax.set_title(title, fontsize=10)
    add_bar(bands[-1], shown, axes, "fall of the logit", "neither", shrink=0.9, pad=0.01)
    return figure


def _chunks(maps, size):
    items = list(maps.items())
    return [dict(items[i : i + size]) for i in range(0, len(items), size)]


def _draw_answer(band, picture, shares):
    """The image, and a bar for each of the likeliest classes."""
    left, right = band.subplots(1, 2, width_ratios=(1, 2.2))
    bare(left).imshow(picture, cmap="gray", vmin=0, vmax=1)
    left.set_title("what the model sees", fontsize=10)
    names, values = list(shares)[:NAMED], [100 * share for share in list(shares.values())[:NAMED]]
    bars = right.barh(range(len(names)), values, color=BLUE, height=0.6)
    right.bar_label(bars, [f"{value:.1f} %" for value in values], padding=4)
    right.set_yticks(range(len(names)), names)
    right.invert_yaxis()
    right.set(xlim=(0, 115), xticks=(0, 25, 50, 75, 100), xlabel="probability in percent")
    right.set_title("what it says", fontsize=10)


def _line(band, name, across):
    """A line of empty axes, with its name on the left."""
    axes = band.subplots(1, across + 1, width_ratios=(1.05, *[1] * across))
    for ax in axes:
        ax.axis("off")
    axes[0].text(0.95, 0.5, name, ha="right", va="center", fontsize=10, transform=axes[0].transAxes)
    return axes[1:]
