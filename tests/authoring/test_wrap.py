"""Masters are wrapped at 120 characters, and wrapping changes no word and no meaning."""

from pathlib import Path

import pytest

from vitcourse.authoring.wrap import WIDTH, long_lines, wrap

LABS = sorted((Path(__file__).parents[2] / "labs").glob("*.md"))
LONG = "word " * 30 + "end."


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_the_masters_are_wrapped(path):
    numbers = long_lines(path.read_text(encoding="utf-8"))
    assert numbers == [], f"{path.name}: `vitcourse build --wrap {path.stem}` wraps the lines {numbers}"


def test_there_are_masters():
    assert LABS


def test_a_long_paragraph_and_a_long_item_are_wrapped_and_nothing_else():
    short = "A short\nparagraph stays\nas it is."
    text = f"{short}\n\n{LONG}\n{LONG}\n\n- {LONG}\n- one\n  more\n\n1. {LONG}\n"
    wrapped = wrap(text)
    assert wrapped.split() == text.split() and wrapped.startswith(short + "\n\n") and "\n- one\n  more\n" in wrapped
    assert all(len(line) <= WIDTH for line in wrapped.splitlines()) and wrapped.endswith("\n")
    assert "\n  word word" in wrapped and "\n   word word" in wrapped, "an item's lines stand below its text"
    assert wrap(wrapped) == wrapped and long_lines(wrapped) == []
    assert long_lines(text) == [5, 6, 8, 12]


@pytest.mark.parametrize(
    "text",
    [
        f"```{{code-cell}}\n:key: a\nx = '{LONG}'\n```",
        f"````\n```\n{LONG}\n```\n{LONG}\n````",
        f"| a | {LONG} |",
        f"$$ {LONG} $$",
        f"$$\n{LONG}\n$$",
        f"<summary>{LONG}</summary>",
        f"## {LONG}",
        "[" + "x" * 130 + "](y)",
        f"---\ntitle: {LONG}\nother: {LONG}\n---",
    ],
)
def test_what_is_no_prose_stays(text):
    assert wrap(text) == text and long_lines(text) == []
    assert long_lines(f"{text}\n\n{LONG}") == [text.count("\n") + 3], "and prose after it is prose again"


@pytest.mark.parametrize("mark", ["+", "-", "*", "1.", "2)", "#", "|", ">", "<details>", "$$", "---"])
def test_no_wrapped_line_begins_with_what_markdown_takes_for_something_else(mark):
    for filler in range(1, 60):
        text = "x" * filler + f" 577 {mark} more" * 20
        assert all(not line.startswith(mark) for line in wrap(text).splitlines()), filler


def test_code_formulas_and_links_hold_together():
    for kept in ("`a b c d e f`", "$a + b + c + d$", "[a b c](d.md)"):
        for filler in range(100, 120):
            assert kept in wrap("x " * (filler // 2) + f"{kept} and more and more and more words to be wrapped.")
