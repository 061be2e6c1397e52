"""Plots of lab 05: curves of a run, runs compared, confusions, predictions, augmented images."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..style import BLUE, GREEN, GREY, ORANGE, RED, bare, to_image


def plot_history(train_loss, test_loss, test_accuracy, epochs=None, figure=None):
    """Draw losses on the left and test accuracy on the right, one point per epoch.

    Args:
        train_loss, test_loss: one number per finished epoch.
        test_accuracy: the same, in 0..1.
        epochs: how many there will be, so that a live curve grows into a fixed frame; None is those there are.
        figure: a Figure to draw on; None makes one.

    Returns:
        Figure.
    """
    figure = figure or plt.figure(figsize=(9, 3.2))
    left, right = figure.subplots(1, 2)
    done = range(1, len(train_loss) + 1)
    left.plot(done, train_loss, color=BLUE, marker="o", markersize=4, label="train, as augmented")
    left.plot(done, test_loss, color=ORANGE, marker="s", markersize=4, label="test")
    highest = max([*train_loss, *test_loss], default=1)
    left.set(xlabel="epoch", ylabel="loss (cross-entropy)", ylim=(0, 1.3 * highest))  # room for the legend on top
    left.legend(loc="upper right", ncols=2)
    right.plot(done, test_accuracy, color=GREEN, marker="o", markersize=4)
    if len(test_accuracy):
        right.annotate(
            f"{test_accuracy[-1]:.1%}",
            (len(test_accuracy), test_accuracy[-1]),
            textcoords="offset points",
            # above the last point; below it where the frame ends
            xytext=(-4, 8 if test_accuracy[-1] < 0.9 else -16),
            ha="right",
        )
    right.set(xlabel="epoch", ylabel="test accuracy", ylim=(0, 1))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.grid(axis="y")
    for ax in (left, right):
        ax.set_xlim(0.5, max(epochs or 0, len(train_loss), 2) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def plot_confusion(matrix, classes, ax=None):
    """Draw a confusion matrix: true classes down, predicted ones across, counts in the cells.

    Colour is the share of the true class, so that classes of unequal size can be compared.

    Args:
        matrix: (K, K) counts.
        classes: K names.
        ax: an Axes; None makes one.

    Returns:
        Axes.
    """
    K = len(classes)
    side = max(4.5, 0.52 * K + 1.6)
    ax = ax or plt.figure(figsize=(side + 0.8, side)).subplots()
    counts = [[int(value) for value in row] for row in matrix]
    shares = [[value / max(1, sum(row)) for value in row] for row in counts]
    image = ax.imshow(shares, vmin=0, vmax=1)
    if K <= 20:  # more would not be readable
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                if count:
                    dark = shares[i][j] < 0.6  # viridis is dark at its low end
                    ax.text(j, i, count, ha="center", va="center", color="white" if dark else "black", fontsize=9)
    ax.set_xticks(range(K), classes, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(K), classes)
    ax.set(xlabel="predicted", ylabel="true")
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, format=PercentFormatter(1))
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    return ax


def plot_predictions(images, truths, predictions, classes, probabilities=None, columns=6):
    """Draw images with what the model says; a wrong answer also names the truth, and has a red frame.

    Args:
        images: (N, C, H, W), uint8 or float in 0..1.
        truths, predictions: N class indices.
        classes: the names.
        probabilities: N numbers in 0..1, the model's for its prediction; None leaves them out.

    Returns:
        Figure.
    """
    N = len(images)
    columns = min(columns, N)
    rows = -(-N // columns)
    figure = plt.figure(figsize=(1.65 * columns, 2.05 * rows))
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for i, ax in enumerate(axes):
        bare(ax)
        if i >= N:
            continue
        truth, said = int(truths[i]), int(predictions[i])
        sure = "" if probabilities is None else f" {float(probabilities[i]):.0%}"
        _show(ax, images[i])
        if truth == said:
            ax.set_title(f"{classes[said]}{sure}\nright", fontsize=10, color=GREY)
        else:
            ax.set_title(f"{classes[said]}{sure}\nnot {classes[truth]}", fontsize=10, color=RED)
            for spine in ax.spines.values():
                spine.set(visible=True, color=RED, linewidth=3)
    return figure


def plot_augmentations(rows):
    """Draw rows of images, each row with its name on the left: the same images under each augmentation.

    Args:
        rows: {name: images (N, C, H, W), uint8 or float in 0..1}.

    Returns:
        Figure.
    """
    columns = max(len(images) for images in rows.values())
    figure = plt.figure(figsize=(1.15 * columns + 1.6, 1.2 * len(rows)))
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for (name, images), line in zip(rows.items(), axes, strict=True):
        for i, ax in enumerate(line):
            bare(ax)
            if i < len(images):
                _show(ax, images[i])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    return figure


def _show(ax, image):
    ax.imshow(to_image(image), cmap="gray" if len(image) == 1 else None, vmin=0, vmax=1)
