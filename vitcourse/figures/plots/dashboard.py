"""The picture of a run while it trains: losses, accuracy, learning rate, and how long it will take."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from ..style import PINK
from .recipe import plot_history


def plot_dashboard(history, figure=None):
    """Draw a training run so far, in a frame that is as wide as the whole run.

    Args:
        history: a `History`, or anything with its lists train_loss, test_loss, test_accuracy, lr and seconds, and with
            `epochs`, how many there will be.
        figure: a Figure to draw on; None makes one.

    Returns:
        Figure.
    """
    figure = figure or plt.figure(figsize=(11, 3.4))
    left, right = figure.subfigures(1, 2, width_ratios=(2.3, 1))
    plot_history(history.train_loss, history.test_loss, history.test_accuracy, history.epochs, figure=left)
    ax = right.subplots()
    done = range(1, len(history.lr) + 1)
    ax.plot(done, history.lr, color=PINK, marker="o", markersize=4)
    ax.set(xlabel="epoch", ylabel="learning rate", ylim=(0, 1.15 * max(history.lr, default=1) or 1))
    ax.set_xlim(0.5, max(history.epochs, len(history.lr), 2) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    figure.suptitle(time_words(history.seconds, history.epochs), fontsize=12)
    return figure


def time_words(seconds, epochs):
    """How far a run is and how long it will take, if the epochs to come take as long as those that are done.

    Args:
        seconds: from the start to the end of each finished epoch.
        epochs: how many there will be.
    """
    done = len(seconds)
    if done == 0:
        return f"epoch 0 of {epochs}"
    if done >= epochs:
        return f"all {done} epochs done in {duration(seconds[-1])}"
    left = seconds[-1] / done * (epochs - done)
    return f"epoch {done} of {epochs}: {duration(seconds[-1])} gone, about {duration(left)} left"


def duration(seconds):
    """Seconds as a reader says them: 75 -> "1 min 15 s"."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
