"""The plots of lab 06 draw what they are given."""

import matplotlib
import numpy as np
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from vitcourse.figures.plots import maps as plots
from vitcourse.figures.plots import maps_measures as measures
from vitcourse.figures.plots.explain import plot_explanation


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def maps_on(ax):
    """What lies over the picture in an Axes."""
    return ax.images[1].get_array()


def test_the_row_is_laid_out_over_the_image():
    weights = torch.arange(49.0).reshape(7, 7)
    figure = plots.plot_reading(torch.rand(3, 8, 12), weights, (2, 3))
    cut, matrix, over = figure.axes[:3]
    assert [text.get_text() for text in cut.texts] == list("123456")
    assert matrix.images[0].get_array()[2, 3] == weights[2, 3]
    assert maps_on(over).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_table_has_a_line_an_image_and_one_scale_for_attention():
    images = torch.randint(0, 255, (2, 3, 8, 12), dtype=torch.uint8)
    first, second = torch.rand(2, 2, 3), torch.rand(2, 2, 3)
    falls = torch.tensor([[[0.0, -2, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]])
    figure = plots.plot_map_table(images, {"a": first, "b": second}, ["x", "y"], {"f": falls})
    axes = np.array(figure.axes[:8]).reshape(2, 4)
    np.testing.assert_allclose(maps_on(axes[1, 2]), second[1] * 6, rtol=1e-6)  # in even shares
    assert {ax.images[1].get_clim() for ax in axes[:, 1:3].ravel()} == {axes[0, 1].images[1].get_clim()}
    assert maps_on(axes[0, 3]).tolist() == [[0, -1, 0.5], [0, 0, 0]]
    assert [ax.get_title() for ax in axes[0]] == ["", "a", "b", "f"] and axes[1, 0].get_ylabel() == "y"


def test_occlusion_overlays_have_zero_in_the_middle():
    maps = torch.tensor([[[-1.0, 2.0]], [[0.0, 0.5]]])
    figure = plots.plot_occlusion_overlays(torch.rand(2, 1, 4, 8), maps, ["x", "y"], [True, False])
    low, high = figure.axes[2].images[1].get_clim()
    assert low == -high and high > 1


def test_ratios_show_quartiles():
    ax = measures.plot_ratios({"a": torch.arange(101.0), "b": torch.ones(5)}, "t")
    box = ax.patches[0]
    assert (box.get_x(), box.get_x() + box.get_width()) == (25, 75)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.lines[0].get_xdata().tolist() == [5, 95] and ax.lines[1].get_xdata().tolist() == [50, 50]


def test_distances_have_a_mark_a_head():
    distances = {"new": torch.full((3, 2), 4.0), "old": torch.arange(6.0).reshape(3, 2)}
    ax = measures.plot_distances(distances, 5.0, "t")
    assert ax.lines[1].get_ydata().tolist() == [0, 1, 2, 3, 4, 5]
    assert np.round(ax.lines[1].get_xdata()).tolist() == [1, 1, 2, 2, 3, 3]
    assert ax.lines[2].get_ydata()[0] == 5


def test_the_mosaic_puts_each_map_at_its_patch():
    similarity = torch.zeros(2, 3, 2, 3)
    similarity[1, 2, 0, 1] = 0.7
    figure = measures.plot_similarity_mosaics({"a": similarity, "b": similarity})
    mosaic = figure.axes[1].images[0].get_array().filled(np.nan)
    assert mosaic.shape == (5, 11) and mosaic[3 + 0, 8 + 1] == pytest.approx(0.7)
    assert np.isnan(mosaic[2]).all() and np.nansum(mosaic) == pytest.approx(0.7)


def test_token_lengths_share_one_scale():
    lengths = {"a": torch.rand(2, 2, 3), "b": 3 * torch.rand(2, 2, 3)}
    spread = {name: values.flatten() for name, values in lengths.items()}
    figure = measures.plot_token_lengths(torch.rand(2, 3, 4, 6), lengths, spread)
    axes = figure.axes
    np.testing.assert_allclose(axes[5].images[0].get_array(), lengths["b"][1])
    assert axes[2].images[0].get_clim() == axes[5].images[0].get_clim()


def test_deletion_keeps_its_data():
    ax = measures.plot_deletion((0, 2, 4), {"a": [0.9, 0.5, 0.2], "b": [0.9, 0.8, 0.7]}, 0.1, "t")
    assert ax.lines[1].get_ydata().tolist() == pytest.approx([90, 80, 70]) and ax.lines[2].get_ydata()[0] == 10


def test_an_explanation_breaks_long_lines_and_works_without_attention():
    image, falls = torch.rand(3, 8, 8), {"for x": torch.randn(3, 3)}
    heads = {f"head {i}": torch.rand(2, 2) for i in range(9)}
    figure = plot_explanation(image, {"x": 0.75, "y": 0.25}, {"heads": heads}, falls)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert [title for title in titles if title.startswith("head")] == list(heads)
    assert [bar.get_width() for bar in figure.axes[1].patches] == [75, 25]
    plain = plot_explanation(image, {"x": 1.0}, {}, falls)
    assert "for x" in [ax.get_title() for ax in plain.axes]
