"""What a solved notebook shows is small, free of widgets, and tells nothing of the machine."""

import base64
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from vitcourse.authoring.outputs import STATE, WIDGET, _filtered_png, clean, output_problems, round_photographs, shrink


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels_of(encoded):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")).astype(int)


def drawn(draw):
    """What a figure looks like as an output of matplotlib's, by `draw(figure)`."""
    figure = Figure(figsize=(5, 3), dpi=100)
    draw(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return base64.b64encode(file.getvalue()).decode()


def colour_bar(figure):
    axes = figure.subplots()
    figure.colorbar(axes.imshow(np.random.default_rng(0).normal(size=(20, 30)), cmap="viridis"))


def photograph(figure):
    y, x = np.mgrid[:60, :90]
    noise = np.random.default_rng(0).normal(0, 0.02, (60, 90, 3))
    figure.subplots().imshow(np.clip(np.stack([x / 90, y / 60, 1 - x / 90], -1) + noise, 0, 1))


def lines(figure):
    axes = figure.subplots()
    for power in (1, 2, 3):
        axes.plot(np.linspace(0, 1, 50) ** power, label=str(power))
    axes.legend()


def bars(figure):
    axes = figure.add_axes((0, 0, 1, 1))
    axes.bar([1, 2], [3, 4], color=["red", "blue"])
    axes.axis("off")


@pytest.mark.parametrize("draw", [colour_bar, photograph, lines, bars])
def test_a_picture_shrinks_and_every_pixel_keeps_its_colour(draw):
    picture = drawn(draw)
    small = shrink(picture)
    assert len(small) < len(picture)
    assert (pixels_of(small) == pixels_of(picture)).all()
    assert shrink(small) == small


def test_the_colour_bar_and_the_photograph_have_more_colours_than_a_palette():
    for draw in (colour_bar, photograph):
        assert len(np.unique(pixels_of(drawn(draw)).reshape(-1, 3), axis=0)) > 256


def test_only_photographs_are_rounded_and_nobody_sees_it():
    pictures = {draw: shrink(drawn(draw)) for draw in (photograph, colour_bar, lines, bars)}
    cells = [new_code_cell("x", id=draw.__name__) for draw in pictures]
    for cell, picture in zip(cells, pictures.values(), strict=True):
        cell.outputs = [new_output("display_data", data={"image/png": picture, "text/plain": "<Figure>"})]
    round_photographs(new_notebook(cells=cells))
    rounded = {cell.id: cell.outputs[0].data["image/png"] for cell in cells}
    assert all(rounded[draw.__name__] == pictures[draw] for draw in (colour_bar, lines, bars))
    before, after = pixels_of(pictures[photograph]), pixels_of(rounded["photograph"])
    assert np.abs(after - before).max() == 2 and len(rounded["photograph"]) < 0.95 * len(pictures[photograph])
    assert (after[before == 255] == 255).all() and (after[before == 0] == 0).all(), "paper and ink stay"


@pytest.mark.parametrize("kind", [0, 2])
def test_each_way_to_pack_keeps_every_pixel(kind):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    file = _filtered_png(pixels, kind)
    assert (np.asarray(Image.open(io.BytesIO(file))) == pixels).all()


def test_few_colours_get_a_palette_of_just_these():
    picture = drawn(bars)
    small = shrink(picture)
    assert Image.open(io.BytesIO(base64.b64decode(small))).mode == "P" and len(small) < 0.8 * len(picture)


def test_transparent_paper_becomes_white():
    pixels = np.zeros((50, 50, 4), np.uint8)
    pixels[10:40, 10:40] = np.random.default_rng(0).integers(0, 256, (30, 30, 4))
    pixels[..., 3] = np.where(pixels[..., :3].sum(-1) > 0, 255, 0)
    assert (pixels_of(shrink(png(pixels)))[0, 0] == 255).all()


def widget_notebook():
    """A notebook whose one output is a box with a slider's label, a picture and an Output widget."""
    picture = png(np.zeros((4, 4, 3), np.uint8))
    stream = {"output_type": "stream", "name": "stdout", "text": "captured\n"}
    state = {
        "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_html", "IPY_MODEL_pic", "IPY_MODEL_out"]}},
        "html": {"model_name": "HTMLModel", "state": {"value": "<b>10/10</b> &lt;1 s"}},
        "pic": {
            "model_name": "ImageModel",
            "state": {"format": "png"},
            "buffers": [{"path": ["value"], "data": picture, "encoding": "base64"}],
        },
        "out": {"model_name": "OutputModel", "state": {"outputs": [stream]}},
    }
    cell = new_code_cell("box", id="box")
    cell.outputs = [new_output("display_data", data={WIDGET: {"model_id": "box"}, "text/plain": "VBox()"})]
    return new_notebook(cells=[cell], metadata={"widgets": {STATE: {"state": state}}})


def test_a_widget_is_replaced_by_what_it_shows():
    notebook = widget_notebook()
    clean(notebook)
    outputs = notebook.cells[0].outputs
    assert "image/png" in outputs[0].data and outputs[1].text == "captured\n"
    assert "widgets" not in notebook.metadata and WIDGET not in str(notebook)


def test_a_widget_without_pictures_leaves_its_words():
    notebook = widget_notebook()
    state = notebook.metadata["widgets"][STATE]["state"]
    state["box"]["state"]["children"] = ["IPY_MODEL_html", "IPY_MODEL_box"]  # and a loop does no harm
    clean(notebook)
    assert notebook.cells[0].outputs[0].data["text/plain"] == "10/10 <1 s"


@pytest.mark.parametrize(
    "text",
    ["/root/x", "/tmp/y", "/home/ada/z", "see /opt/course/labs", "lib/site-packages/torch", "https://pypi.org/x"],
)
def test_the_machine_is_not_shown(text):
    cell = new_code_cell("x", id="x")
    cell.outputs = [new_output("stream", text="fine\n" + text + "\n")]
    notebook = new_notebook(cells=[cell])
    problems = output_problems(notebook, root="/opt/course")
    assert len(problems) == 1
    assert "cell x" in problems[0] and text in problems[0]


def test_plain_words_are_fine():
    cell = new_code_cell("x", id="x")
    cell.outputs = [new_output("stream", text="the square root / the temporary home\n")]
    assert output_problems(new_notebook(cells=[cell]), root="/opt/course") == []
