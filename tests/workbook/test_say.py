"""Every terminal can print what the course says."""

import io
import sys

import pytest

from vitcourse.common.say import say
from vitcourse.workbook import mine, store, verbs
from vitcourse.workbook.answers import reference_answer
from vitcourse.workbook.reference_text import solution_in_parts, solution_source


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_signs_that_an_encoding_lacks_become_plain_letters(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    say("✔ PASS  4 × 4, “quoted” √d … ☃", file=stream)
    stream.flush()
    text = raw.getvalue().decode(encoding)
    assert "PASS" in text and "quoted" in text and ("✔" in text) == (encoding == "utf-8")
    if encoding == "ascii":
        assert text == '+ PASS  4 x 4, "quoted" sqrtd ... ?\n'


def test_check_prints_to_an_old_terminal(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp437"))
    verbs.check("patchify", lambda images, patch_size: None)
    sys.stdout.flush()
    assert b"FAIL" in raw.getvalue() and b"patchify" in raw.getvalue()


def test_an_empty_kept_file_is_not_yours():
    store.keep("patchify", "\n")
    store.update("patchify", status="PASS", kept=store.hash_of("\n"))
    found = mine.load("patchify")
    assert not found.own and found.answer is reference_answer("patchify") and "empty" in found.why


def test_a_kept_file_that_defines_something_else_is_not_yours():
    store.keep("patchify", "x = 1\n")
    assert not mine.load("patchify").own


def test_an_edited_kept_file_runs_inside_the_guard(monkeypatch):
    monkeypatch.setattr(mine, "LIMIT", 0.2)
    store.keep("patchify", "import os\nos.chdir('/')\nwhile True:\n    pass\n")
    assert not mine.load("patchify").own


def test_a_solution_in_several_parts_says_which_is_which():
    text = solution_in_parts("PatchEmbed")
    assert "# your part 1 of 2: set self.num_patches" in text and "# your part 2 of 2: apply self.proj" in text
    assert text.index("part 1 of 2") < text.index("nn.Conv2d") < text.index("part 2 of 2")
    assert solution_in_parts("patchify") == solution_source("patchify")
