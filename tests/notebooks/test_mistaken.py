"""A learner who makes a known mistake in every exercise: each one is named, and every later cell still runs.

Slow cells are left out, as in the blank run: the solved notebooks run them.
"""

from pathlib import Path

import pytest
from nbformat import read

from tests.notebooks.test_blank import NOTEBOOKS, quick_part, run_as_learner
from vitcourse.exercises import get_exercise
from vitcourse.workbook.answers import changed_text
from vitcourse.workbook.report import as_text
from vitcourse.workbook.reference_text import BEGIN, END


def wrong_cell(exercise):
    """A mistake with a text of its own (not one that raises at once), and that text as a learner's cell."""
    mistake = next(m for m in exercise.mistakes if isinstance(m.change, tuple))
    lines = changed_text(exercise.id, mistake.change).splitlines()
    return mistake, "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_mistake_is_named_and_the_rest_runs(path: Path, tmp_path):
    notebook = read(path, 4)
    quick_part(notebook)
    expected = {}
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            mistake, cell.source = wrong_cell(get_exercise(cell.id))
            expected[f"check-{cell.id}"] = mistake
    assert expected
    run_as_learner(notebook, path.parent, tmp_path)
    for cell in notebook.cells:
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        assert not errors, f"cell {cell.id} failed: {errors[0].ename}: {errors[0].evalue}"
        if cell.id in expected:
            shown = "\n".join(str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs)
            assert expected[cell.id].message in shown, f"{cell.id}: {expected[cell.id].id} is not named, but: {shown}"


def test_the_words_are_those_of_the_card():
    from vitcourse.workbook import run_check

    mistake, text = wrong_cell(get_exercise("count_tokens"))
    space = {}
    exec(text, space)
    assert mistake.message in as_text(run_check("count_tokens", space["count_tokens"]))
