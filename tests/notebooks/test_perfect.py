"""A learner who solves everything, lab after lab, in one progress folder: all PASS, and later labs run on their code.

Their code carries a mark (the first word of each docstring), and each notebook ends with a look at what `mine` gives
there. Slow cells are left out, as in the blank run; nbval runs the solved notebooks whole.
"""

import os

from nbformat import read
from nbformat.v4 import new_code_cell

from tests.notebooks.test_blank import NOTEBOOKS, quick_part, run_as_learner
from vitcourse.exercises import LABS
from vitcourse.workbook.reference_text import solution_source

MARK = "Marked. "
LOOK = """
from vitcourse import mine
for name in {names}:
    assert mine(name).__doc__.startswith({mark!r}), name
print("all of it is theirs")
"""
MODEL = """
model = mine("ViT")(img_size=8, patch_size=4, in_chans=3, num_classes=5, embed_dim=8, depth=1, num_heads=2)
for piece in (model, model.patch_embed, model.tokens, model.blocks[0], model.blocks[0].attn):
    assert type(piece).__doc__.startswith({mark!r}), type(piece)
"""


def marked(name):
    """The right answer with a mark in it."""
    return solution_source(name).replace('"""', '"""' + MARK, 1)


def test_every_check_passes_and_later_labs_are_made_of_the_learners_code(tmp_path):
    solved = []
    for lab, path in zip(LABS, NOTEBOOKS, strict=True):
        notebook = read(path, 4)
        quick_part(notebook)
        for cell in notebook.cells:
            if "exercise" in cell.metadata.get("tags", []):
                cell.source = marked(cell.id)
        solved += lab.exercises
        look = LOOK.format(names=solved, mark=MARK) + (MODEL.format(mark=MARK) if "ViT" in solved else "")
        notebook.cells.append(new_code_cell(look, id="look"))
        home = tmp_path / lab.stem
        home.mkdir()
        if lab.number:  # the progress of the lab before goes on here
            os.rename(tmp_path / LABS[lab.number - 1].stem / "progress", home / "progress")
        run_as_learner(notebook, path.parent, home)
        for cell in notebook.cells:
            errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
            assert not errors, f"{path.stem}, cell {cell.id}: {errors[0].ename}: {errors[0].evalue}"
            if "check" in cell.metadata.get("tags", []):
                assert "PASS" in str(cell.outputs), f"{path.stem}, cell {cell.id}: {str(cell.outputs)[:400]}"
        assert "all of it is theirs" in str(notebook.cells[-1].outputs)
