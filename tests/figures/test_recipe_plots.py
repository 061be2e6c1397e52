"""The recipe's plots draw the numbers they are given, and the live curve updates one picture."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from vitcourse.figures import live
from vitcourse.figures.live import TrainingDashboard
from vitcourse.figures.plots.maps import plot_attention_overlays
from vitcourse.figures.plots.recipe import (
    plot_augmentations,
    plot_confusion,
    plot_history,
    plot_predictions,
)
from vitcourse.figures.style import GREY, RED, style_context, to_image, use_style
from vitcourse.training.config import History


@pytest.fixture(autouse=True)
def course_style():
    with style_context():
        yield
    plt.close("all")


def test_history_draws_the_losses_and_the_accuracy():
    left, right = plot_history([2.0, 1.0], [2.1, 1.4], [0.3, 0.6], epochs=5).axes
    assert [list(line.get_ydata()) for line in left.lines] == [[2.0, 1.0], [2.1, 1.4]]
    assert list(right.lines[0].get_ydata()) == [0.3, 0.6] and left.get_xlim()[1] > 5
    plot_history([], [], []).canvas.draw()


def test_confusion_shows_counts_and_shares_of_the_true_class():
    ax = plot_confusion(torch.tensor([[8, 2], [0, 0]]), ["a", "b"])
    assert [text.get_text() for text in ax.texts] == ["8", "2"]
    assert ax.images[0].get_array().tolist() == [[0.8, 0.2], [0, 0]]  # a class without images divides by nothing


def test_predictions_name_the_truth_only_where_wrong():
    images = torch.zeros(3, 3, 4, 6, dtype=torch.uint8)
    axes = plot_predictions(images, [0, 1, 1], torch.tensor([0, 0, 1]), ["a", "b"], [0.5, 0.9, 1.0], columns=2).axes
    titles = [ax.get_title() for ax in axes]
    assert titles == ["a 50%\nright", "a 90%\nnot b", "b 100%\nright", ""]
    assert axes[1].title.get_color() == RED and axes[0].title.get_color() == GREY


def test_augmentations_take_rows_of_different_length_and_grey_images():
    figure = plot_augmentations({"as it is": torch.rand(2, 1, 4, 4), "crop": torch.rand(3, 1, 4, 4)})
    assert [ax.get_ylabel() for ax in figure.axes[::3]] == ["as it is", "crop"]


def test_attention_is_drawn_in_even_shares_over_the_whole_image():
    maps = torch.full((3, 2, 4), 1 / 8)
    figure = plot_attention_overlays(torch.rand(3, 3, 8, 16), maps, ["x", "y", "z"], [True, False, False], columns=2)
    figure.canvas.draw()
    overlay = figure.axes[2].images[1]
    assert overlay.get_array().min() == overlay.get_array().max() == 1 and tuple(overlay.get_extent()) == (0, 16, 8, 0)
    assert figure.axes[0].title.get_color() == RED and figure.axes[0].get_title() == "x"


def test_to_image_puts_channels_last_in_0_to_1():
    image = torch.zeros(3, 2, 5, dtype=torch.uint8)
    image[1, 0, 4] = 255
    assert to_image(image).shape == (2, 5, 3) and to_image(image)[0, 4].tolist() == [0, 1, 0]
    assert to_image(torch.full((1, 2, 5), 7.0)).max() == 1 and to_image(torch.rand(1, 2, 5)).shape == (2, 5)


def test_use_style_sets_the_colour_map():
    use_style()
    assert plt.rcParams["image.cmap"] == "viridis" and plt.rcParams["figure.facecolor"] == "white"


def grown(epochs):
    history = History(epochs=3)
    for _ in range(epochs):
        history.add(train_loss=1.0, test_loss=1.0, test_accuracy=0.5, lr=0.1, seconds=1.0)
    return history


def test_the_live_curve_draws_seldom_but_always_the_last_epoch():
    curve, pictures = TrainingDashboard(seconds=1000), []
    for epochs in (1, 2, 3):
        curve(grown(epochs))
        pictures.append(curve.png)
    assert pictures[0] is pictures[1] is not pictures[2]
    assert pictures[0].startswith(b"\x89PNG") and not plt.get_fignums()


def test_in_a_notebook_the_live_curve_leaves_one_picture(monkeypatch):
    """Run it in a real kernel, without a browser, as the build does."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cell = """
from vitcourse.figures.live import TrainingDashboard
from vitcourse.training.config import History
curve, history = TrainingDashboard(seconds=0), History(epochs=2)
for _ in range(2):
    history.add(train_loss=1.0, test_loss=1.0, test_accuracy=0.5, lr=0.1, seconds=1.0)
    curve(history)
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata["kernelspec"] = kernel
    nbclient.NotebookClient(notebook, timeout=600).execute()
    outputs = notebook.cells[0].outputs
    assert [list(output.get("data", {})) for output in outputs] == [["image/png", "text/plain"]]


def test_outside_a_notebook_nothing_is_shown(capsys):
    assert not live.in_notebook()
    TrainingDashboard()(grown(3))
    assert capsys.readouterr().out == ""
