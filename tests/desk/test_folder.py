"""The learner's folder: copies with their base, updates, blank ones, backups; also when the disk says no."""

import copy
import json
import os
from pathlib import Path

import pytest

from vitcourse.common.errors import CourseError
from vitcourse.common.places import REPO
from vitcourse.desk import folder
from vitcourse.desk.folder import Desk, holds_work, work_folder
from vitcourse.desk.notebook import as_built, is_exercise, read

from .notebooks import answer, cell, course, find, insert, load, notebook, put, remove, run_all, stub, text, write

LAB, OTHER = "01_cut", "02_paste"


@pytest.fixture
def desk(tmp_path):
    """A course of two labs outside git, and the learner's folder filled from it."""
    for name in (LAB, OTHER):
        write(tmp_path / "course" / "notebooks" / f"{name}.ipynb", course())
    desk = Desk(tmp_path / "work", tmp_path / "course")
    desk.lay_out()
    return desk


def newer(desk, name=LAB):
    """The next version of a lab: a text, a stub, a new cell."""
    book = course()
    put(book, "intro", "# A better lab")
    put(book, "join", stub("join", "x, y"))
    insert(book, "show", cell("more", "more()"))
    write(desk.repo / "notebooks" / f"{name}.ipynb", book)
    return book


def solve(path, *names):
    """What a learner leaves who answered these exercises, wrote a cell of their own and ran all."""
    book = load(path)
    for name in names:
        put(book, name, answer(name))
    insert(book, "show", cell("0a1b", "my_note = 1"))
    run_all(book)
    write(path, book)
    return book


def backups(desk, kind="backup"):
    return sorted(path.name for path in desk.work.glob(f"*.{kind}-*.ipynb"))


def test_copies_with_the_version_they_come_from(desk):
    for name in (LAB, OTHER):
        source = (desk.repo / "notebooks" / f"{name}.ipynb").read_bytes()
        assert desk.path(name).read_bytes() == source == desk.base_path(name).read_bytes()
    records = json.loads((desk.work / ".course" / "copies.json").read_text())
    assert set(records) == {LAB, OTHER} and all(record["version"] for record in records.values())
    assert desk.lay_out() == [] and desk.behind() == []


def test_only_the_labs_are_copied(desk):
    for name in ("Untitled", "01_cut-Copy1", "scratch"):
        write(desk.repo / "notebooks" / f"{name}.ipynb", course())
    assert desk.labs() == [LAB, OTHER]


def test_an_update_keeps_the_answer_and_a_backup(desk):
    mine = solve(desk.path(LAB), "cut", "join")
    new = newer(desk)
    assert desk.behind() == [LAB]
    lines = "\n".join(desk.update())
    book = load(desk.path(LAB))
    assert text(book, "cut") == answer("cut") and text(book, "intro") == "# A better lab"
    assert text(book, "join").startswith(stub("join", "x, y")) and "# def join(x):" in text(book, "join")
    assert text(book, "0a1b") == "my_note = 1" and text(book, "more") == "more()"
    assert backups(desk) == [f"{LAB}.backup-1.ipynb"] and load(desk.work / backups(desk)[0]) == mine
    assert load(desk.base_path(LAB)) == new and not desk.problems
    assert LAB in lines and "join" in lines and "backup-1" in lines and "1 notebook is up to date" in lines
    assert "Reload Notebook from Disk" in lines
    before = {path: path.read_bytes() for path in desk.work.rglob("*") if path.is_file()}
    assert desk.update() == ["2 notebooks are up to date."]
    assert before == {path: path.read_bytes() for path in desk.work.rglob("*") if path.is_file()}


def test_a_notebook_in_which_nobody_worked_becomes_the_new_one_without_a_backup(desk):
    new = newer(desk)
    desk.update()
    assert load(desk.path(LAB)) == new and backups(desk) == []


def test_a_new_lab_comes_and_one_that_is_gone_stays(desk):
    solve(desk.path(LAB), "cut")
    write(desk.repo / "notebooks" / "03_new.ipynb", notebook(cell("a", "a()")))
    (desk.repo / "notebooks" / f"{LAB}.ipynb").unlink()
    lines = "\n".join(desk.update())
    assert "03_new" in lines and "no more" in lines and text(load(desk.path(LAB)), "cut") == answer("cut")
    assert "no more" not in "\n".join(desk.update())


@pytest.mark.parametrize("name", ["07_cut", "01_scissors"])
def test_a_lab_with_a_new_name_takes_the_answers_along(desk, name):
    solve(desk.path(LAB), "cut")
    remove_other = desk.repo / "notebooks" / f"{OTHER}.ipynb"
    write(remove_other, notebook(cell("a", "a()")))  # the other one has no exercise of that name
    new = course()
    put(new, "intro", "# Renamed")
    (desk.repo / "notebooks" / f"{LAB}.ipynb").unlink()
    write(desk.repo / "notebooks" / f"{name}.ipynb", new)
    lines = "\n".join(desk.update())
    book = load(desk.path(name))
    assert text(book, "cut") == answer("cut") and text(book, "intro") == "# Renamed"
    assert not desk.path(LAB).exists() and f"called {name}" in lines


TORN = [
    "",
    "{",
    "[]",
    "null",
    '{"cells": 3, "metadata": {}, "nbformat": 4}',
    '{"cells": [], "metadata": {}, "nbformat": 3}',
    '{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4}',
    '{"cells": [{"cell_type": "code", "source": [1]}], "metadata": {}, "nbformat": 4}',
    "<<<<<<< Updated upstream\n{\n=======\n{\n>>>>>>> Stashed changes\n",
    "\x00\x01",
]


@pytest.mark.parametrize("content", TORN)
def test_what_is_no_notebook_is_left_alone_and_said(desk, content):
    desk.path(LAB).write_text(content)
    newer(desk)
    newer(desk, OTHER)
    desk.update()
    assert desk.path(LAB).read_text() == content and len(desk.problems) == 1
    assert f"{LAB}.ipynb cannot be read" in desk.problems[0] and f"vitcourse reset {LAB}" in desk.problems[0]
    assert text(load(desk.path(OTHER)), "intro") == "# A better lab"  # the others are taken all the same
    desk.reset(LAB)
    assert as_built(read(desk.path(LAB))) and (desk.work / backups(desk)[0]).read_text() == content


def test_bytes_that_are_no_text_are_left_alone(desk):
    desk.path(LAB).write_bytes(b"\xff\xfe\x00")
    newer(desk)
    desk.update()
    assert desk.path(LAB).read_bytes() == b"\xff\xfe\x00" and "UTF-8" in desk.problems[0]


@pytest.mark.parametrize("content", ["", "{}", None])
def test_a_base_that_is_torn_or_gone_loses_nothing(desk, content):
    solve(desk.path(LAB), "cut", "join")
    desk.base_path(LAB).unlink()
    if content is not None:
        desk.base_path(LAB).write_text(content)
    (desk.work / ".course" / "copies.json").write_text("[")
    newer(desk)
    desk.update()
    book = load(desk.path(LAB))
    assert text(book, "cut") == answer("cut") and "# def join(x):" in text(book, "join") and "0a1b" in str(book)
    assert desk.update() == ["2 notebooks are up to date."]


def test_reset_gives_a_blank_one_and_no_backup_is_overwritten(desk):
    kept = []
    for number in range(3):
        kept.append(solve(desk.path(LAB), "cut", *["join"] * (number % 2)))
        kept[-1]["metadata"]["number"] = number
        write(desk.path(LAB), kept[-1])
        assert f"backup-{number + 1}" in "\n".join(desk.reset(LAB))
        assert load(desk.path(LAB)) == course()
    assert [load(desk.work / name) for name in backups(desk)] == kept
    desk.reset(LAB)
    assert len(backups(desk)) == 3  # what is blank needs no backup


def test_reset_of_one_exercise_leaves_the_others(desk):
    mine = solve(desk.path(LAB), "cut", "join")
    lines = "\n".join(desk.reset(LAB, "cut"))
    want = copy.deepcopy(mine)
    put(want, "cut", stub("cut"))
    for key in ("cut", "check-cut"):
        find(want, key).update(outputs=[], execution_count=None)
    assert load(desk.path(LAB)) == want and load(desk.work / backups(desk)[0]) == mine and "backup-1" in lines
    assert "is blank" in "\n".join(desk.reset(LAB, "cut")) and len(backups(desk)) == 1
    with pytest.raises(CourseError, match=r"no exercise 'glue'; it has: cut, join"):
        desk.reset(LAB, "glue")


def test_reset_brings_back_an_exercise_that_was_deleted_or_pasted(desk):
    book = solve(desk.path(LAB), "cut", "join")
    remove(book, "cut")
    find(book, "join")["id"] = "f00d"
    write(desk.path(LAB), book)
    desk.reset(LAB, "cut")
    desk.reset(LAB, "join")
    book = load(desk.path(LAB))
    assert text(book, "cut") == stub("cut") and text(book, "join") == stub("join") and "0a1b" in str(book)
    assert [c["id"] for c in book["cells"] if is_exercise(c)] == ["cut", "join"]


def test_reset_of_an_exercise_before_an_update_takes_the_stub_that_fits(desk):
    solve(desk.path(LAB), "cut", "join")
    newer(desk)
    desk.reset(LAB, "join")
    assert text(load(desk.path(LAB)), "join") == stub("join")
    desk.update()
    assert text(load(desk.path(LAB)), "join") == stub("join", "x, y")


@pytest.mark.parametrize("failing", range(1, 7))
def test_a_full_disk_loses_nothing_and_the_next_update_does_the_rest(desk, monkeypatch, failing):
    mine = solve(desk.path(LAB), "cut", "join")
    new = newer(desk)
    calls, replace = [], os.replace

    def full(source, target):
        calls.append(Path(target).name)
        if len(calls) >= failing:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    if failing <= 4:  # backup, notebook, base, record
        with pytest.raises(CourseError, match="No space left"):
            desk.update()
    else:
        desk.update()
    assert not list(desk.work.rglob("*.tmp"))
    monkeypatch.setattr(os, "replace", replace)
    if failing <= 2:
        assert load(desk.path(LAB)) == mine
    desk.update()
    book = load(desk.path(LAB))
    assert text(book, "cut") == answer("cut") and text(book, "join").count("# def join(x):") == 1
    assert load(desk.work / f"{LAB}.backup-1.ipynb") == mine and load(desk.base_path(LAB)) == new
    assert desk.update() == ["2 notebooks are up to date."]


def test_a_folder_that_cannot_be_made_is_a_sentence(desk, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="Cannot write into"):
        Desk(tmp_path / "file", desk.repo).lay_out()


def test_work_in_the_courses_own_folder_is_brought_here(desk):
    mine = solve(desk.repo / "notebooks" / f"{LAB}.ipynb", "cut")
    lines = "\n".join(desk.lay_out())  # the copy here is blank, so the work takes its place
    assert load(desk.path(LAB)) == mine and "You worked in notebooks/" in lines
    assert desk.lay_out() == []  # once
    mine = solve(desk.repo / "notebooks" / f"{LAB}.ipynb", "join")
    lines = "\n".join(desk.lay_out())  # now there is work in both
    assert backups(desk, "from-notebooks") == [f"{LAB}.from-notebooks-1.ipynb"]
    assert load(desk.work / backups(desk, "from-notebooks")[0]) == mine and "from-notebooks-1" in lines
    assert desk.lay_out() == []


def test_torn_work_in_the_courses_own_folder_is_kept_as_it_is(desk):
    (desk.repo / "notebooks" / f"{LAB}.ipynb").write_text("<<<<<<< ours")
    lines = "\n".join(desk.lay_out())
    assert "conflict marks" in lines and (desk.work / f"{LAB}.from-notebooks-1.ipynb").read_text() == "<<<<<<< ours"
    assert load(desk.path(LAB)) == course() and desk.update() == ["2 notebooks are up to date."]


def test_what_counts_as_work_in_the_courses_own_folder(desk):
    path = desk.repo / "notebooks" / f"{LAB}.ipynb"
    blank = path.read_text()
    assert not holds_work(desk.repo, LAB) and not holds_work(desk.repo, "09_none")
    author = load(path)  # an author's build: other words, other stubs, still blank and never run
    put(author, "cut", stub("cut", "x, y, z"))
    put(author, "intro", "# New")
    write(path, author)
    assert not holds_work(desk.repo, LAB)
    for change in (
        lambda book: put(book, "cut", answer("cut")),
        lambda book: put(book, "cut", stub("cut").replace("    raise", "    y = x\n    raise")),
        run_all,
        lambda book: book["metadata"]["language_info"].update(version="3.12.1"),
    ):
        book = course()
        change(book)
        write(path, book)
        assert holds_work(desk.repo, LAB), change
    run_all(book := course())
    write(path, book)
    path.write_text("<<<<<<< ours\n" + path.read_text())
    assert holds_work(desk.repo, LAB)
    path.write_text("<<<<<<< ours\n" + blank)  # two versions of an author, whom nobody ran
    assert not holds_work(desk.repo, LAB)


def test_every_notebook_of_the_course_is_as_built_and_no_solved_one_is():
    learner, solved = (sorted((REPO / name).glob("*.ipynb")) for name in ("notebooks", "labs_solutions"))
    assert learner and all(as_built(read(path)) for path in learner)
    assert solved and not any(as_built(read(path)) for path in solved)


def test_the_folder_is_the_options_then_the_homes_then_the_courses(tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path / "home"))
    assert work_folder(tmp_path / "own", tmp_path) == tmp_path / "own"
    assert work_folder(None, tmp_path) == tmp_path / "home" / "work"
    monkeypatch.delenv("VITCOURSE_HOME")
    assert work_folder(None, tmp_path) == tmp_path / "work"
    monkeypatch.setattr(folder.os, "access", lambda path, mode: False)
    assert work_folder(None, tmp_path) == Path.home() / ".vitcourse" / "work"
    for name in ("notebooks", "labs_solutions", "."):
        with pytest.raises(CourseError, match="choose another folder"):
            work_folder(tmp_path / name, tmp_path)
