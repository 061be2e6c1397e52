"""Turn text into answers: the reference's, a known mistake's, a learner's kept source."""

import functools
import linecache
from importlib import import_module

import torch
import torch.nn.functional as F
from torch import nn

from ..exercises import get_exercise, lab_of
from .mutants import mutants
from .reference_text import reference_source, solution_source


def reference_answer(exercise_id):
    """The reference's own function or class."""
    return getattr(_reference_module(exercise_id), exercise_id)


def _reference_module(exercise_id):
    return import_module(f"vitcourse.reference.{lab_of(exercise_id).stem}")


def namespace_for(exercise_id):
    """The global names that an answer's text may use: torch, nn, F, and all that its reference module has."""
    return {"torch": torch, "nn": nn, "F": F, **vars(_reference_module(exercise_id)), "__name__": "answer"}


def run_text(text, name, namespace, filename):
    """Execute a definition's text and return what it defines under `name`; tracebacks will show its lines."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


def changed_text(exercise_id, change):
    """The reference's text with a mistake's replacements made.

    Raises:
        ValueError: when an old text does not occur exactly once.
    """
    return _replaced(reference_source(exercise_id), change, exercise_id)


def _replaced(text, change, exercise_id):
    for old, new in (change,) if isinstance(change[0], str) else change:
        if text.count(old) != 1:
            raise ValueError(f"{exercise_id}: {old!r} occurs {text.count(old)} times in the reference, not once")
        text = text.replace(old, new)
    return text


@functools.cache
def mistakes_together(exercise_id, first_id, second_id):
    """The wrong answer that makes two known mistakes, or None where their changes do not go together."""
    changes = {m.id: m.change for m in get_exercise(exercise_id).mistakes if m.id in (first_id, second_id)}
    if not all(isinstance(change, tuple) for change in changes.values()):
        return None
    try:
        text = changed_text(exercise_id, changes[first_id])
        text = _replaced(text, changes[second_id], exercise_id)
        name = f"<mistakes {exercise_id}/{first_id}/{second_id}>"
        return run_text(text, exercise_id, namespace_for(exercise_id), name)
    except (ValueError, SyntaxError, KeyError):
        return None


@functools.cache
def mistake_answer(exercise_id, mistake_id):
    """The wrong answer that a known mistake stands for."""
    mistake = next(m for m in get_exercise(exercise_id).mistakes if m.id == mistake_id)
    if not isinstance(mistake.change, tuple):
        return mistake.change
    text = changed_text(exercise_id, mistake.change)
    return run_text(text, exercise_id, namespace_for(exercise_id), f"<mistake {exercise_id}/{mistake_id}>")


@functools.cache
def edited_answers(exercise_id):
    """The wrong answers that one edit makes of the reference: (words, answer) of each that defines anything."""
    found = []
    for _, words, text in mutants(solution_source(exercise_id)):
        try:
            found.append((words, run_text(text, exercise_id, namespace_for(exercise_id), f"<edit of {exercise_id}>")))
        except Exception:
            continue
    return found
