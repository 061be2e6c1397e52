"""Run an exercise's check on an answer: the reference, the answer and, if they differ, the known mistakes."""

import dataclasses
import difflib
import inspect
import linecache
import sysconfig
import traceback
from dataclasses import dataclass, field
from enum import StrEnum

import torch

from ..common.places import PACKAGE
from ..exercises import exercise_ids, get_exercise
from ..exercises.base import Draw
from .answers import mistake_answer, reference_answer
from .compare import compare, describe, kind_of
from .guard import OutOfTime, quarantine
from .learner_text import notebook_variables
from .recorder import Mismatch, Recorder
from .reference_text import todo_words

LIBRARIES = (str(PACKAGE), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


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


def run_check(exercise_id, answer, *, seed=0, dtype=torch.float64, time_limit=30.0, diagnose=True):
    """Check an answer. Never raises for anything that the answer does (but Ctrl-C goes through).

    Args:
        exercise_id: see `vitcourse.exercises.exercise_ids`.
        answer: the learner's function or class, or anything at all.
        seed, dtype: of the inputs that are drawn.
        time_limit: seconds for each call of the probe, where the platform can stop a call.
        diagnose: whether to try the known mistakes on a wrong answer.

    Returns:
        CheckResult.

    Raises:
        KeyError: when there is no such exercise.
    """
    exercise = get_exercise(exercise_id)
    if not callable(answer):
        what = "class" if isinstance(reference_answer(exercise_id), type) else "function"
        message = f"`{exercise_id}` must be a {what}, but it is {kind_of(answer)}."
        return CheckResult(exercise_id, Status.FAIL, None, message, {"next": "Run the cell that defines it again."})
    for index in range(exercise.cases):
        result = _check_case(exercise, answer, seed, index, dtype, time_limit, exercise.mistakes if diagnose else ())
        if result is not None:
            return result
    message = "Right: it does what the reference does, on inputs of several shapes."
    return CheckResult(exercise_id, Status.PASS, None, message)


def _check_case(exercise, answer, seed, index, dtype, time_limit, mistakes):
    """The result when the answer is wrong on the case of that index, else None."""
    expected = run_probe(exercise, reference_answer(exercise.id), None, seed, index, dtype, None)
    ended = run_probe(exercise, answer, expected, seed, index, dtype, time_limit)
    if isinstance(ended, dict):
        return None
    details = {"inputs": _inputs_in_words(exercise.draw(Draw(seed, index, dtype)))}
    for mistake in mistakes:
        known = mistake_answer(exercise.id, mistake.id)
        if same_end(ended, run_probe(exercise, known, expected, seed, index, dtype, time_limit)):
            break
    else:
        mistake = None
    result = _result(exercise.id, ended, mistake, details, time_limit)
    return result if result.mistake or result.status is Status.NOT_ATTEMPTED else _with_outside_variable(result, answer)


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


def run_probe(exercise, candidate, expected, seed, index, dtype, time_limit):
    """Run an exercise's probe on fresh inputs.

    Args:
        candidate: the answer to run.
        expected: what the probe saw of the reference; None when the candidate is the reference.
        time_limit: seconds, or None: torch may import a good deal on its first call, and must not be stopped in that,
            so the reference, which runs first, has no limit.

    Returns:
        The record of what was seen, a dict; or the exception that ended the probe, a Mismatch where the candidate
        differs from the reference.
    """
    with quarantine(time_limit):
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.manual_seed(seed)
        inputs = exercise.draw(Draw(seed, index, dtype))
        recorder = Recorder(inputs, expected)
        try:
            exercise.probe(candidate, recorder, **inputs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if expected is None:
                raise
            return error
        return recorder.seen


def same_end(left, right):
    """Whether two probes ended alike: at the same observation with the same value, or with the same exception."""
    if isinstance(left, Mismatch) and isinstance(right, Mismatch):
        if left.name != right.name:
            return False
        try:
            return compare("", right.value, left.value) is None
        except Exception:  # values of a type that cannot be compared
            return False
    both = isinstance(left, Exception) and isinstance(right, Exception)
    if not both or isinstance(left, Mismatch) or isinstance(right, Mismatch):
        return False
    return type(left) is type(right) and _text_of(left) == _text_of(right)


def _result(exercise_id, ended, mistake, details, time_limit):
    if isinstance(ended, NotImplementedError):
        unfinished = _unfinished(exercise_id, ended)
        if unfinished:
            return unfinished
    details["next"] = f'hint("{exercise_id}")'
    if isinstance(ended, Mismatch):
        status, message = Status.FAIL, ended.problem.message
        details |= {"expected": ended.problem.expected, "got": ended.problem.got}
    else:
        status, message = Status.ERROR, _error_message(exercise_id, ended, details, time_limit)
    if mistake is not None:
        details["observed"] = message
        return CheckResult(exercise_id, status, mistake.id, mistake.message, details)
    return CheckResult(exercise_id, status, None, message, details)


def _unfinished(exercise_id, error):
    """The result for a NotImplementedError that a TODO raised, else None."""
    text = _text_of(error)
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


def _text_of(error):
    try:
        return str(error)
    except Exception:  # a learner's exception may have a __str__ that raises
        return ""


def _error_message(exercise_id, error, details, time_limit):
    name, text = type(error).__name__, _text_of(error).strip().split("\n")[0][:300]
    frame = _learners_frame(error)
    if frame is not None:
        line = linecache.getline(frame.f_code.co_filename, frame.line).strip()
        details["where"] = f"line {frame.line} of its cell: {line}" if line else f"line {frame.line} of its cell"
    if isinstance(error, OutOfTime):
        return f"It did not return within {time_limit:g} seconds: is there a loop that never ends?"
    if isinstance(error, SystemExit):
        return "It calls sys.exit or exit; a function returns instead."
    if isinstance(error, RecursionError):
        return "It calls itself without end."
    if isinstance(error, TypeError) and frame is None:
        return f"It cannot be called as the text says: {text}."
    said = f"{name}: {text}" if text else name
    return f"Your code raised {said}" if frame is not None else f"What it returned cannot be used: {said}"


@dataclass(frozen=True)
class _Frame:
    f_code: object
    line: int


def _learners_frame(error):
    """The innermost frame that is neither the course's nor a library's, or None."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        filename = frame.f_code.co_filename
        if not filename.startswith(LIBRARIES) and not filename.startswith("<frozen"):
            found = _Frame(frame.f_code, line)
    return found


def _inputs_in_words(inputs):
    """`images (2, 5, 6, 9), patch_size 3`: tensors by shape, sizes by value, the rest left out."""
    words = []
    flat = {}
    for name, value in inputs.items():
        flat |= value if isinstance(value, dict) else {name: value}
    for name, value in flat.items():
        if "." in name:  # a parameter of a state dict
            continue
        if isinstance(value, torch.Tensor):
            words.append(f"{name} {tuple(value.shape)}")
        elif isinstance(value, int | float | str | tuple) and len(describe(value)) < 40:
            words.append(f"{name} {describe(value)}")
    return ", ".join(words)
