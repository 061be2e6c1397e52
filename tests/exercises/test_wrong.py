"""Wrong answers that learners give, apart from the known mistakes: each is rejected, and told nothing that is not so.

`wrong_<lab>.py` holds them:

    WRONG = {"patchify": [("in a few words", answer, {"column-order", "relation:recut", "says:must have shape", None})]}

An answer is the text of a whole definition, a replacement (old, new) in the reference's text or several, or a function
or class. The set holds what it may be told, one of them suffices: a known mistake's id; `relation:` and the name of
what relates its result to the right one; `says:` and words of the message; None where nothing explains it.
"""

import importlib.util

import pytest

from tests.exercises.test_all import NAMES
from vitcourse.exercises import lab_of
from vitcourse.workbook.answers import changed_text, namespace_for, run_text
from vitcourse.workbook.check import Status, run_check

LEAST = 12  # wrong answers for an exercise
EXPLAINED = 0.8  # of them, at least


def wrong_answers(name):
    module = f"tests.exercises.wrong_{lab_of(name).stem}"
    if importlib.util.find_spec(module) is None:
        return None
    return importlib.import_module(module).WRONG[name]


def made(name, answer):
    if isinstance(answer, tuple):
        answer = changed_text(name, answer)
    return run_text(answer, name, namespace_for(name), f"<wrong {name}>") if isinstance(answer, str) else answer


def told(result):
    """What a result tells, in the words of the set."""
    if result.mistake is not None:
        return result.mistake
    return f"relation:{result.details['relation']}" if "relation" in result.details else None


def cases():
    for name in NAMES:
        answers = wrong_answers(name)
        if answers is None:
            missing = pytest.mark.skip(reason=f"there is no wrong_{lab_of(name).stem}.py yet")
            yield pytest.param(name, None, set(), id=name, marks=missing)
        for label, answer, accepted in answers or ():
            yield pytest.param(name, answer, accepted, id=f"{name}: {label}")


@pytest.mark.parametrize(("name", "answer", "accepted"), list(cases()))
def test_a_wrong_answer_is_rejected_and_told_what_is_so(name, answer, accepted):
    result = run_check(name, made(name, answer))
    assert result.status in (Status.FAIL, Status.ERROR), result
    words = [word.removeprefix("says:") for word in accepted if word is not None and word.startswith("says:")]
    assert told(result) in accepted or any(word in result.message for word in words), (told(result), result)


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_of_them_and_most_are_explained(name):
    answers = wrong_answers(name)
    if answers is None:
        pytest.skip(f"there is no wrong_{lab_of(name).stem}.py yet")
    assert len(answers) >= LEAST
    assert len({label for label, _, _ in answers}) == len(answers)
    assert sum(None not in accepted for _, _, accepted in answers) >= EXPLAINED * len(answers)
