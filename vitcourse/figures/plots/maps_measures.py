"""Plots of what can be counted about attention maps: shares, distances, likeness of positions, lengths, accuracies."""

import matplotlib.pyplot as plt
import numpy as np

from ..style import BLUE, CYCLE, GREY, ORANGE, bare, to_array, to_image

MARKERS = ("o", "s", "^", "D", "v", "P")


def plot_ratios(ratios, title):
    """Draw the spread of ratios over the images: a box from quartile to quartile, the median, a line from 5 % to 95 %.

    Args:
        ratios: {name: (n,)}, positive; one line each, the first on top.
        title: text.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(8.5, 0.5 * len(ratios) + 1.5))
    for line, values in enumerate(ratios.values()):
        low, first, middle, third, high = np.quantile(to_array(values), (0.05, 0.25, 0.5, 0.75, 0.95))
        ax.plot((low, high), (line, line), color=BLUE, linewidth=1.5)
        ax.barh(line, third - first, left=first, height=0.55, facecolor="#9ecae8", edgecolor=BLUE, zorder=2)
        ax.plot((middle, middle), (line - 0.27, line + 0.27), color="black", zorder=3, solid_capstyle="butt")
    ax.axvline(1, color=GREY, linestyle="--", linewidth=1.2)
    ax.set_yticks(range(len(ratios)), ratios)
    ax.invert_yaxis()
    ax.set(xlabel="attention on the object / the object's share of the area", xlim=(0, None), title=title)
    return ax


def plot_distances(distances, even, title):
    """Draw the mean attention distance of every head in every layer, one kind of mark for each model.

    Args:
        distances: {name: (layers, heads)}, in pixels.
        even: the distance of attention that prefers nothing, in pixels.
        title: text.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(7.5, 4))
    shift = 0.16
    for i, (name, values) in enumerate(distances.items()):
        values = to_array(values)
        layers, heads = values.shape
        x = np.arange(1, layers + 1)[:, None] + shift * (i - (len(distances) - 1) / 2) + np.zeros(heads)
        ax.plot(x.ravel(), values.ravel(), MARKERS[i], color=CYCLE[i], label=name, linestyle="none", alpha=0.85)
    ax.axhline(even, color=GREY, linestyle="--", linewidth=1.2, label="even attention")
    ax.set_xticks(range(1, layers + 1))
    ax.set(xlabel="layer (a mark is a head)", ylabel="mean attention distance in pixels", title=title)
    ax.set_ylim(0, 1.12 * max(even, *(float(to_array(values).max()) for values in distances.values())))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax


def plot_similarity_mosaics(similarities):
    """Draw, for each table of positions, every position's map of likeness, laid out as the image is.

    Args:
        similarities: {title: (rows, cols, rows, cols)} of cosines; the colours run from -1 to 1.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(1, len(similarities), figsize=(5.2 * len(similarities) + 0.8, 5.3), squeeze=False)
    shown = None
    for ax, (title, similarity) in zip(axes[0], similarities.items(), strict=True):
        similarity = to_array(similarity)
        rows, cols = similarity.shape[:2]
        gap = 1  # a line of white between the maps
        mosaic = np.full((rows * (rows + gap) - gap, cols * (cols + gap) - gap), np.nan)
        for r in range(rows):
            for c in range(cols):
                top, left = r * (rows + gap), c * (cols + gap)
                mosaic[top : top + rows, left : left + cols] = similarity[r, c]
        shown = bare(ax).imshow(mosaic, vmin=-1, vmax=1)
        ax.set_xticks([c * (cols + gap) + (cols - 1) / 2 for c in range(cols)], range(cols))
        ax.set_yticks([r * (rows + gap) + (rows - 1) / 2 for r in range(rows)], range(rows))
        ax.tick_params(length=0)
        ax.set(xlabel="column of the patch", ylabel="row of the patch", title=title)
    figure.colorbar(shown, ax=axes, label="cosine", shrink=0.85).outline.set_visible(False)
    return figure


def plot_token_lengths(images, lengths, spread):
    """Draw maps of how long the patches' vectors are, for several models, and a histogram of the lengths.

    Args:
        images: (B, C, H, W), uint8 or float in 0..1.
        lengths: {name: (B, rows, cols)}, one line of maps for each model; 1 is the model's median.
        spread: {name: (n,)}, for the histogram, in the same unit.

    Returns:
        Figure.
    """
    B = len(images)
    figure = plt.figure(figsize=(1.5 * B + 5.6, 1.55 * (1 + len(lengths)) + 0.2))
    left, right = figure.subfigures(1, 2, width_ratios=(1.5 * B + 1.6, 4))
    axes = left.subplots(1 + len(lengths), B, squeeze=False)
    values = {name: to_array(maps) for name, maps in lengths.items()}
    low, high = min(v.min() for v in values.values()), max(v.max() for v in values.values())
    for b in range(B):
        bare(axes[0, b]).imshow(to_image(images[b]), cmap="gray", vmin=0, vmax=1)
        for line, maps in zip(axes[1:], values.values(), strict=True):
            shown = bare(line[b]).imshow(maps[b], vmin=low, vmax=high)
    for line, name in zip(axes[1:, 0], values, strict=True):
        line.set_ylabel(name)
    left.colorbar(shown, ax=axes, label="length (median = 1)", shrink=0.8).outline.set_visible(False)
    ax = right.subplots()
    edges = np.linspace(0, max(to_array(v).max() for v in spread.values()) * 1.02, 50)
    for (name, v), colour in zip(spread.items(), (BLUE, ORANGE), strict=False):
        ax.hist(to_array(v), bins=edges, histtype="step", linewidth=2, color=colour, label=name)
    ax.set_yscale("log")
    ax.set(xlabel="length of a patch's vector (median = 1)", ylabel="patches")
    ax.legend(loc="upper right")
    return figure


def plot_deletion(counts, accuracies, chance, title):
    """Draw test accuracy against the number of patches that were covered, a line for each way to choose them.

    Args:
        counts: numbers of covered patches.
        accuracies: {name: values in 0..1}, each as long as `counts`.
        chance: the accuracy of guessing.
        title: text.

    Returns:
        Axes.
    """
    _, ax = plt.subplots(figsize=(7.5, 4))
    for (name, values), marker in zip(accuracies.items(), MARKERS, strict=False):
        ax.plot(counts, 100 * to_array(values), marker=marker, label=name)
    ax.axhline(100 * chance, color=GREY, linestyle="--", linewidth=1.2, label="guessing")
    ax.set(xlabel="patches covered", ylabel="test accuracy in percent", ylim=(0, 100), title=title)
    ax.set_xticks(list(counts))
    ax.grid(True, axis="y")
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax
