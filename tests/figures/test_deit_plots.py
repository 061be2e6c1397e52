"""The plots of lab 07 draw the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vitcourse.figures.plots import deit as plots


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_the_model_is_drawn_with_both_tokens_heads_and_the_teacher():
    words = " ".join(text.get_text() for text in plots.plot_distilled_vit().axes[0].texts)
    for word in ("class token", "distillation token", "head", "head_dist", "teacher", "no gradient"):
        assert word in words


def test_soft_labels_are_bars_of_the_probabilities():
    logits = torch.randn(3, 4)
    probabilities = {T: (logits / T).softmax(dim=1) for T in (1, 3)}
    figure = plots.plot_soft_labels(torch.rand(3, 3, 8, 8), probabilities, list("abcd"), torch.tensor([0, 3, 1]))
    assert [ax.get_title() for ax in figure.axes[:3]] == ["a", "d", "b"]
    heights = [bar.get_height() for bar in figure.axes[4].patches]
    np.testing.assert_allclose(heights, torch.cat([probabilities[T][1] for T in (1, 3)]).numpy())
    assert [text.get_text() for text in figure.axes[3].get_legend().get_texts()] == ["T = 1", "T = 3"]


def test_students_are_dots_with_their_mean():
    ax = plots.plot_students({"alone": [0.5, 0.7], "hard": torch.tensor([0.8, 0.9])}, "Who learns more")
    drawn = [line.get_xdata() for line in ax.lines]
    np.testing.assert_allclose(drawn[0], [0.5, 0.7])
    np.testing.assert_allclose(drawn[1], [0.6, 0.6])
    np.testing.assert_allclose(drawn[3], [0.85, 0.85], atol=1e-6)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["alone", "hard"]


def test_curves_are_the_values_given():
    ax = plots.plot_data_hunger([100, 1000], {"CNN": [0.5, 0.9], "ViT": [0.2, 0.4]})
    assert [line.get_label() for line in ax.lines] == ["CNN", "ViT"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [0.2, 0.4])
    ax = plots.plot_token_cosines({"DeiT": torch.tensor([0.1, 0.5, 0.9])})
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [0.1, 0.5, 0.9], atol=1e-6)
