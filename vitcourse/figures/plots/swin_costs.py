"""Plots of lab 08's measurements: what attention costs as the image grows, and what a run learns for its cost."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from ..style import CYCLE, GREY

MARKERS = ("o", "s", "^", "D", "v")


def plot_costs(sides, panels):
    """Draw costs against the side of the image, all axes logarithmic, one panel for each kind of cost.

    Args:
        sides: pixels, for the ticks.
        panels: {title: (label of the y axis, {name: (text for the legend, sides, costs)})}. A name has one colour
            in all panels; one that ends in "*" has a dashed line.

    Returns:
        Figure.
    """
    names = list(dict.fromkeys(name for _, lines in panels.values() for name in lines))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.6), squeeze=False)
    for ax, (title, (label, lines)) in zip(axes[0], panels.items(), strict=True):
        for name, (text, x, y) in lines.items():
            i = names.index(name)
            line = "--" if name.endswith("*") else "-"
            ax.plot(x, y, marker=MARKERS[i], color=CYCLE[i], linestyle=line, label=text)
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.xaxis.set_major_locator(FixedLocator(list(sides)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_xticklabels([str(side) for side in sides])
        ax.set(xlabel="side of the image, pixels", ylabel=label, title=title)
        ax.grid(True, axis="y")
        ax.legend(loc="upper left", fontsize=9)
        ax.set_ylim(top=12 * ax.get_ylim()[1])  # room for the legend above the lines
    return figure


def plot_learning(curves, xlabel):
    """Draw the test accuracy of several runs against what they have spent.

    Args:
        curves: {name: (cost after each epoch, accuracy after each epoch in 0..1)}.
        xlabel: what the cost is.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(6.4, 3.8))
    for marker, (name, (cost, accuracy)) in zip(MARKERS, curves.items(), strict=False):
        ax.plot(cost, 100 * np.asarray(accuracy), marker=marker, markersize=5, label=name)
    ax.axhline(10, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlabel=xlabel, ylabel="right on the test images, %", ylim=(0, 100), xlim=(0, None))
    ax.grid(True, axis="y")
    ax.legend(loc="lower right")
    return ax
