"""The plots of lab 08 draw the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vitcourse.figures.plots import swin as plots
from vitcourse.figures.plots import swin_costs


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_partitions_light_up_what_the_query_sees():
    image = torch.zeros(1, 8, 12)
    labels = torch.tensor([[0, 0, 1], [2, 2, 1]])
    figure = plots.plot_partitions(image, {"all": torch.zeros(2, 3), "some": labels}, query=(0, 1))
    everything, some = (ax.images[0].get_array() for ax in figure.axes)
    assert everything.max() == 0  # a black image, nowhere veiled
    veiled = some[..., 0] > 0
    np.testing.assert_array_equal(veiled, np.kron(labels.numpy() != 0, np.ones((4, 4))) > 0)
    assert "2 of 6" in figure.axes[1].get_title()


def test_shift_writes_each_region_into_its_cell():
    regions = np.arange(24).reshape(4, 6) % 9
    ax = plots.plot_shift({"a": (regions, 1)}, window_size=2).axes[0]
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written[(3.5, 2.52)] == str(regions[2, 3])
    # Windows of 2 that begin at 1: the edges between columns are at 1, 3 and 5, those between rows at 1 and 3.
    upright = {line.get_xdata()[0] for line in ax.lines if line.get_xdata()[0] == line.get_xdata()[1]}
    level = {line.get_ydata()[0] for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[1]}
    assert (upright, level) == ({1, 3, 5}, {1, 3})


def test_masks_count_the_pairs_that_meet():
    mask = torch.zeros(2, 4, 4)
    mask[1, :2, 2:] = -100
    figure = plots.plot_masks(mask, torch.tensor([[0, 0, 0, 0], [1, 1, 2, 2]]))
    assert [ax.get_title().split("\n")[1] for ax in figure.axes] == ["100% of the pairs meet", "75% of the pairs meet"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), mask[1].numpy() < 0)


def test_relative_index_shows_the_row_of_the_query():
    index = torch.arange(16).reshape(4, 4) % 9
    figure = plots.plot_relative_index(index, query=2)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), index[2].reshape(2, 2))
    assert next(text.get_text() for text in figure.axes[0].texts) == f"(+1, 0)\n→ {int(index[2, 0])}"
    assert len(figure.axes[2].texts) == 9


def test_reach_leaves_zero_white_and_counts_the_rest():
    values = torch.zeros(2, 4, 4)
    values[0, :2, :2] = 2.0
    values[1] = 1.0
    figure = plots.plot_reach({"one": values}, ["1 block", "2 blocks"], window_size=2, place=(0, 0))
    drawn = figure.axes[0].images[0].get_array()
    assert drawn.mask.sum() == 12 and drawn.max() == 1
    assert [ax.get_title() for ax in figure.axes[:2]] == ["1 block: 4 of 16", "2 blocks: 16 of 16"]


def test_costs_and_learning_draw_the_lines():
    panels = {
        "operations": ("count", {"b*": ("b", [2, 4], [1, 2])}),
        "time": ("s", {"a": ("a, fast", [2, 4], [1.0, 8.0]), "b*": ("b", [2], [3.0])}),
    }
    figure = swin_costs.plot_costs([2, 4], panels)
    (alone,), (first, second) = (ax.lines for ax in figure.axes)
    np.testing.assert_allclose(first.get_ydata(), [1, 8])
    assert (first.get_label(), first.get_linestyle(), second.get_linestyle()) == ("a, fast", "-", "--")
    assert alone.get_color() == second.get_color() != first.get_color()
    ax = swin_costs.plot_learning({"a": ([1, 2], torch.tensor([0.25, 0.5]))}, "cost")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [25, 50])


def test_windows_stand_apart_in_their_order():
    windows = torch.rand(6, 4, 4, 3)
    figure = plots.plot_windows({"whole": torch.rand(3, 8, 12), "cut": windows}, columns=3)
    drawn = figure.axes[1].images[0].get_array()
    assert drawn.shape == (9, 14, 3)
    np.testing.assert_allclose(drawn[5:9, 5:9], windows[4].numpy())  # the second row's second window
