"""Plots of lab 00: the whole way from pixels to logits, every shape named."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch

from ..style import BLUE, DIVERGING, GREY, RED, bare, to_image


def plot_pipeline(image, tiles, embedded, tokens, encoded, logits, classes, grid, depth):
    """Draw what a Vision Transformer makes of one image, step by step, from the values of a real run.

    Args:
        image: (C, H, W), float in 0..1 or uint8.
        tiles: (N, C, P, P), the image's patches in reading order, scaled as the image.
        embedded: (N, D), the patches' vectors.
        tokens: (N+1, D), with the class token first and positions added.
        encoded: (N+1, D), after the blocks and the last norm.
        logits: (K,).
        classes: K names.
        grid: (rows, cols) of patches.
        depth: the number of blocks.

    Returns:
        Figure.
    """
    C, H, W = image.shape
    N, _, P, _ = tiles.shape
    D, K = embedded.shape[1], len(classes)
    figure = plt.figure(figsize=(13, 5.8), layout="none")
    # (left edge, width) of each stage; the gaps between them hold the arrows
    places = [(0.012, 0.135), (0.205, 0.035), (0.305, 0.085), (0.455, 0.085), (0.655, 0.085), (0.895, 0.10)]
    bottom, height = 0.28, 0.53
    axes = [figure.add_axes((left, bottom, width, height)) for left, width in places]
    picture, stack, first, second, third, bars = axes

    bare(picture).imshow(to_image(image), cmap="gray" if C == 1 else None, vmin=0, vmax=1)
    for line in range(1, grid[0]):
        picture.axhline(line * P - 0.5, color="white", linewidth=1.2)
    for line in range(1, grid[1]):
        picture.axvline(line * P - 0.5, color="white", linewidth=1.2)

    bare(stack)
    for n, tile in enumerate(tiles):
        stack.imshow(
            to_image(tile),
            cmap="gray" if C == 1 else None,
            vmin=0,
            vmax=1,
            extent=(0, 1, 1.12 * n + 2, 1.12 * n + 1),
        )
    stack.set(xlim=(0, 1), ylim=(1.12 * N + 1, 0.9), aspect="equal")

    for ax, values in ((first, embedded), (second, tokens), (third, encoded)):
        values = np.asarray(values.detach().float().cpu())
        limit = np.quantile(np.abs(values), 0.98)
        bare(ax).imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for ax in (second, third):
        ax.add_patch(plt.Rectangle((-0.5, -0.5), D, 1, fill=False, edgecolor=RED, linewidth=2.5, clip_on=False))
        ax.text(-0.5, -0.8, "class token", color=RED, fontsize=9, va="bottom")

    scores = np.asarray(logits.detach().float().cpu())
    bars.barh(range(K), scores, color=BLUE)
    bars.axvline(0, color=GREY, linewidth=0.8)
    bars.set_yticks(range(K), classes, fontsize=8)
    bars.tick_params(axis="x", labelsize=8)
    bars.invert_yaxis()
    bars.spines["left"].set_visible(False)
    bars.tick_params(axis="y", length=0)

    texts = [
        ("image", f"({C}, {H}, {W})", "channels, height,\nwidth"),
        ("patches", f"({N}, {C * P * P})", f"{N} patches of\n{C}·{P}·{P} numbers"),
        ("embeddings", f"({N}, {D})", "one vector of length\nD for each patch"),
        ("tokens", f"({N + 1}, {D})", "class token first;\npositions added"),
        ("tokens, encoded", f"({N + 1}, {D})", "each one has seen\nall the others"),
        ("logits", f"({K},)", "one score\nfor each class"),
    ]
    for (left, width), (name, shape, words) in zip(places, texts, strict=True):
        centre = left + width / 2
        figure.text(centre, bottom + height + 0.075, name, ha="center", va="bottom", fontsize=12, weight="bold")
        figure.text(centre, bottom - 0.09, shape, ha="center", va="top", fontsize=12, family="monospace")
        figure.text(centre, bottom - 0.145, words, ha="center", va="top", fontsize=9.5, color=GREY)
    steps = [
        ("cut", "lab 01"),
        ("linear\nlayer", "lab 01"),
        ("class\ntoken,\nplaces", "lab 02"),
        (f"{depth} blocks:\nattention\nand MLP", "labs 03, 04"),
        ("linear\nlayer on\nthe class\ntoken", "lab 04"),
    ]
    middle = bottom + height / 2
    for i, (words, lab) in enumerate(steps):
        start, end = places[i][0] + places[i][1] + 0.008, places[i + 1][0] - 0.008
        end -= 0.065 if i == len(steps) - 1 else 0  # the class names stand left of the bars
        figure.add_artist(
            FancyArrowPatch((start, middle), (end, middle), arrowstyle="-|>", mutation_scale=16, color=GREY, lw=1.6)
        )
        figure.text((start + end) / 2, middle + 0.025, words, ha="center", va="bottom", fontsize=10)
        figure.text((start + end) / 2, middle - 0.03, lab, ha="center", va="top", fontsize=9, color=BLUE)
    figure.text(0.012, 0.955, "From pixels to logits", fontsize=14, weight="bold")
    return figure


def plot_examples(images, names):
    """Draw images side by side, each with its name above.

    Args:
        images: (N, C, H, W), uint8 or float in 0..1.
        names: N texts.

    Returns:
        Figure.
    """
    columns = min(5, len(images))
    rows = -(-len(images) // columns)
    figure = plt.figure(figsize=(1.9 * columns, 2.1 * rows))
    for i, ax in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        bare(ax)
        if i < len(images):
            ax.imshow(to_image(images[i]), cmap="gray" if len(images[i]) == 1 else None, vmin=0, vmax=1)
            ax.set_title(names[i])
    return figure
