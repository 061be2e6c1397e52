"""A learner in a real browser: opens lab 01, types an answer, sees PASS; types a wrong one, sees what is wrong."""

import pytest

from vitcourse.exercises import get_exercise
from vitcourse.workbook.reference_text import solution_source

from .jupyter import NotebookPage

expect = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright").expect
NAME, EXERCISE = "01_patches", "patchify"


def wrong_answer():
    """A known mistake that is one change of the reference's text, and the text with that change."""
    text = solution_source(EXERCISE)
    for mistake in get_exercise(EXERCISE).mistakes:
        if isinstance(mistake.change, tuple) and len(mistake.change) == 2 and text.count(mistake.change[0]) == 1:
            return mistake, text.replace(*mistake.change)
    raise AssertionError(f"{EXERCISE} has no known mistake that is a change of its text")


def test_a_learner_types_answers_and_sees_the_checkers_words(lab, page, photograph):
    mistake, wrong = wrong_answer()
    notebook = NotebookPage(page, lab, f"notebooks/{NAME}.ipynb")
    photograph(page, "1-opened")
    assert notebook.is_folded("setup")
    expect(notebook.cell("setup")).to_contain_text("Setup: run this cell first.")
    for cell in notebook.cells[: notebook.places[EXERCISE]]:
        if cell["cell_type"] == "code":
            notebook.run(cell["id"])
    expect(notebook.output("setup")).to_contain_text("Ready.")
    assert notebook.is_folded("setup"), "running it does not open it"

    check = f"check-{EXERCISE}"
    notebook.run(EXERCISE)
    notebook.run(check)
    expect(notebook.output(check)).to_contain_text("NOT ATTEMPTED")

    notebook.type_into(EXERCISE, solution_source(EXERCISE))
    notebook.run(EXERCISE)
    notebook.run(check)
    expect(notebook.output(check)).to_contain_text("PASS")
    photograph(page, "2-pass")

    notebook.type_into(EXERCISE, wrong)
    notebook.run(EXERCISE)
    notebook.run(check)
    expect(notebook.output(check)).to_contain_text("FAIL")
    expect(notebook.output(check)).to_contain_text(mistake.message.replace("`", ""))
    photograph(page, "3-mistake")
    assert (lab.progress / "progress.json").exists()
    assert page.crashes == []
