"""A kept answer is stale when its exercise's answer, draw or probe changes, and never for a word."""

import shutil
import subprocess
import sys

import pytest

from vitcourse.exercises import exercise_ids, lab_of, module_name
from vitcourse.workbook.fingerprint import EXERCISES, fingerprint, fingerprint_of
from vitcourse.workbook.reference_text import reference_source

# In these the fingerprint stays: (exercise, file that is edited, old text, new text)
WORDS = [
    ("patchify", "patches/patchify.py", "The patches run column by column", "Column by column, the patches run"),
    ("patchify", "patches/patchify.py", '"""Lab 01: what the checker', '"""Lab 01, or what the checker'),
    ("patchify", "patches/patchify.py", "def draw(d):\n", "# images and a size\n\n\ndef draw(d):\n"),
    ("patchify", "patches/patchify.py", "def draw(d):\n", 'def draw(d):\n    """Images and a size."""\n'),
    ("patchify", "patches/patchify.py", 'see.twice("the result", ', 'see.twice("what it returns", '),
    ("patchify", "patches/patchify.py", 'id="patchify"', 'id =  "patchify"'),
    ("patchify", "patches/patchify.py", 'axes="image patch number"', 'axes="a b c"'),
    ("patchify", "patches/patchify.py", "def picture(answer):\n", "def picture(answer):\n    answer = answer\n"),
    ("patchify", "patches/common.py", "# Every size", "# Each size"),
    ("patchify", "patches/common.py", "def draw_images", "UNUSED = 3\n\n\ndef draw_images"),
    (
        "patchify",
        "patches/patch_embed.py",
        'see.twice("the result", module, images,',
        'see.twice("the result", module, images[:2],',
    ),
    ("soft_distillation_loss", "deit/distilled_vit.py", "depth=3", "depth=4"),
]
# In these it becomes another.
CODE = [
    ("patchify", "patches/patchify.py", "answer, images, patch_size, axes", "answer, 2 * images, patch_size, axes"),
    ("patchify", "patches/patchify.py", "patch_size=CASES", "patch_size=0 + CASES"),
    ("patchify", "patches/patchify.py", 'id="patchify",', 'id="patchify",\n    cases=1,'),
    ("patchify", "patches/patchify.py", 'id="patchify",', 'id="patchify",\n    dtype_named=True,'),
    ("patchify", "patches/common.py", "rows=3", "rows=7"),
    ("patchify", "patches/common.py", 'case["rows"] * case["P"]', 'case["P"] * case["rows"]'),
    ("soft_distillation_loss", "deit/common.py", "scale=2.0", "scale=3.0"),
    ("soft_distillation_loss", "deit/common.py", "1000 * dist_logits, ", "500 * dist_logits, "),
    ("DistilledViT", "deit/distilled_vit.py", "depth=3", "depth=4"),
]


def after(root, name):
    """The fingerprint of an exercise whose checks lie in that folder."""
    path = root / lab_of(name).stem / f"{module_name(name)}.py"
    return fingerprint_of(reference_source(name), path, root)


@pytest.fixture
def root(tmp_path):
    shutil.copytree(EXERCISES, tmp_path / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "exercises"


def edit(root, file, old, new):
    text = (root / file).read_text(encoding="utf-8")
    assert old in text, f"{file} does not hold {old!r}"
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(("name", "file", "old", "new"), WORDS)
def test_words_and_neighbours_leave_it_as_it_is(root, name, file, old, new):
    edit(root, file, old, new)
    assert after(root, name) == fingerprint(name)


@pytest.mark.parametrize(("name", "file", "old", "new"), CODE)
def test_what_the_check_does_changes_it(root, name, file, old, new):
    edit(root, file, old, new)
    assert after(root, name) != fingerprint(name)


def test_a_helper_of_another_exercise_counts_where_it_is_used(root):
    edit(root, "patches/patchify.py", "from .common import", "from ..vit.block import factor\nfrom .common import")
    edit(root, "patches/patchify.py", "answer(images", "answer(factor(1) * images")
    edit(root, "vit/block.py", "def draw(d)", "def factor(x):\n    return 2 * x\n\n\ndef draw(d)")
    before = after(root, "patchify")
    edit(root, "vit/block.py", "def draw(d):", "def draw(d):\n    pass\n")
    assert after(root, "patchify") == before
    edit(root, "vit/block.py", "return 2 * x", "return 3 * x")
    assert after(root, "patchify") != before


def test_a_helper_that_is_reached_through_its_module_counts(root):
    edit(root, "patches/patchify.py", "from .common import", "from .. import pictures\nfrom .common import")
    edit(root, "patches/patchify.py", "answer(images", "answer(pictures.cut(images, 1)")
    before = after(root, "patchify")
    edit(root, "pictures.py", "stride=size", "stride=size + 1")
    assert after(root, "patchify") != before


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("    ### BEGIN SOLUTION\n", "    ### BEGIN SOLUTION\n    # rows first\n\n", True),
        ("# TODO: ", "# TODO: please ", True),
        ('"""Cut', '"""Divide', True),
        ("P = patch_size\n", "P = 1 * patch_size\n", False),  # given to the learner
        (".permute(0, 2, 4, 1, 3, 5)", ".permute(0, 4, 2, 1, 3, 5)", False),
    ],
)
def test_of_the_answer_its_code_counts_and_not_its_words(old, new, same):
    text = reference_source("patchify")
    assert old in text, text
    path = EXERCISES / "patches" / "patchify.py"
    assert (fingerprint_of(text.replace(old, new), path, EXERCISES) == fingerprint("patchify")) == same


def test_no_two_exercises_share_one():
    assert len({fingerprint(name) for name in exercise_ids()}) == len(exercise_ids())


def test_it_needs_no_torch():
    words = "import sys; from vitcourse.workbook.fingerprint import fingerprint; fingerprint('ViT')"
    command = [sys.executable, "-c", f"{words}; sys.exit('torch' in sys.modules)"]
    assert subprocess.run(command, cwd=EXERCISES.parents[1]).returncode == 0
