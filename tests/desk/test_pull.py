"""A real clone and a real `git pull`: it never meets a learner's work, and no answer is lost on the way."""

import shutil
import subprocess

import pytest

from vitcourse.common.places import REPO
from vitcourse.desk import history
from vitcourse.desk.folder import Desk
from vitcourse.desk.notebook import as_built, is_blank, is_exercise, parse, read, source_of

from .notebooks import answer, cell, course, exercise, insert, load, put, run_all, stub, text, write

LAB = "01_cut"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
pytestmark = needs_git


def git(folder, *arguments, check=True):
    """Run git as nobody in particular; returns the finished process."""
    settings = ("-c", "user.name=Course", "-c", "user.email=course@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *settings, *arguments]
    return subprocess.run(command, check=check, capture_output=True, text=True)


def publish(origin, books):
    """Commit a version of the course."""
    for name, book in books.items():
        write(origin / "notebooks" / f"{name}.ipynb", book)
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "a version of the course")


@pytest.fixture
def origin(tmp_path):
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    (origin / ".gitignore").write_text((REPO / ".gitignore").read_text())
    publish(origin, {LAB: course()})
    return origin


@pytest.fixture
def clone(origin, tmp_path):
    git(tmp_path, "clone", "-q", str(origin), "clone")
    return tmp_path / "clone"


def second(stub_changes=True):
    book = course()
    put(book, "intro", "# A better lab")
    if stub_changes:
        put(book, "join", stub("join", "x, y"))
    insert(book, "show", cell("more", "more()"), exercise("glue"))
    return book


def half_solved(path):
    """What is left of an hour's work: one exercise solved, one begun, a cell of one's own, all run and saved."""
    book = load(path)
    put(book, "cut", answer("cut"))
    put(book, "join", answer("join"))
    insert(book, "show", cell("0a1b", "my_note = 1"))
    run_all(book)
    write(path, book)
    return book


def pull(clone):
    done = git(clone, "pull", "-q", "--ff-only", check=False)
    assert done.returncode == 0, done.stderr


def answers_are_there(path):
    book = load(path)
    assert text(book, "cut") == answer("cut") and text(book, "0a1b") == "my_note = 1"
    assert text(book, "join").startswith(stub("join", "x, y")) and "# " + answer("join")[:12] in text(book, "join")
    assert text(book, "intro") == "# A better lab" and text(book, "glue") == stub("glue")
    assert "<<<<" not in path.read_text() and ">>>>" not in path.read_text()


def test_a_pull_never_meets_what_the_learner_wrote(origin, clone):
    desk = Desk(clone / "work", clone)
    desk.lay_out()
    mine = half_solved(desk.path(LAB))
    assert git(clone, "status", "--porcelain").stdout == ""  # work/ is ignored
    publish(origin, {LAB: second(), "02_new": course()})
    pull(clone)
    desk = Desk(clone / "work", clone)  # the command is started anew
    assert load(desk.path(LAB)) == mine and desk.behind() == [LAB]
    lines = "\n".join(desk.update())
    answers_are_there(desk.path(LAB))
    assert "from commit" in lines and desk.path("02_new").is_file()
    assert git(clone, "status", "--porcelain").stdout == ""


def test_work_in_tracked_notebooks_is_brought_to_safety_and_the_pull_goes_on(origin, clone):
    mine = half_solved(clone / "notebooks" / f"{LAB}.ipynb")
    publish(origin, {LAB: second()})
    assert git(clone, "pull", "-q", "--ff-only", check=False).returncode != 0  # as it was before
    desk = Desk(clone / "work", clone)
    lines = desk.update()
    command = f"git checkout notebooks/{LAB}.ipynb"
    assert load(desk.path(LAB)) == mine and lines[-1].endswith(command), lines
    git(clone, *command.split()[1:])
    pull(clone)
    desk = Desk(clone / "work", clone)
    desk.update()
    answers_are_there(desk.path(LAB))
    assert desk.update() == ["1 notebook is up to date."]


def test_a_folder_moved_to_work_finds_its_base_in_the_history(origin, clone):
    """mv notebooks work; git checkout notebooks; git pull; vitcourse update: for those whose pull is refused."""
    half_solved(clone / "notebooks" / f"{LAB}.ipynb")
    publish(origin, {LAB: second(stub_changes=False)})
    publish(origin, {LAB: second()})
    (clone / "notebooks").rename(clone / "work")
    git(clone, "checkout", "notebooks")
    pull(clone)
    desk = Desk(clone / "work", clone)
    desk.update()
    answers_are_there(desk.path(LAB))
    assert len(load(desk.path(LAB))["cells"]) == len(second()["cells"]) + 1  # the base is known: no cell is doubled


def test_a_build_that_is_not_committed_is_the_course_too(clone):
    """An author sees in the lab what was built last, not what was committed."""
    write(clone / "notebooks" / f"{LAB}.ipynb", second())
    desk = Desk(clone / "work", clone)
    desk.lay_out()
    assert load(desk.path(LAB)) == second()


@pytest.mark.parametrize("lab", sorted(path.stem for path in (REPO / "notebooks").glob("*.ipynb")))
def test_from_each_committed_version_of_a_lab_to_this_one(tmp_path, lab):
    """A learner solved every second exercise of an older version, and takes this one: every answer is there."""
    older = [parse(text, lab) for text in history.versions(REPO, f"notebooks/{lab}.ipynb")]
    older = [book for book in older if as_built(book) and book != load(REPO / "notebooks" / f"{lab}.ipynb")]
    if not older:
        pytest.skip("there is no older version of this lab: a shallow clone, or no git")
    for number, book in enumerate(older):
        desk = Desk(tmp_path / str(number), REPO)
        write(desk.path(lab), book)
        write(desk.base_path(lab), book)
        solved = [each for each in book["cells"] if is_exercise(each)][::2]
        lines = {}
        for each in solved:
            code = source_of(each).replace("raise NotImplementedError", f"answer_{each['id']} = 1  #")
            put(book, each["id"], code)
            lines[each["id"]] = f"answer_{each['id']} = 1"
        run_all(book)
        write(desk.path(lab), book)
        desk.update()
        merged = {each["id"]: each for each in read(desk.path(lab))["cells"]}
        new = {each["id"]: each for each in load(REPO / "notebooks" / f"{lab}.ipynb")["cells"]}
        assert merged.keys() >= new.keys() and not desk.problems
        for key, line in lines.items():
            assert line in source_of(merged[key])
        for key in new.keys() - lines.keys():
            assert source_of(merged[key]) == source_of(new[key]), key
        assert all(is_blank(merged[key]) for key in new if is_exercise(new[key]) and key not in lines)
        again = desk.update()
        assert len(again) == 1 and "up to date" in again[0]
