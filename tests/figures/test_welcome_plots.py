"""Lab 00's picture names the shapes of the values that it draws."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from vitcourse.figures.plots.welcome import plot_examples, plot_pipeline
from vitcourse.figures.style import style_context


@pytest.fixture(autouse=True)
def course_style():
    with style_context():
        yield
    plt.close("all")


def test_the_pipeline_names_every_shape():
    figure = plot_pipeline(
        image=torch.rand(3, 8, 12),
        tiles=torch.rand(6, 3, 4, 4),
        embedded=torch.randn(6, 5),
        tokens=torch.randn(7, 5),
        encoded=torch.randn(7, 5),
        logits=torch.tensor([0.5, -1.0, 2.0]),
        classes=("a", "b", "c"),
        grid=(2, 3),
        depth=9,
    )
    said = " ".join(text.get_text() for text in figure.texts)
    for shape in ("(3, 8, 12)", "(6, 48)", "(6, 5)", "(7, 5)", "(3,)", "9 blocks", "3·4·4"):
        assert shape in said
    bars = figure.axes[-1]
    assert [bar.get_width() for bar in bars.patches] == [0.5, -1.0, 2.0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["a", "b", "c"]


def test_no_words_of_the_pipeline_lie_on_each_other():
    figure = plot_pipeline(
        image=torch.rand(3, 32, 32),
        tiles=torch.rand(16, 3, 8, 8),
        embedded=torch.randn(16, 64),
        tokens=torch.randn(17, 64),
        encoded=torch.randn(17, 64),
        logits=torch.randn(10),
        classes=("T upside down",) * 10,
        grid=(4, 4),
        depth=4,
    )
    figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.texts]
    boxes += [(label.get_text(), label.get_window_extent()) for label in figure.axes[-1].get_yticklabels()]
    boxes += [("an image", ax.get_window_extent()) for ax in figure.axes]
    for i, (name, box) in enumerate(boxes):
        assert not any(box.overlaps(other) for _, other in boxes[i + 1 :]), name


def test_examples_carry_their_names():
    figure = plot_examples(torch.randint(0, 256, (7, 3, 4, 4), dtype=torch.uint8), list("abcdefg"))
    assert [ax.get_title() for ax in figure.axes] == [*"abcdefg", "", "", ""]
