"""Each slip of an author is named with its file and line."""

import pytest

from vitcourse.authoring.master import MasterError, read_master


def line_of(path, text, last=False):
    numbers = [number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line]
    return numbers[-1 if last else 0]


def test_a_good_master_gives_cells_with_keys_and_lines(checkout):
    path = checkout / "labs" / "01_patches.md"
    cells = read_master(path).cells
    assert [cell.key for cell in cells] == [
        "intro", "setup", "picture", "after-picture", "patchify", "check-patchify", "after-check-patchify",
        "second-text", "unpatchify", "check-unpatchify", "PatchEmbed", "check-PatchEmbed",
    ]  # fmt: skip
    lines = path.read_text().splitlines()
    for cell in cells:
        here = lines[cell.line - 1]
        assert here == cell.source.splitlines()[0] if cell.kind == "markdown" else here.startswith("```{code-cell}")


def test_a_code_cell_shown_inside_a_text_is_not_taken_for_a_cell(edit):
    path = edit("And back.", "````\n```{code-cell}\n:key: shown\n```\n````\n\nAnd back.")
    check = next(cell for cell in read_master(path).cells if cell.key == "unpatchify")
    assert path.read_text().splitlines()[check.line].startswith(":tags: [exercise]")


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        (":key: picture\n", "", "```{code-cell}\nimport", "no key"),
        (":key: picture", ":key: patchify", None, "used already in line"),
        (":key: picture", ":key: two words", None, "letters, digits"),
        (":key: patchify", ":key: patchfy", None, "no exercise 'patchfy'"),
        (":key: patchify", ":key: mixup", None, "belongs to another lab"),
        ('check("patchify")', 'check("patchfy")', None, "no exercise 'patchfy'"),
        ('check("patchify")', 'check("patchify"); check("mixup")', None, "exactly one exercise"),
        ('check("PatchEmbed")', 'check("unpatchify")', None, "'PatchEmbed' has no check"),
        (':key: patchify\n', ":key: patchify\nanswer = 1\n", None, "must be empty"),
        (":key: setup\n", ":key: setup\nimport torch\n", None, "must be empty"),
        (":key: setup\n", ":key: prepare\nimport torch\n", None, "first code cell"),
        ('+++ {"key": "second-text"}', "+++", "A text of its own.", "needs a key"),
        ("And back.", ":::{note}\nAnd back.\n:::", None, "{note}"),
        ("And back.", "<<<<<<< HEAD\nAnd back.\n=======", "<<<<<<< HEAD", "merge was not finished"),
        ("# Lab 01: Patches", "# Lab 01: Squares", "# Lab 01: Squares", "'# Lab 01: Patches'"),
        ("# Lab 01: Patches\n", "", "The next one", "'# Lab 01: Patches'"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_line(edit, old, new, where, words):
    path = edit(old, new)
    with pytest.raises(MasterError) as error:
        read_master(path)
    hits = [problem for problem in error.value.problems if words in problem]
    assert hits, error.value.problems
    number = int(hits[0].split(":")[1])
    assert hits[0].startswith("labs/01_patches.md:") and 1 <= number <= len(path.read_text().splitlines())
    if where:
        assert "\n".join(path.read_text().splitlines()[number - 1 :]).startswith(where)


def test_an_exercise_that_is_never_used_is_named(edit):
    path = edit("```{code-cell}\n:tags: [exercise]\n:key: PatchEmbed\n```\n", "")
    with pytest.raises(MasterError, match=r"'PatchEmbed' of this lab is nowhere") as error:
        read_master(path)
    assert any("check of 'PatchEmbed' has no exercise cell" in problem for problem in error.value.problems)


def test_all_problems_are_named_at_once(edit):
    edit(":key: picture\n", "")
    path = edit('check("patchify")', 'check("patchfy")')
    with pytest.raises(MasterError) as error:
        read_master(path)
    assert len(error.value.problems) >= 2
