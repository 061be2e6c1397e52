"""A learner's day with a copy of their own, in a real browser: open, answer, save, update, open again."""

import json
import subprocess
import sys

import pytest

from vitcourse.common.places import REPO
from vitcourse.workbook.reference_text import solution_source

from .jupyter import Lab, NotebookPage, wait_until

expect = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright").expect
NAME, EXERCISE, CHECK = "00_welcome", "count_tokens", "check-count_tokens"
OLD = "# Lab 00 as it was in an older course\n"


def vitcourse(*arguments):
    """Run the command as a shell does; returns what it printed."""
    command = [sys.executable, "-m", "vitcourse", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=REPO)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_older(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = [OLD]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def cell_of(path, key):
    """(source, outputs) of a cell in a file."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return next(("".join(cell["source"]), cell.get("outputs")) for cell in cells if cell["id"] == key)


def test_an_answer_typed_in_jupyterlab_is_there_after_an_update(page, photograph, tmp_path):
    work, progress = tmp_path / "work", tmp_path / "progress"
    vitcourse("update", "--work", str(work))  # away from the course, so that nothing but the installed course is there
    path = work / f"{NAME}.ipynb"
    for each in (path, work / ".course" / path.name):
        make_older(each)
    with Lab(work, progress, ["-m", "vitcourse", "lab", "--work", str(work), "--"]) as lab:
        assert "newer notebooks: 00_welcome" in lab.log.read_text() and OLD in path.read_text().replace("\\n", "\n")
        notebook = NotebookPage(page, lab, path.name)
        for key in ("setup", "imports"):
            notebook.run(key)
        expect(notebook.output("setup")).to_contain_text("Ready.")
        notebook.type_into(EXERCISE, solution_source(EXERCISE))
        notebook.run(EXERCISE)
        notebook.run(CHECK)
        expect(notebook.output(CHECK)).to_contain_text("PASS")
        page.keyboard.press("Control+S")
        wait_until(lambda: cell_of(path, CHECK)[1], 60, "the notebook was not saved", page.wait_for_timeout)

        saved = cell_of(path, EXERCISE)
        printed = vitcourse("update", "--work", str(work))
        assert f"{NAME}: updated" in printed and "backup-1" in printed
        assert cell_of(path, EXERCISE) == saved and saved[0].strip() == solution_source(EXERCISE).strip()

        notebook = NotebookPage(page, lab, path.name)
        expect(notebook.cell("intro")).to_contain_text("Lab 00: Welcome")
        expect(notebook.cell(EXERCISE)).to_contain_text("def count_tokens")
        expect(notebook.output(CHECK)).to_contain_text("PASS")
        photograph(page, "own-copy-after-update")
        assert (work / f"{NAME}.backup-1.ipynb").is_file()
    assert page.crashes == []
