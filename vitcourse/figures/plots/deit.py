"""Plots of lab 07: the model with its two tokens, soft labels, students compared, the tokens layer by layer."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..style import BLUE, CYCLE, GREY, ORANGE, SKY, bare, to_array, to_image

MARKERS = ("o", "s", "^", "D", "v", "P")
PALE = "#dddddd"


def plot_distilled_vit():
    """Draw one training step of DeiT: the tokens through the blocks, two heads, the teacher, the two losses.

    Returns:
        Figure.
    """
    figure = plt.figure(figsize=(11, 5))
    ax = bare(figure.subplots())
    ax.set(xlim=(-0.1, 11.9), ylim=(-1.6, 3.9), aspect="equal")
    tokens = [("class token", 3.5, ORANGE), ("distillation token", 2.5, SKY)]
    tokens += [("patch", y, PALE) for y in (1.5, 0.95, 0.4)]
    for word, y, colour in tokens:
        _box(ax, 1.2, y, word, colour, width=2.3, height=0.45)
        _arrow(ax, (2.37, y), (2.95, y))
        _arrow(ax, (6.05, y), (6.55, y))
        _box(ax, 6.95, y, "", colour, width=0.7, height=0.45)
    _box(
        ax,
        4.5,
        1.95,
        "the blocks and the last norm\nof lab 04, as they are:\nall N + 2 tokens attend\nto each other",
        "white",
        3.0,
        3.75,
    )
    for y, head, target in ((3.5, "head", "the true label"), (2.5, "head_dist", "the teacher's class")):
        _arrow(ax, (7.32, y), (7.75, y))
        _box(ax, 8.45, y, head, "white", width=1.3, height=0.5)
        _arrow(ax, (9.12, y), (9.6, y))
        ax.text(9.65, y, f"loss against\n{target}", va="center", fontsize=10)
    _box(ax, 1.2, -1.05, "the same images,\naugmented alike", "white", width=2.3, height=0.85)
    _arrow(ax, (2.37, -1.05), (2.95, -1.05))
    _box(ax, 4.9, -1.05, "the teacher: a trained CNN,\nevaluation mode, no gradient", PALE, width=3.8, height=0.85)
    corner = dict(arrowstyle="-|>", color=GREY, lw=1.5, connectionstyle="angle,angleA=0,angleB=90,rad=8")
    ax.annotate("", (10.5, 2.1), (6.82, -1.05), arrowprops=corner)
    ax.text(8.6, -0.95, "argmax of its logits", color=GREY, fontsize=10, ha="center")
    return figure


def _arrow(ax, start, end):
    ax.annotate("", end, start, arrowprops=dict(arrowstyle="-|>", color=GREY, lw=1.5, shrinkA=0, shrinkB=0))


def _box(ax, x, y, text, colour, width, height):
    shape = dict(boxstyle="round,pad=0.02,rounding_size=0.1", facecolor=colour, edgecolor="black", zorder=5)
    ax.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, **shape))
    ax.text(x, y, text, ha="center", va="center", zorder=6, fontsize=10)


def plot_soft_labels(images, probabilities, classes, truths):
    """Draw what a teacher says about images, at several temperatures.

    Args:
        images: (n, C, H, W).
        probabilities: {temperature: (n, K)}.
        classes: K names.
        truths: (n,) the true classes.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(2, len(images), figsize=(3.2 * len(images), 5), height_ratios=(1, 1.5), squeeze=False)
    K = len(classes)
    width = 0.8 / len(probabilities)
    for column, (image, truth) in enumerate(zip(images, truths, strict=True)):
        bare(axes[0, column]).imshow(to_image(image), cmap="gray")
        axes[0, column].set_title(classes[int(truth)])
        ax = axes[1, column]
        for i, (temperature, rows) in enumerate(probabilities.items()):
            places = np.arange(K) + (i - (len(probabilities) - 1) / 2) * width
            ax.bar(places, to_array(rows)[column], width, color=CYCLE[i], label=f"T = {temperature:g}")
        ax.set(ylim=(0, 1))
        ax.set_xticks(range(K), classes, rotation=90)
        ax.yaxis.set_major_formatter(PercentFormatter(1, 0))
        ax.tick_params(axis="y", labelleft=column == 0)
    axes[1, 0].legend()
    axes[1, 0].set_ylabel("the teacher's probability")
    return figure


def plot_students(results, title):
    """Draw the accuracies of several kinds of student: a dot for each seed, a line at their mean.

    Args:
        results: {name: accuracies in 0..1, one for each seed}.
        title: of the figure.

    Returns:
        Axes.
    """
    ax = plt.figure(figsize=(8, 0.6 + 0.5 * len(results))).subplots()
    for row, accuracies in enumerate(results.values()):
        values = to_array(accuracies)
        ax.plot(
            values, np.full(len(values), row), MARKERS[row % len(MARKERS)], color=CYCLE[row % len(CYCLE)], alpha=0.7
        )
        ax.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color="black", lw=2)
    ax.set_yticks(range(len(results)), list(results))
    ax.set(ylim=(len(results) - 0.5, -0.5), xlabel="test accuracy; the line is the mean", title=title)
    ax.xaxis.set_major_formatter(PercentFormatter(1, 0))
    ax.grid(axis="x")
    return ax


def plot_data_hunger(counts, curves):
    """Draw test accuracy against the number of training images.

    Args:
        counts: numbers of images.
        curves: {name: accuracies in 0..1, one for each count}.

    Returns:
        Axes.
    """
    ax = plt.figure(figsize=(6.5, 3.6)).subplots()
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(counts, to_array(values), ("-", "--", ":")[i % 3], marker=MARKERS[i], color=CYCLE[i], label=name)
    ax.set(xscale="log", xlabel="training images", ylabel="test accuracy", ylim=(0, 1.02))
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(PercentFormatter(1, 0))
    ax.legend(loc="lower right")
    return ax


def plot_token_cosines(curves):
    """Draw how alike two tokens are, layer by layer.

    Args:
        curves: {name: (depth + 1,) cosines: of the tokens that enter the first block, then after each block}.

    Returns:
        Axes.
    """
    ax = plt.figure(figsize=(6.5, 3.6)).subplots()
    ax.axhline(1, color=PALE, lw=1, zorder=0), ax.axhline(0, color=PALE, lw=1, zorder=0)
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(
            to_array(values), ("-", "--", ":")[i % 3], marker=MARKERS[i], color=(BLUE, ORANGE, GREY)[i % 3], label=name
        )
    ax.set(xlabel="blocks passed", ylabel="cosine of the two tokens", ylim=(-0.6, 1.08))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right")
    return ax
