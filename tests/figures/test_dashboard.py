"""The training dashboard: its numbers, its words, and how long a run still takes."""

import matplotlib.pyplot as plt
import pytest

from vitcourse.figures.live import TrainingDashboard, dashboard_words
from vitcourse.figures.plots.dashboard import duration, plot_dashboard, time_words
from vitcourse.training.config import History


def run(done, epochs=4):
    history = History(epochs=epochs)
    for n in range(done):
        history.add(
            train_loss=2 - n / 2, test_loss=2.1 - n / 2, test_accuracy=n / 4, lr=1e-3 / (n + 1), seconds=30 * (n + 1)
        )
    return history


def test_the_time_left_is_that_of_the_epochs_to_come():
    assert time_words([30, 60], 4) == "epoch 2 of 4: 1 min 0 s gone, about 1 min 0 s left"
    assert time_words([10], 10) == "epoch 1 of 10: 10 s gone, about 1 min 30 s left"
    assert time_words([], 10) == "epoch 0 of 10"
    assert time_words([5, 11], 2) == "all 2 epochs done in 11 s"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (75, "1 min 15 s"), (7300, "2 h 1 min")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_the_curves_are_the_history():
    figure = plot_dashboard(run(3))
    left, right = figure.subfigs
    losses, accuracy = left.axes
    assert [list(line.get_ydata()) for line in losses.lines] == [[2, 1.5, 1], [2.1, 1.6, 1.1]]
    assert list(accuracy.lines[0].get_ydata()) == [0, 0.25, 0.5]
    assert list(right.axes[0].lines[0].get_ydata()) == [1e-3, 5e-4, 1e-3 / 3]
    assert all(ax.get_xlim() == (0.5, 4.5) for ax in (losses, accuracy, right.axes[0])), "as wide as the whole run"
    assert figure.get_suptitle() == "epoch 3 of 4: 1 min 30 s gone, about 30 s left"
    plt.close(figure)


def test_words_for_those_who_cannot_see_it():
    assert "epoch 3 of 4" in dashboard_words(run(3))
    assert "train loss 1.00, test loss 1.10, test accuracy 50.0%" in dashboard_words(run(3))
    assert dashboard_words(run(0)) == "No epoch is finished yet."


def test_each_epoch_is_drawn_when_there_is_time():
    dashboard, pictures = TrainingDashboard(seconds=0), set()
    for done in (1, 2, 3, 4):
        dashboard(run(done))
        pictures.add(dashboard.png)
    assert len(pictures) == 4 and not plt.get_fignums()
