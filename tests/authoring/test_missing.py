"""`build --check` names what a lab or an exercise lacks: each kind of hole, one at a time."""

import shutil
from pathlib import Path

import pytest

from vitcourse.authoring.missing import missing_pieces
from vitcourse.exercises import LABS

ROOT = Path(__file__).parents[2]
CHECK = "vitcourse/exercises/patches/patchify.py"


@pytest.fixture
def root(tmp_path):
    for part in ("labs", "vitcourse/exercises", "vitcourse/reference", "tests/exercises", "tests/reference"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_course_lacks_nothing():
    assert missing_pieces(ROOT) == []


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("labs/01_patches.md", "labs/01_patches.md: missing: the lab's master"),
        ("vitcourse/reference/patches.py", "vitcourse/reference/patches.py: missing: the lab's answers"),
        (CHECK, f"{CHECK}: missing: the check of patchify"),
        ("tests/exercises/alternatives_patches.py", "alternatives_patches.py: missing: other right answers"),
        ("tests/reference/test_patches.py", "tests/reference/test_patches.py: missing"),
    ],
)
def test_a_file_that_is_gone(root, file, words):
    (root / file).unlink()
    (found,) = missing_pieces(root)
    assert words in found


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("vitcourse/reference/patches.py", "def patchify", "def cut", "missing: the answer patchify"),
        ("vitcourse/reference/patches.py", "# TODO: raise", "# raise", "patchify has no `# TODO: `"),
        ("vitcourse/reference/patches.py", "### BEGIN SOLUTION", "", "patchify has no `# TODO: ` with"),
        (CHECK, "EXERCISE = ", "CHECK = ", "missing: EXERCISE = Exercise(…) at its end"),
        (CHECK, "    draw=draw,\n", "", "missing: `draw=`"),
        (CHECK, 'id="patchify"', 'id="cut"', "its id is 'cut', and the plan says 'patchify'"),
        (CHECK, '"Between the two', '"" and "Between the two', "the mistake 'no-permute' has no hint"),
        ("labs/01_patches.md", "## Why", "## Why\n\nTODO(author): more", "labs/01_patches.md:"),
        (CHECK, "def draw(d):", "def draw(d):  # TODO(author): sizes", f"{CHECK}:8: TODO(author): sizes"),
        (
            "tests/exercises/alternatives_welcome.py",
            "by_loop, by_area, by_rounding, by_numpy, by_list, by_unfolding, ",
            "",
            "count_tokens has 1 right answers",
        ),
    ],
)
def test_a_hole_in_a_file(root, file, old, new, words):
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = missing_pieces(root)
    assert len(found) == 1 and words in found[0], found


def test_too_few_mistakes_and_hints(root):
    path = root / CHECK
    text = path.read_text(encoding="utf-8")
    text = text[: text.index("    mistakes=(")]
    path.write_text(f'{text}    mistakes=(),\n    hints=("the idea", "the shapes"),\n)\n', encoding="utf-8")
    assert missing_pieces(root) == [
        f"{CHECK}: it knows 0 mistakes, at least 6 are asked",
        f"{CHECK}: it has 2 hints; there are three: the idea, the shapes, almost the code",
    ]


def test_a_check_that_no_plan_names(root):
    shutil.copy(root / CHECK, root / "vitcourse/exercises/patches/cut_again.py")
    (found,) = missing_pieces(root)
    assert found.startswith("vitcourse/exercises/patches/cut_again.py: no lab")
    assert any("vitcourse/exercises/welcome/" in line for line in missing_pieces(root, LABS[1:]))
