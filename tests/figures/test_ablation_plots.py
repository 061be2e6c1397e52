"""Lab 05's own figures show the numbers that they are given."""

import matplotlib
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from vitcourse.figures.plots import ablation
from vitcourse.figures.style import GREY


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_loop_names_every_step():
    words = {text.get_text() for text in ablation.plot_loop().axes[0].texts}
    assert {"batch", "augment", "model", "loss", "gradients", "step"} <= words


def test_schedules_are_drawn_as_given():
    ax = ablation.plot_schedules({"yours": [0.1, 0.2, 0.1], "constant": [0.2, 0.2, 0.2]}, warmup_steps=2)
    assert list(ax.lines[0].get_ydata()) == [0.1, 0.2, 0.1]
    assert [text.get_text() for text in ax.get_legend().texts] == ["yours", "constant"]


def test_a_run_within_the_spread_is_grey_and_one_outside_is_not():
    ax = ablation.plot_ablation({"base": [0.4, 0.5], "within": [0.45], "below": [0.3]}, "base")
    drawn = [line for line in ax.lines if len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in drawn] == [[0.4, 0.5], [0.45], [0.3]]
    assert [line.get_color() == GREY for line in drawn] == [True, True, False]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["base", "within", "below"]


def test_the_patch_study_has_epochs_and_seconds():
    left, right = ablation.plot_patch_study({2: [0.1, 0.3], 8: [0.2, 0.4]}, {2: [5, 10], 8: [1, 2]}).axes
    assert list(left.lines[1].get_xdata()) == [1, 2] and list(right.lines[1].get_xdata()) == [1, 2]
    assert list(right.lines[0].get_xdata()) == [5, 10] and list(right.lines[0].get_ydata()) == [0.1, 0.3]
