"""`vitcourse exercise NAME`: each mistake as a learner sees it, and which ones cannot be told apart."""

import dataclasses

import pytest

from vitcourse import exercises
from vitcourse.authoring import mistakes
from vitcourse.cli import main
from vitcourse.exercises import get_exercise

KNOWN = get_exercise("count_tokens").mistakes


@pytest.fixture
def with_mistakes(monkeypatch):
    """Give count_tokens other mistakes: (id, change)."""

    def give(*pairs):
        known = tuple(exercises.base.Mistake(key, change, "It is so.", "Try this.") for key, change in pairs)
        module = __import__("vitcourse.exercises.welcome.count_tokens", fromlist=["EXERCISE"])
        monkeypatch.setattr(module, "EXERCISE", dataclasses.replace(module.EXERCISE, mistakes=known))
        mistakes.mistake_answer.cache_clear()

    yield give
    mistakes.mistake_answer.cache_clear()


def test_each_mistake_is_shown_with_its_change_and_what_a_learner_reads(capsys):
    assert main(["exercise", "count_tokens"]) == 0
    said = capsys.readouterr().out
    for mistake in KNOWN:
        assert mistake.id in said and mistake.message in said and mistake.hint in said
    assert "-     return (height // patch_size) * (width // patch_size) + 1" in said
    assert "+     return (height // patch_size) * (width // patch_size)\n" in said
    for hint in get_exercise("count_tokens").hints:
        assert hint in said
    assert said.endswith(f"{len(KNOWN)} mistakes, no problems\n")


def test_a_mistake_that_is_a_function_is_shown_whole(with_mistakes):
    lines = mistakes.difference("count_tokens", exercises.base.Mistake("x", plus_two, "", "")).splitlines()
    assert lines == ["+ def plus_two(height, width, patch_size):", "+     return height * width + 2"]


def plus_two(height, width, patch_size):
    return height * width + 2


def test_an_accepted_mistake_is_named(with_mistakes, capsys):
    with_mistakes(("right", ("+ 1", "+ 1 + 0")), ("wrong", ("+ 1", "+ 5")))
    assert main(["exercise", "count_tokens"]) == 1
    assert "- right is accepted: the probe sees no difference to the answer\n" in capsys.readouterr().out


def test_two_that_the_probe_cannot_tell_apart_are_named(with_mistakes, capsys):
    with_mistakes(("one", ("+ 1", "+ 5")), ("two", ("+ 1", "+ 2 + 3")), ("three", ("+ 1", "+ 6")))
    assert main(["exercise", "count_tokens"]) == 1
    said = capsys.readouterr().out
    assert "- two is not told apart from one: the probe sees the same" in said
    assert "three is not told apart" not in said and "3 mistakes, 1 problem\n" in said


def test_a_change_of_a_text_that_is_not_there_is_named(with_mistakes, capsys):
    with_mistakes(("lost", ("no such text", "x")))
    assert main(["exercise", "count_tokens"]) == 1
    assert "- lost cannot be made: count_tokens: 'no such text' occurs 0 times" in capsys.readouterr().out


def test_a_name_that_is_no_exercise_is_answered_with_those_that_are(capsys):
    assert main(["exercise", "Patchify"]) == 2
    assert "there are: count_tokens, patchify" in capsys.readouterr().err
