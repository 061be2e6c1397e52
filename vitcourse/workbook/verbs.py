"""The learner's verbs: check, hint, solution, progress, mine."""

import dataclasses
import difflib
import os
import sys

from ..exercises import LABS, exercise_ids, get_exercise, lab_of
from . import report, store
from .answers import namespace_for, reference_answer
from .check import CheckResult, Status, run_check
from .fingerprint import fingerprint
from .learner_text import CannotKeep, global_names, globals_of, self_contained, source_of
from .mine import check_older, is_older, load, of_an_older_exercise, passes
from .picture import picture_of
from .reference_text import solution_in_parts

_NOT_GIVEN = object()
_session = {}  # exercise id -> the learner's object that passed in this kernel, when its source could not be kept
_hints = {}  # exercise id -> number of the hint shown last


class CheckFailed(AssertionError):
    """Raised by `check` for anything but PASS when VITCOURSE_STRICT=1, and under nbgrader."""


def check(exercise_id, answer=_NOT_GIVEN):
    """Check your answer to an exercise and show the result.

    Args:
        exercise_id: its name, as in `check("patchify")`.
        answer: your function or class; without it, the one of that name in your notebook.

    Raises:
        CheckFailed: only with VITCOURSE_STRICT=1 or under nbgrader, for anything but PASS.
    """
    if not _known(exercise_id):
        return
    if answer is _NOT_GIVEN:
        answer = sys._getframe(1).f_globals.get(exercise_id, _NOT_GIVEN)
        result = _looked_up(exercise_id, answer)
    else:
        result = run_check(exercise_id, answer)
    result = _remember(exercise_id, answer, result)
    report.show(report.as_text(result), report.as_html(result, picture_of(result, answer)))
    if result.status is not Status.PASS and _strict():
        raise CheckFailed(report.as_text(result))


def _strict():
    return os.environ.get("VITCOURSE_STRICT") == "1" or bool(os.environ.get("NBGRADER_EXECUTION"))


def _known(exercise_id):
    if exercise_id in exercise_ids():
        return True
    near = difflib.get_close_matches(str(exercise_id), exercise_ids(), n=1, cutoff=0.5)
    text = f"There is no exercise called {exercise_id!r}."
    text += f' Did you mean "{near[0]}"?' if near else f" They are: {', '.join(exercise_ids())}."
    report.show(text)
    if _strict():
        raise CheckFailed(text)
    return False


def _looked_up(exercise_id, answer):
    if answer is _NOT_GIVEN:
        message = f"There is no `{exercise_id}` in this notebook yet: run the cell that defines it, then this one."
        return CheckResult(exercise_id, Status.NOT_ATTEMPTED, None, message)
    if answer is reference_answer(exercise_id):
        message = f"`{exercise_id}` is the reference here, not yours: run your cell again, then this one."
        return CheckResult(exercise_id, Status.NOT_ATTEMPTED, None, message)
    return run_check(exercise_id, answer)


def _remember(exercise_id, answer, result):
    """Write the result down, keep the source of a right answer, and add what the notebook's state explains."""
    details = dict(result.details)
    if result.status is Status.NOT_ATTEMPTED:
        _record(exercise_id, result, attempts=0)
        return result
    try:
        source = source_of(answer)
    except Exception:  # whatever a learner hands in
        source = None
    if result.status is Status.PASS:
        details["kept"] = _keep(exercise_id, answer)
    elif source is not None:
        details |= _explain(exercise_id, answer, source)
    _record(exercise_id, result, attempts=1, source=store.hash_of(source or ""))
    if result.mistake:
        _hints.pop(exercise_id, None)  # the mistake's own hint comes first again
    return dataclasses.replace(result, details=details)


def _record(exercise_id, result, attempts, **fields):
    record = store.load().get(exercise_id, {})
    if attempts == 0 and record.get("status"):  # a blank cell does not undo what was reached
        return
    attempts += record.get("attempts", 0)
    fields |= dict(status=str(result.status), mistake=result.mistake, attempts=attempts)
    store.update(exercise_id, exercise=fingerprint(exercise_id), **fields)


def _keep(exercise_id, answer):
    """Keep a right answer for later labs; returns the sentence that says whether it worked."""
    _session.pop(exercise_id, None)
    try:
        text = self_contained(answer, exercise_id, namespace_for(exercise_id))
        if not passes(exercise_id, text):
            raise CannotKeep("run alone, without this notebook, it does not pass")
    except CannotKeep as reason:
        _session[exercise_id] = answer
        return f"in this kernel only, since {reason}."
    except Exception:  # never let keeping stop a learner whose answer is right
        _session[exercise_id] = answer
        return "in this kernel only: its source could not be read."
    older = store.kept(exercise_id) not in (None, text) and is_older(exercise_id)
    if not store.keep(exercise_id, text, set_aside=older):
        _session[exercise_id] = answer
        return "in this kernel only: the disk did not take it."
    store.update(exercise_id, kept=store.hash_of(text), kept_for=fingerprint(exercise_id))
    beside = f" Yours for an older version of the exercise is set aside in {store.answer_path(exercise_id).parent}."
    return "your version; later labs build on it." + beside * older


def _explain(exercise_id, answer, source):
    """A piece of the learner's that a wrong answer is made of and that is wrong itself."""
    pieces = [name for name in global_names(source) if name in exercise_ids() and name != exercise_id]
    space = globals_of(answer)
    own = [name for name in pieces if name in space and space[name] is not reference_answer(name)]
    wrong = [name for name in own if store.load().get(name, {}).get("status") not in (None, Status.PASS)]
    return {"depends": f"it uses your {wrong[0]}, which does not pass its own check: start there."} if wrong else {}


def hint(exercise_id, number=None):
    """Show a hint. Each call shows the next one; after a check that named a mistake, that mistake's hint comes first.

    Args:
        exercise_id: its name.
        number: 1, 2 or 3 to choose: the idea, the shapes, almost the code.
    """
    if not _known(exercise_id):
        return
    exercise = get_exercise(exercise_id)
    last = store.load().get(exercise_id, {})
    if number is None:
        named = next((m for m in exercise.mistakes if m.id == last.get("mistake")), None)
        first = 0 if named and last.get("status") != Status.PASS else 1
        number = min(_hints.get(exercise_id, first - 1) + 1, len(exercise.hints))
        _hints[exercise_id] = number
        if number == 0:
            report.show(
                f"Hint on your mistake: {named.hint}\nhint({exercise_id!r}) again shows the first of the general hints."
            )
            return
    if number not in range(1, len(exercise.hints) + 1):
        report.show(f"There are hints 1 to {len(exercise.hints)}.")
        return
    _hints[exercise_id] = number
    after = f'solution("{exercise_id}") shows the answer.' if number == len(exercise.hints) else ""
    report.show(f"Hint {number} of {len(exercise.hints)}: {exercise.hints[number - 1]}\n{after}".rstrip())


def solution(exercise_id, force=False):
    """Print the reference's answer, once you have tried.

    Args:
        exercise_id: its name.
        force: show it without a try.
    """
    if not _known(exercise_id):
        return
    if not force and not store.load().get(exercise_id, {}).get("attempts"):
        report.show(
            f"Try it once first: write something, run check({exercise_id!r}), look at hint({exercise_id!r}).\n"
            f"To see the answer now: solution({exercise_id!r}, force=True)"
        )
        return
    report.show(solution_in_parts(exercise_id))


def progress():
    """Show which exercises pass, lab by lab, and what comes next; what passed an older exercise is checked again."""
    left_behind = check_older()
    prints = {name: fingerprint(name) for name in exercise_ids()}
    rows = report.progress_rows(LABS, store.load(), prints)
    report.show(report.progress_text(rows), report.progress_html(rows))
    for exercise_id in left_behind:
        report.show(f"Your {exercise_id} {of_an_older_exercise(exercise_id)}.")


def mine(exercise_id):
    """Your own version that passed its check, or the reference until there is one; says which.

    A class or function of yours is put together from your other versions too: `mine("ViT")` is made of your Block, your
    attention and so on.

    Args:
        exercise_id: its name.

    Returns:
        The function or class.

    Raises:
        KeyError: when there is no such exercise.
    """
    lab_of(exercise_id)
    if exercise_id in _session:
        report.show(f"{exercise_id}: yours, from this notebook.")
        return _session[exercise_id]
    found = load(exercise_id)
    others = [name for name in found.pieces if name != exercise_id]
    made_of = f", with your {', '.join(others)}" if others else ""
    whose = "yours" if found.own else f"the reference ({found.why})"
    report.show(f"{exercise_id}: {whose}{made_of}.")
    return found.answer
