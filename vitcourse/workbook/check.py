"""Run an exercise's check on an answer: the reference, the answer and, if they differ, what may be the cause."""

import dataclasses
import difflib
import inspect
import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum

import torch

from ..exercises import exercise_ids, get_exercise
from ..exercises.base import Draw
from .answers import namespace_for, reference_answer
from .calls import inputs_in_words, renamed_parameters, unexpected_keyword
from .child import may_loop_in_c, never_returns
from .compare import kind_of
from .diagnose import Bench, find_cause
from .errors import Crash
from .guard import quarantine
from .learner_text import globals_of, notebook_variables
from .recorder import Mismatch
from .reference_text import todo_words
from .trial import Trial, run_probe, same_end

__all__ = ["CheckResult", "Status", "run_check", "run_probe", "same_end"]

FIRST_CALL = 5.0  # seconds: a loop without end shows at the first call, and nobody should wait long for that


class Status(StrEnum):
    """How a check ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"
    ERROR = "ERROR"  # the learner's code raised


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        exercise: its id.
        status: PASS, FAIL, NOT_ATTEMPTED or ERROR.
        mistake: the id of the known mistake that explains the answer, or None.
        message: one plain sentence.
        details: more, where there is more: "observed" (what differed, when `message` names a mistake), "expected",
            "got", "inputs" (what the answer was called with), "where" (the learner's line), "next".
    """

    exercise: str
    status: Status
    mistake: str | None = None
    message: str = ""
    details: dict = field(default_factory=dict)


def run_check(exercise_id, answer, *, seed=0, dtype=None, time_limit=30.0, diagnose=True):
    """Check an answer. Never raises for anything that the answer does (but Ctrl-C goes through).

    Args:
        exercise_id: see `vitcourse.exercises.exercise_ids`.
        answer: the learner's function or class, or anything at all.
        seed: of the inputs that are drawn.
        dtype: of the inputs; None is float32, as a learner's tensors are, and then float64, where rounding hides
            nothing: an answer that makes its own tensors in float32 need not follow there, unless the text says so.
        time_limit: seconds for a run of the probe in one case; the first one has 5 seconds at most.
        diagnose: whether to look for the cause of a wrong answer.

    Returns:
        CheckResult.

    Raises:
        KeyError: when there is no such exercise.
    """
    with quarantine(None):  # importing an exercise and wording its inputs may draw random numbers
        exercise = get_exercise(exercise_id)
        if not callable(answer):
            what = "class" if isinstance(reference_answer(exercise_id), type) else "function"
            message = f"`{exercise_id}` must be a {what}, but it is {kind_of(answer)}."
            return CheckResult(exercise_id, Status.FAIL, None, message, {"next": "Run the cell that defines it again."})
        benches = []
        for trial in _trials(exercise, seed, dtype):
            bench = Bench(exercise, trial, min(FIRST_CALL, time_limit) if not benches else time_limit)
            if not benches and _never_returns(bench, answer):
                ended = Crash(("OutOfTime",), "")
                return _result(bench, answer, 0, ended, benches, diagnose)
            for index in range(exercise.cases):
                ended = bench.run(answer, index)
                if not isinstance(ended, dict) and not _excused(ended, trial):
                    return _result(bench, answer, index, ended, benches, diagnose)
                bench.time_limit = time_limit
            benches.append(bench)
    message = "Right: it does what the reference does, on inputs of several shapes."
    return CheckResult(exercise_id, Status.PASS, None, message)


def _never_returns(bench, answer):
    """Whether the first run would never come back, where no signal could stop it: in C, and outside the main thread."""
    if threading.current_thread() is threading.main_thread() and not may_loop_in_c(answer):
        return False
    bench.expected(0)
    # three times as long as in this process: the first use of some parts of torch imports for seconds
    return never_returns(lambda: bench.run(answer, 0, limited=False), 3 * bench.time_limit)


def _trials(exercise, seed, dtype):
    """The circumstances under which an answer must be right."""
    first = dtype or torch.float32
    yield Trial(seed, first)
    yield Trial(seed + 1, first, training=False)  # other values and other random numbers in the same shapes, eval mode
    if dtype is None:
        yield Trial(seed, torch.float64, follows=exercise.dtype_named)


DTYPES = re.compile(r"dtype|scalar type|same type|\b(?:[Dd]ouble|[Ff]loat)\b")


def _excused(ended, trial):
    """Whether the answer stopped only since tensors of its own are float32, where the text names no dtype."""
    if trial.follows:
        return False
    if isinstance(ended, Mismatch):
        return ended.problem.kind == "dtype" and ended.value.dtype is torch.float32
    return ended.kind in ("RuntimeError", "TypeError") and DTYPES.search(ended.text) is not None


def _result(bench, answer, index, ended, earlier, diagnose):
    """The result of a wrong answer."""
    exercise_id = bench.exercise.id
    if isinstance(ended, Crash) and "NotImplementedError" in ended.kinds:
        unfinished = _unfinished(exercise_id, ended)
        if unfinished:
            return unfinished
    inputs = ended.called or inputs_in_words(bench.exercise.draw(Draw(bench.trial.seed, index, bench.trial.dtype)))
    details = {"inputs": inputs, "next": f'hint("{exercise_id}")'}
    if isinstance(ended, Mismatch):
        status, message = Status.FAIL, ended.problem.message
        details |= {"expected": ended.problem.expected, "got": ended.problem.got}
    else:
        status, message = Status.ERROR, _error_message(ended, exercise_id, answer, bench.time_limit)
        details |= {"where": ended.where}
    endless = isinstance(ended, Crash) and ended.kind == "OutOfTime"
    cause = find_cause(bench, answer, index, earlier) if diagnose and not endless else None
    if cause is not None:
        details |= {"relation": cause.relation} if cause.relation else {}
        if cause.message != message:
            details["observed"] = message
        message = cause.message
    result = CheckResult(exercise_id, status, cause.mistake if cause else None, message, details)
    certain = result.mistake or (cause and cause.relation in ("moving", "kept", "mode", "no return"))
    return result if certain else _with_outside_variable(result, answer)


def _with_outside_variable(result, answer):
    """The result, with a variable of the notebook that the answer reads named as the likely cause."""
    try:
        outside = notebook_variables(answer)
        parameters = [name for name in inspect.signature(answer).parameters if outside]
    except Exception:  # whatever a learner hands in
        return result
    if not outside:
        return result
    near = difflib.get_close_matches(outside[0], parameters, n=1, cutoff=0.5)
    instead = f"use its argument `{near[0]}`" if near else "hand it in as an argument, or make it inside"
    message = f"`{result.exercise}` reads the notebook's variable `{outside[0]}`: {instead}."
    return dataclasses.replace(result, message=message, details={"observed": result.message, **result.details})


def _unfinished(exercise_id, error):
    """The result for a NotImplementedError that a TODO raised, else None."""
    text = error.text
    if text in todo_words(exercise_id) or not text:
        message = "Not attempted yet: write the code that the TODO asks for, run that cell, then this one."
        return CheckResult(exercise_id, Status.NOT_ATTEMPTED, None, message, {"todo": text})
    for other in exercise_ids():
        if text in todo_words(other):
            message = f"It uses `{other}`, which is not written yet."
            details = {
                "next": f'Write `{other}`, or put {other} = mine("{other}") into a cell above and run both again.'
            }
            return CheckResult(exercise_id, Status.ERROR, None, message, details)
    return None


def _error_message(crash, exercise_id, answer, time_limit):
    text = crash.text.strip().split("\n")[0][:300]
    if crash.kind == "OutOfTime":
        return f"It did not return within {time_limit:g} seconds: is there a loop that never ends?"
    if crash.kind == "SystemExit":
        return "It calls sys.exit or exit; a function returns instead."
    if crash.kind == "RecursionError":
        return "It calls itself without end."
    if crash.kind == "TypeError" and not crash.where:
        renamed = renamed_parameters(*_called_part(text, answer, reference_answer(exercise_id)))
        return renamed or f"It cannot be called as the text says: {text}."
    if crash.kind == "TypeError" and (
        other := unexpected_keyword(text, lambda name: _visible(exercise_id, answer, name))
    ):
        return other
    said = f"{crash.kind}: {text}" if text else crash.kind
    return f"Your code raised {said}" if crash.where else f"What it returned cannot be used: {said}"


def _called_part(text, answer, reference):
    """The answer's and the reference's callable that a TypeError is about: the class itself, or its `forward`."""
    if isinstance(answer, type) and isinstance(reference, type) and "forward()" in text:
        return getattr(answer, "forward", answer), reference.forward
    return answer, reference


def _visible(exercise_id, answer, name):
    """What a name in a learner's text may stand for: in their notebook, in the course, or in torch.nn."""
    try:
        spaces = globals_of(answer), namespace_for(exercise_id), vars(torch.nn), vars(torch.nn.functional)
        return next((space[name] for space in spaces if name in space), None)
    except Exception:  # whatever lies in a notebook
        return None
