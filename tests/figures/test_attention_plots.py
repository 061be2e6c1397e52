"""The plots of lab 03 draw what they are given."""

import matplotlib
import numpy as np
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from vitcourse.figures.plots import attention as plots


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def drawn(figure):
    figure.canvas.draw()
    return figure


def test_lookup_draws_the_weights_and_the_mixed_colour():
    weights = torch.tensor([0.5, 0.3, 0.2])
    values = torch.eye(3)
    figure = plots.plot_lookup(torch.ones(2), torch.randn(3, 2), weights, values, weights @ values, list("abc"))
    plane, bars, colours = drawn(figure).axes
    assert [round(bar.get_width(), 6) for bar in bars.patches] == [0.5, 0.3, 0.2]
    assert colours.patches[-1].get_facecolor()[:3] == pytest.approx((0.5, 0.3, 0.2))


def test_weights_lie_on_the_image_row_by_row_and_the_query_is_marked():
    weights = torch.zeros(1, 2, 6)
    weights[0, 0, 2], weights[0, 1, 3] = 1, 0.5  # grid (2, 3): patch 2 is top right, patch 3 bottom left
    figure = plots.plot_weights_on_image(torch.rand(3, 8, 12), [2, 3], weights, (2, 3), ["plain"])
    maps = [ax.images[0].get_array() for ax in drawn(figure).axes[1:3]]
    assert maps[0][0, 2] == 1 and maps[1][1, 0] == 0.5 and np.sum(maps[0]) == 1
    mark = figure.axes[1].patches[-1]
    assert "up to 0.5" in figure.axes[2].get_title()
    assert (mark.get_x(), mark.get_y(), mark.get_width(), mark.get_height()) == (8, 0, 4, 4)


def test_lines_keep_their_data():
    widths = [4, 16, 64]
    panels = {
        "a": ("share", {"x": [3, 2, 1], "y": torch.tensor([1.0, 2, 3])}, "linear"),
        "b": ("g", {"x": [1, 2, 4]}, "log"),
    }
    figure = plots.plot_against_width(widths, panels)
    first, second = drawn(figure).axes
    assert first.lines[1].get_ydata().tolist() == [1, 2, 3] and second.get_yscale() == "log"
    ax = plots.plot_cost(widths, {"x": [1, 2, 4]}, "t", "seconds", mark=(16, "here"))
    drawn(ax.figure)
    assert ax.lines[0].get_ydata().tolist() == [1, 2, 4] and ax.lines[1].get_xdata()[0] == 16
