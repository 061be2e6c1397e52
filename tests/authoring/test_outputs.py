"""What a solved notebook shows is small, free of widgets, and tells nothing of the machine."""

import base64
import io

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from vitcourse.authoring.outputs import STATE, WIDGET, clean, output_problems, shrink


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels_of(encoded):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")).astype(int)


def test_a_picture_shrinks_and_looks_the_same():
    y, x = np.mgrid[:200, :300]
    noise = np.random.default_rng(0).integers(0, 20, (200, 300))  # or PNG's own packing would win
    pixels = np.stack([x * 230 // 299, y * 230 // 199, noise], -1).astype(np.uint8)
    small = shrink(png(pixels))
    assert len(small) < len(png(pixels))
    assert np.abs(pixels_of(small) - pixels).mean() < 12
    assert shrink(small) == small


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
