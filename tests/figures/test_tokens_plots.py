"""Lab 02's plots draw the data they are given."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vitcourse.figures.plots import tokens as plots


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _images(figure):
    return [np.asarray(image.get_array()) for ax in figure.axes for image in ax.get_images()]


def test_bag_and_tokens_show_the_patches():
    images = torch.rand(2, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    left, right = _images(plots.plot_bag(images[0], images[1], (2, 3)))
    assert np.allclose(left, images[0].permute(1, 2, 0)) and np.allclose(right, images[1].permute(1, 2, 0))
    tiles = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    figure = plots.plot_tokens(tiles, (2, 3))
    drawn = _images(figure)
    assert len(drawn) == 6 and np.allclose(drawn[4], tiles[4].permute(1, 2, 0))
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {"class\ntoken", "row 1\ncol 2", "6"} <= words


def test_waves_have_a_line_per_frequency():
    places = torch.arange(5)
    waves = torch.rand(5, 3)
    axes = plots.plot_waves(places, waves, torch.tensor([1.0, 0.1, 0.01])).axes[0]
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == waves.T.tolist()


def test_table_is_drawn_as_it_is():
    table = torch.rand(6, 8)
    assert np.allclose(_images(plots.plot_table(table, (2, 3)))[0], table)


def test_similarity_maps_are_those_of_the_chosen_patches():
    similarity = torch.rand(2, 3, 2, 3)
    trained = torch.rand(4, 4, 4, 4, requires_grad=True)
    figure = plots.plot_similarity([similarity, trained], ["one", "other"], [[(0, 2), (1, 0)], [(3, 1), (0, 0)]])
    expected = [similarity[0, 2], similarity[1, 0], trained[3, 1], trained[0, 0]]
    for drawn, wanted in zip(_images(figure)[:4], expected, strict=True):
        assert np.allclose(drawn, wanted.detach())


def test_resampled_features_are_drawn_on_both_grids():
    old, new = torch.rand(2, 3, 5), torch.rand(4, 6, 5)
    drawn = _images(plots.plot_resampled(old, new, [0, 4]))
    assert np.allclose(drawn[1], old[..., 4]) and np.allclose(drawn[2], new[..., 0])


def test_accuracies_are_the_bars_lengths():
    axes = plots.plot_accuracies(["a", "b"], [0.9, 0.5], [0.4, 0.5], 0.1, "what").axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([90, 50, 40, 50])
