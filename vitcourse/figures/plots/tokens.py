"""Plots of lab 02: the bag of patches, the tokens, the tables of positions and how alike their entries are."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from ..style import BLUE, GREY, ORANGE, RED, bare, to_array, to_image


def plot_bag(image, shuffled, grid):
    """Draw an image and the same patches in another order, side by side.

    Args:
        image, shuffled: (3, H, W), uint8 or float in 0..1.
        grid: (rows, cols), the patches down and across.

    Returns:
        Figure.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.3))
    titles = ("what you see", "the same patches, shuffled:\nto attention without positions, the same")
    for ax, picture, title in zip(axes, (image, shuffled), titles, strict=True):
        picture = to_image(picture)
        H, W = picture.shape[:2]
        bare(ax).imshow(picture)
        for row in range(1, grid[0]):
            ax.axhline(row * H / grid[0] - 0.5, color="white", linewidth=1.5)
        for col in range(1, grid[1]):
            ax.axvline(col * W / grid[1] - 0.5, color="white", linewidth=1.5)
        ax.set_title(title)
    return figure


def plot_tokens(tiles, grid):
    """Draw what the lab builds: the class token in front of the patches, and a position for each of them.

    Args:
        tiles: (N, 3, P, P), the patches in reading order, uint8 or float in 0..1; six to ten of them look best.
        grid: (rows, cols), where they come from, for the labels of the positions.

    Returns:
        Figure.
    """
    N, P = len(tiles), tiles.shape[-1]
    figure, ax = plt.subplots(figsize=(1.15 * (N + 2), 3.4))
    bare(ax)
    boxes = [("class\ntoken", "class\nslot")]
    boxes += [(None, f"row {i // grid[1]}\ncol {i % grid[1]}") for i in range(N)]
    for i, (word, place) in enumerate(boxes):
        if word is None:
            ax.imshow(to_image(tiles[i - 1]), extent=(i + 0.06, i + 0.94, 0.06, 0.94), zorder=1)
        else:
            ax.add_patch(Rectangle((i + 0.06, 0.06), 0.88, 0.88, facecolor=ORANGE, alpha=0.35, edgecolor=ORANGE))
            ax.text(i + 0.5, 0.5, word, ha="center", va="center")
        ax.text(i + 0.5, -0.18, "+", ha="center", va="center", fontsize=14)
        ax.add_patch(Rectangle((i + 0.06, -1.24), 0.88, 0.88, facecolor=BLUE, alpha=0.15, edgecolor=BLUE))
        ax.text(i + 0.5, -0.8, place, ha="center", va="center", fontsize=9.5)
        ax.text(i + 0.5, -1.5, str(i), ha="center", va="center", color=GREY)
    ax.text(-0.15, 0.5, "what it shows", ha="right", va="center")
    ax.text(-0.15, -0.8, "where it was", ha="right", va="center")
    ax.text(-0.15, -1.5, "token number", ha="right", va="center", color=GREY)
    ax.set(xlim=(-1.9, N + 1.1), ylim=(-1.7, 1.1), aspect="equal")  # after imshow, which sets its own
    ax.set_title(f"TokenPrep: {N} patches of {P} x {P} pixels become {N} + 1 tokens, each with a position added")
    return figure


def plot_waves(places, waves, speeds):
    """Draw a few sine waves over the rows of a grid, one line each, with a mark at every row.

    Args:
        places: (rows,), the numbers of the rows.
        waves: (rows, K), the values.
        speeds: (K,), the frequencies in radians per row, for the legend.

    Returns:
        Figure.
    """
    places, waves = to_array(places), to_array(waves)
    figure, ax = plt.subplots(figsize=(8, 3.2))
    for k, speed in enumerate(to_array(speeds)):
        ax.plot(places, waves[:, k], marker="o", markersize=5, label=f"k = {k}: {speed:.3g} radians per row")
    ax.set_xticks(places)
    ax.set(xlabel="row", ylabel="sine", title="quick hands tell neighbours apart, slow ones top from bottom")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def plot_table(table, grid):
    """Draw a sine-cosine table (N, D) as an image: a line per patch, with its four parts marked.

    Returns:
        Figure.
    """
    table = to_array(table)
    N, D = table.shape
    figure, ax = plt.subplots(figsize=(9, 4.8))
    shown = ax.imshow(table, aspect="auto", cmap="viridis", vmin=-1, vmax=1)
    for quarter in range(1, 4):
        ax.axvline(quarter * D / 4 - 0.5, color="white", linewidth=2.5 if quarter == 2 else 1)
    parts = ("sin of row", "cos of row", "sin of column", "cos of column")
    for quarter, part in enumerate(parts):
        ax.text((quarter + 0.5) * D / 4 - 0.5, -0.8, part, ha="center", va="bottom")
    ax.set_yticks(range(0, N, grid[1]), [f"{i}  (row {i // grid[1]})" for i in range(0, N, grid[1])])
    ax.set(xlabel="feature", ylabel="patch, in reading order")
    ax.set_title("the left half changes once per row of patches, the right half with every patch", pad=24)
    figure.colorbar(shown, ax=ax, label="value")
    return figure


def plot_similarity(similarities, titles, chosen):
    """Draw, for several tables, how alike the positions of a few patches are to those of all patches.

    Args:
        similarities: arrays (rows, cols, rows, cols) of cosine similarities in -1..1, one per table; the first two
            axes say for which patch, the last two compared with which. Sizes may differ between tables.
        titles: a name for each table.
        chosen: for each table a list of (row, col), equally many: the patches whose maps are drawn.

    Returns:
        Figure, a line of maps per table.
    """
    lines, maps = len(similarities), len(chosen[0])
    figure, axes = plt.subplots(lines, maps, figsize=(1.9 * maps + 1.8, 2.05 * lines + 0.5), squeeze=False)
    for line, (similarity, title) in enumerate(zip(similarities, titles, strict=True)):
        similarity = to_array(similarity)
        low = float(similarity.min())  # a scale for each table: sine-cosine ones are all rather alike
        for ax, (row, col) in zip(axes[line], chosen[line], strict=True):
            shown = bare(ax).imshow(similarity[row, col], vmin=low, vmax=1, cmap="viridis")
            ax.plot(col, row, marker="s", markerfacecolor="none", markeredgecolor=RED, markersize=9, markeredgewidth=2)
            ax.set_title(f"row {row}, col {col}", fontsize=10)
        axes[line, 0].set_ylabel(title)
        figure.colorbar(shown, ax=list(axes[line]), label="similarity", shrink=0.9)
    figure.suptitle("each map: one patch's position (red) against all positions")
    return figure


def plot_resampled(old, new, features):
    """Draw single features of a table of positions on its own grid and on another, as small images.

    Args:
        old, new: (rows, cols, D) and (new_rows, new_cols, D).
        features: which of the D numbers to show, one column of images each.

    Returns:
        Figure.
    """
    old, new = to_array(old), to_array(new)
    figure, axes = plt.subplots(2, len(features), figsize=(2.3 * len(features) + 1, 5), squeeze=False)
    limit = float(max(np.abs(old[..., features]).max(), np.abs(new[..., features]).max()))
    for line, table in enumerate((old, new)):
        for ax, feature in zip(axes[line], features, strict=True):
            shown = bare(ax).imshow(table[..., feature], vmin=-limit, vmax=limit, cmap="viridis")
            if line == 0:
                ax.set_title(f"feature {feature}")
        axes[line, 0].set_ylabel(f"{table.shape[0]} x {table.shape[1]} patches")
    figure.colorbar(shown, ax=axes, label="value", shrink=0.8)
    figure.suptitle("the same table before and after: the picture stays, the pixels get finer")
    return figure


def plot_accuracies(names, intact, shuffled, chance, question):
    """Draw test accuracies of several models, on images as they are and with their patches shuffled.

    Args:
        names: of the models.
        intact, shuffled: one accuracy in 0..1 per model.
        chance: the accuracy of always giving one answer, in 0..1.
        question: what the models were asked, for the title.

    Returns:
        Figure.
    """
    figure, ax = plt.subplots(figsize=(9, 0.62 * len(names) + 1.6))
    lines = np.arange(len(names))
    for values, offset, colour, label in (
        (intact, -0.19, BLUE, "patches in place"),
        (shuffled, 0.19, ORANGE, "patches shuffled"),
    ):
        bars = ax.barh(lines + offset, 100 * np.asarray(values), height=0.36, color=colour, label=label)
        ax.bar_label(bars, fmt="%.0f", padding=3)
    ax.axvline(100 * chance, color=GREY, linestyle="--", linewidth=1.2, label="one answer for all")
    ax.set_yticks(lines, names)
    ax.invert_yaxis()
    ax.set(xlabel="test accuracy in percent", xlim=(0, 100))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))  # beside the bars, whatever their lengths
    ax.set_title(question)
    return figure
