"""A new lab and a new exercise: what the commands make, and that `build --check` names all that is left to do."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("vitcourse", "labs", "tests/exercises", "tests/reference")
FILES = (
    "labs/{number:02d}_demo.md",
    "vitcourse/reference/demo.py",
    "vitcourse/exercises/demo/__init__.py",
    "tests/exercises/alternatives_demo.py",
    "tests/reference/test_demo.py",
)


@pytest.fixture
def course(tmp_path):
    """A copy of the course in which `course(...)` runs the command line: (exit code, what it printed)."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)

    def run(*words):
        command = [sys.executable, "-m", "vitcourse", *words]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    run.root = tmp_path
    return run


def plan_of(course):
    """The plan of the copy: stem -> (number, exercises)."""
    words = "from vitcourse.exercises import LABS; print({lab.stem: (lab.number, lab.exercises) for lab in LABS})"
    command = [sys.executable, "-c", words]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=True)  # its vitcourse/
    return ast.literal_eval(done.stdout)


def test_a_new_lab_with_two_exercises_is_made_and_all_that_it_lacks_is_named(course):
    number = max(number for number, _ in plan_of(course).values()) + 1
    assert course("new", "lab", "demo")[0] == 0
    assert course("new", "exercise", "double_it", "--lab", "demo")[0] == 0
    assert course("new", "exercise", "DoubleLayer", "--lab", "demo")[0] == 0
    assert plan_of(course)["demo"] == (number, ("double_it", "DoubleLayer"))
    for file in FILES:
        assert (course.root / file.format(number=number)).is_file(), file
    row = f"| [{number:02d} TODO(author)](labs/{number:02d}_demo.md) | 60 | `double_it`, `DoubleLayer` |\n"
    assert row in (course.root / "README.md").read_text()
    code, said = course("build", "--check")
    assert code == 1
    for words in (
        f"labs/{number:02d}_demo.md:11: TODO(author)",
        f"notebooks/{number:02d}_demo.ipynb: missing",
        "vitcourse/exercises/__init__.py:",
        "vitcourse/exercises/demo/double_it.py: it knows 1 mistake, at least 6 are asked",
        "vitcourse/exercises/demo/double_layer.py: it knows 1 mistake, at least 6 are asked",
        "vitcourse/exercises/demo/double_layer.py:6: TODO(author)",
        "vitcourse/reference/demo.py:1: TODO(author)",
        "tests/exercises/alternatives_demo.py: DoubleLayer has 0 right answers of other kinds, at least 3 are asked",
        "tests/reference/test_demo.py:1: TODO(author)",
    ):
        assert words in said, f"{words}\n\n{said}"
    assert "nowhere in it" not in said and "has no check cell" not in said, "the master has the exercises' cells"
    code, said = course("exercise", "double_it")
    assert code == 1 and "cannot be made" in said


def test_what_was_made_is_python_that_runs_once_the_marks_are_gone(course):
    for words in (("lab", "demo"), ("exercise", "double_it", "--lab", "demo"), ("exercise", "Twice", "--lab", "demo")):
        course("new", *words)
    path = course.root / "vitcourse" / "reference" / "demo.py"
    text = path.read_text()
    assert text.count('raise NotImplementedError("TODO(author): the answer")') == 3
    for answer in ("return 2 * x", "self.fc = nn.Linear(embed_dim, embed_dim)", "return self.fc(x)"):
        text = text.replace('raise NotImplementedError("TODO(author): the answer")', answer, 1)
    path.write_text(text)
    for name, module in (("double_it", "double_it"), ("Twice", "twice")):
        path = course.root / "vitcourse" / "exercises" / "demo" / f"{module}.py"
        change = ("2 * x", "3 * x") if module == "double_it" else ("self.fc(x)", "-self.fc(x)")
        old = '("text of the answer", "what stands there by mistake")'
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, repr(change)))
        code, said = course("exercise", name)
        assert code == 0 and "1 mistake, no problems" in said, said
        assert f"+     {'return 3 * x' if module == 'double_it' else '    return -self.fc(x)'}" in said


def test_a_new_exercise_of_a_lab_that_is_there_comes_last(course):
    for name, stem in (("first_one", "welcome"), ("Other", "patches"), ("Third", "swin")):
        before = plan_of(course)[stem][1]
        assert course("new", "exercise", name, "--lab", stem)[0] == 0
        assert plan_of(course)[stem][1] == (*before, name)
    text = (course.root / "labs" / "01_patches.md").read_text()
    places = [text.index(words) for words in ('check("PatchEmbed")', "### Exercise 1.4", ":key: Other", "## See it")]
    assert places == sorted(places)


REFUSED = [
    (("lab", "patches"), "There is a lab called 'patches' already"),
    (("lab", "My Lab"), "cannot be a lab's name"),
    (("exercise", "patchify", "--lab", "patches"), "There is an exercise called 'patchify' already"),
    (("exercise", "patch_embed", "--lab", "vit"), "There is an exercise called 'patch_embed' already"),
    (("exercise", "a-b", "--lab", "vit"), "cannot be an exercise's name"),
    (("exercise", "new_one", "--lab", "nowhere"), "There is no lab called 'nowhere'; there are: welcome"),
]


def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(course):
    def files():
        return {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    before = files()
    for words, sentence in REFUSED:
        code, said = course("new", *words)
        assert code == 1 and sentence in said, said
    assert files() == before


def test_the_files_of_a_new_lab_are_formatted(course):
    for words in (("lab", "demo"), ("exercise", "double_it", "--lab", "demo"), ("exercise", "Twice", "--lab", "demo")):
        course("new", *words)
    made = [str(path) for path in course.root.rglob("*.py") if "demo" in str(path.relative_to(course.root))]
    assert len(made) == 6
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, *made], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
