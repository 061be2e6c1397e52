"""Lab 01's figures show the patches they are given, in the order they are given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vitcourse.figures.plots.patches import (
    plot_costs,
    plot_idea,
    plot_patches,
    plot_round_trip,
    plot_sequences,
    plot_words,
)
from vitcourse.figures.style import style_context
from vitcourse.reference.patches import patchify, unpatchify


@pytest.fixture(autouse=True)
def course_style():
    with style_context():
        yield
    plt.close("all")


@pytest.fixture
def image():
    return torch.rand(3, 8, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def tiles(image):
    return patchify(image[None], 4).reshape(6, 3, 4, 4)  # 2 rows and 3 columns


def pictures(ax):
    return [picture.get_array() for picture in ax.get_images()]


def test_patches_stand_where_they_were_cut(image, tiles):
    grid, sequence = plot_patches(tiles, (2, 3)).axes
    for ax, columns in ((grid, 3), (sequence, 6)):
        for n, picture in enumerate(ax.get_images()):
            left, right, bottom, top = picture.get_extent()
            assert np.allclose(picture.get_array(), tiles[n].permute(1, 2, 0))
            assert round(left / 1.12) == n % columns
            assert right - left == pytest.approx(1) and bottom - top == pytest.approx(1)
    rows = [picture.get_extent()[3] for picture in grid.get_images()]
    assert rows[0] == rows[2] < rows[3] == rows[5]
    assert [text.get_text() for text in sequence.texts] == list("012345")


def test_the_vector_is_drawn_channel_by_channel(image, tiles):
    figure = plot_idea(image, tiles, (2, 3), chosen=4)
    figure.canvas.draw()
    parts = pictures(figure.axes[-1])
    assert np.allclose(np.concatenate([part.ravel() for part in parts]), tiles[4].flatten())
    assert "patch 4" in figure.axes[1].get_title()
    assert np.allclose(pictures(figure.axes[1])[0], image[:, 4:8, 4:8].permute(1, 2, 0))


def test_each_sequence_has_its_own_row_and_name(tiles):
    figure = plot_sequences({"right": tiles, "backwards": tiles.flip(0)})
    assert [ax.get_ylabel() for ax in figure.axes] == ["right", "backwards"]
    assert np.allclose(pictures(figure.axes[1])[0], tiles[5].permute(1, 2, 0))


def test_round_trip_shows_the_matrix_of_patches(image):
    images = torch.stack([image, image.flip(2)])
    patches = patchify(images, 4)
    figure = plot_round_trip(images, patches, unpatchify(patches, 4, (2, 3)))
    assert np.allclose(pictures(figure.axes[3])[0], patches[1])


def test_words_and_costs_are_drawn(image, tiles):
    assert len(plot_words(tiles, image[None], image[None]).subfigs) == 2
    figure = plot_costs([4, 8], [16, 4], [256, 16], [3.0, 1.0], "seconds")
    left, right = figure.axes
    assert sorted(tuple(line.get_ydata()) for line in left.lines) == [(16, 4), (256, 16)]
    assert tuple(right.lines[0].get_ydata()) == (3.0, 1.0) and right.get_ylabel() == "seconds"


def test_grey_images_are_drawn_in_grey(tiles):
    for ax in plot_patches(tiles[:, :1], (2, 3)).axes:
        assert ax.get_images()[0].get_cmap().name == "gray"
