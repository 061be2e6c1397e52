"""More plots of lab 05: the loop in one picture, a schedule, an ablation with its yardstick, the patch-size study."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter

from ..style import BLUE, CYCLE, GREEN, GREY, ORANGE, PINK

MARKERS = ("o", "s", "^", "D")  # a second mark beside the colour

_STEPS = (  # what happens, what it needs, colour
    ("batch", "images (B, C, H, W)\ntargets (B, K)", GREY),
    ("augment", "crop, flip, …\nmixup, cutmix", ORANGE),
    ("model", "logits\n(B, K)", BLUE),
    ("loss", "soft cross-\nentropy", BLUE),
    ("gradients", "backward,\nthen clip", GREEN),
    ("step", "learning rate\nand decay", PINK),
)


def plot_loop():
    """Draw one training step as a row of boxes, with the way back to the next batch.

    Returns:
        Figure.
    """
    figure = plt.figure(figsize=(10, 2.5))
    ax = figure.subplots()
    ax.set(xlim=(-0.1, 6.05), ylim=(-0.45, 1.25))
    ax.axis("off")
    for i, (name, text, colour) in enumerate(_STEPS):
        box = FancyBboxPatch((i, 0.2), 0.78, 0.85, boxstyle="round,pad=0.03", edgecolor=colour, facecolor="white", lw=2)
        ax.add_patch(box)
        ax.text(i + 0.39, 0.83, name, ha="center", va="center", weight="bold", fontsize=12)
        ax.text(i + 0.39, 0.45, text, ha="center", va="center", fontsize=8.5)
        if i < len(_STEPS) - 1:
            ax.annotate("", (i + 0.97, 0.62), (i + 0.81, 0.62), arrowprops=dict(arrowstyle="->", lw=1.8, color=GREY))
    back = dict(arrowstyle="->", lw=1.8, color=GREY, connectionstyle="bar,fraction=-0.06")
    ax.annotate("", (0.39, 0.15), (5.39, 0.15), arrowprops=back)
    ax.text(2.89, -0.3, "the next batch, one step further in the schedule", ha="center", color=GREY, fontsize=10)
    return figure


def plot_schedules(curves, warmup_steps, ax=None):
    """Draw learning rates step by step.

    Args:
        curves: {name: rates}, one number per step.
        warmup_steps: where the warmup ends; marked by a line.
        ax: an Axes; None makes one.

    Returns:
        Axes.
    """
    ax = ax or plt.figure(figsize=(7, 3)).subplots()
    for (name, rates), style in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
        ax.plot(range(len(rates)), rates, style, label=name)
    ax.axvline(warmup_steps - 0.5, color=GREY, lw=1)
    ax.annotate(
        "warmup ends", (warmup_steps - 0.5, 0), xytext=(4, 4), textcoords="offset points", color=GREY, fontsize=10
    )
    ax.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    ax.legend()
    return ax


def plot_ablation(results, yardstick, ax=None):
    """Draw one dot per run: the recipe's own runs as a band, each changed recipe against it.

    Args:
        results: {name: [accuracy per run, 0..1]}, in the order from top to bottom.
        yardstick: the name whose lowest and highest run make the band.
        ax: an Axes; None makes one.

    Returns:
        Axes.
    """
    ax = ax or plt.figure(figsize=(7.5, 0.33 * len(results) + 1.3)).subplots()
    low, high = min(results[yardstick]), max(results[yardstick])
    ax.axvspan(low, high, color=GREY, alpha=0.2, lw=0, label=f"spread of “{yardstick}” between seeds")
    for row, accuracies in enumerate(results.values()):
        inside = all(low <= accuracy <= high for accuracy in accuracies)
        colour = GREY if inside else BLUE
        ax.plot(accuracies, [row] * len(accuracies), "o", color=colour, markersize=7)
    ax.set_yticks(range(len(results)), results)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.xaxis.set_major_locator(MultipleLocator(0.05))
    ax.set(xlabel="test accuracy", title="Blue: outside the spread of the unchanged recipe")
    ax.grid(axis="x")
    ax.figure.legend(loc="outside lower center")
    return ax


def plot_patch_study(accuracies, seconds):
    """Draw accuracy by epoch on the left and by training time on the right, one curve per patch size.

    Args:
        accuracies: {patch size: accuracy after each epoch, 0..1}.
        seconds: {patch size: seconds from the start to the end of each epoch}.

    Returns:
        Figure.
    """
    figure = plt.figure(figsize=(9, 3.3))
    left, right = figure.subplots(1, 2, sharey=True)
    for i, (patch_size, curve) in enumerate(accuracies.items()):
        look = dict(color=CYCLE[i % len(CYCLE)], marker=MARKERS[i % len(MARKERS)], markersize=5)
        left.plot(range(1, len(curve) + 1), curve, label=f"patch {patch_size}", **look)
        right.plot(seconds[patch_size], curve, label=f"patch {patch_size}", **look)
    left.set(xlabel="epoch", ylabel="test accuracy", ylim=(0, None), title="At equal epochs")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set(xlabel="seconds, evaluation included", xlim=(0, None), title="At equal time")
    left.legend()
    for ax in (left, right):
        ax.grid(axis="y")
    return figure
