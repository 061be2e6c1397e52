"""The plots of lab 04 draw the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vitcourse.figures.plots import vit as plots


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_the_two_blocks_have_the_same_parts():
    figure = plots.plot_blocks()
    for ax in figure.axes:
        words = [text.get_text() for text in ax.texts]
        assert sorted(words) == sorted(["tokens", "", "norm1", "attn", "+", "norm2", "mlp", "+"])


def test_activation_curves_are_the_values_given():
    x = torch.linspace(-2, 2, 9)
    ax = plots.plot_activations(x, {"ReLU": x.relu(), "GELU": torch.nn.functional.gelu(x)})
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(drawn["ReLU"], x.relu().numpy())


def test_depth_draws_each_series():
    depths = [2, 4, 8]
    figure = plots.plot_depth(
        depths,
        {"a": [4.0, 3.0, 2.0], "b": [4.0, 4.0, 5.0]},
        {"a": np.ones(8), "b": np.ones(8)},
        {"a": [0.1, 0.2, 0.3], "b": [0.5, 0.6, 0.7], "c": [1, 1, 1]},
    )
    drawn = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    np.testing.assert_allclose(drawn["b"], [4, 4, 5])
    np.testing.assert_allclose(drawn["as 1/√depth"][-1], 4 / 2)
    assert len(figure.axes[2].lines) == 3


def test_shares_add_up_to_the_whole():
    ax = plots.plot_parameter_shares({"one": {"x": 30, "y": 10}, "two": {"x": 1, "y": 1}})
    widths = np.array([[bar.get_width() for bar in container] for container in ax.containers])
    np.testing.assert_allclose(widths, [[75, 50], [25, 50]])


def test_stream_draws_the_lengths():
    norms = torch.rand(2, 3, 4, 5)
    figure = plots.plot_stream(torch.rand(2, 3, 8, 10), norms, ["a", "b", "c"], torch.rand(2, 3))
    maps = [ax.images[0].get_array() for ax in figure.axes]
    np.testing.assert_allclose(maps[1 * 4 + 2], norms[1, 1].numpy())
