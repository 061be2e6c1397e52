"""Where no widget can run, an explorer leaves a picture and words: in a kernel without a page, in a kept notebook."""

import base64

import pytest

nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")

from vitcourse.authoring.outputs import clean, output_problems  # noqa: E402

CELL = """
import torch
from vitcourse.figures.widgets import explore_patches
explorer = explore_patches(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
explorer
"""


def test_a_kept_notebook_holds_the_picture_its_words_and_no_widget(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbclient.NotebookClient(notebook, timeout=600).execute()
    (output,) = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data, "a front end finds the widget"
    clean(notebook)
    (output,) = notebook.cells[0].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert "tokens of" in output.metadata["image/png"]["alt"] and "tokens of" in output.data["text/plain"]
    assert output_problems(notebook, tmp_path) == []
    nbformat.validate(notebook)
