"""A learner in a real browser: opens lab 01, types an answer, sees PASS; types a wrong one, sees what is wrong."""

import os
import shutil
from pathlib import Path

import pytest

from vitcourse.exercises import get_exercise
from vitcourse.workbook.source import solution_source

from .jupyter import CHROMIUM, Lab, NotebookPage

ROOT = Path(__file__).parents[2]
NAME, EXERCISE = "01_patches", "patchify"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

if BROWSER is None:
    pytest.skip("the browser test was skipped: there is no Chromium here", allow_module_level=True)
try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    pytest.skip("the browser test was skipped: playwright is not installed here", allow_module_level=True)


@pytest.fixture
def course(tmp_path):
    """A copy of the notebooks beside the package, so that the test cannot change the repository."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (root / "vitcourse").symlink_to(ROOT / "vitcourse")
    return root


@pytest.fixture
def photograph(tmp_path):
    """Save a picture of the page under a name; in $VITCOURSE_SHOTS where that is set."""
    folder = Path(os.environ.get("VITCOURSE_SHOTS") or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=str(folder / f"{name}.png"))


@pytest.fixture
def page(tmp_path):
    """A page in headless Chromium."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "chromium"),
            executable_path=BROWSER,
            args=CHROMIUM,
            headless=True,
            viewport=dict(width=1300, height=1500),
        )
        page = context.pages[0] if context.pages else context.new_page()
        page.set_default_timeout(60_000)
        page.crashes = []
        page.on("pageerror", lambda error: page.crashes.append(str(error)[:300]))
        yield page
        context.close()


def wrong_answer():
    """A known mistake that is one change of the reference's text, and the text with that change."""
    text = solution_source(EXERCISE)
    for mistake in get_exercise(EXERCISE).mistakes:
        if isinstance(mistake.change, tuple) and len(mistake.change) == 2 and text.count(mistake.change[0]) == 1:
            return mistake, text.replace(*mistake.change)
    raise AssertionError(f"{EXERCISE} has no known mistake that is a change of its text")


def test_a_learner_types_answers_and_sees_the_checkers_words(course, page, photograph, tmp_path):
    mistake, wrong = wrong_answer()
    with Lab(course, progress=tmp_path / "progress") as lab:
        notebook = NotebookPage(page, lab, f"notebooks/{NAME}.ipynb")
        photograph(page, "1-opened")
        for cell in notebook.cells[: notebook.places[EXERCISE]]:
            if cell["cell_type"] == "code":
                notebook.run(cell["id"])
        expect(notebook.output("setup")).to_contain_text("Ready.")

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
    assert (tmp_path / "progress" / "progress.json").exists()
    assert page.crashes == []
