"""`vitcourse exercise NAME`: for an author, each known mistake as a diff to the answer, and as a learner sees it."""

import difflib
import inspect

import torch

from ..exercises import get_exercise
from ..workbook.answers import changed_text, mistake_answer, reference_answer
from ..workbook.check import run_check, run_probe, same_end
from ..workbook.reference_text import reference_source
from ..workbook.report import as_text

RUNS = [(0, torch.float64), (1, torch.float32), (2, torch.float64)]  # (seed, dtype)


def show(name):
    """Print an exercise's mistakes and hints; 1 when a mistake is accepted or not told apart, else 0."""
    exercise = get_exercise(name)
    for number, mistake in enumerate(exercise.mistakes, 1):
        print(f"{number}. {mistake.id}")
        try:
            print(indented(difference(name, mistake)))
            print(indented(as_text(run_check(name, mistake_answer(name, mistake.id)))))
        except Exception as error:  # the author's slip: a text that is not there, code that does not run
            print(indented(f"cannot be made: {error}"))
        print(indented(f"hint: {mistake.hint}"), end="\n\n")
    for number, hint in enumerate(exercise.hints, 1):
        print(f"hint {number}: {hint}")
    faults = faults_of(name)
    print(f"\n{name}: {counted(len(exercise.mistakes), 'mistake')}, {counted(len(faults), 'problem')}")
    for fault in faults:
        print(f"- {fault}")
    return 1 if faults else 0


def difference(name, mistake):
    """The lines in which a mistake differs from the answer; the whole text of one that is code of its own."""
    if not isinstance(mistake.change, tuple):
        return "\n".join(f"+ {line}" for line in inspect.getsource(mistake.change).rstrip().splitlines())
    right, wrong = reference_source(name).splitlines(), changed_text(name, mistake.change).splitlines()
    lines = difflib.ndiff(right, wrong)
    return "\n".join(line for line in lines if line.startswith(("-", "+")))


def counted(number, word):
    """`no problems`, `1 problem`, `2 problems`."""
    return f"{number or 'no'} {word}{'s' * (number != 1)}"


def indented(text):
    """The text, its lines moved to the right."""
    return "\n".join(f"   {line}" for line in text.splitlines())


def faults_of(name):
    """What is wrong with an exercise's mistakes, a sentence each."""
    made, faults = {}, []
    for mistake in get_exercise(name).mistakes:
        try:
            made[mistake.id] = mistake_answer(name, mistake.id)
        except Exception as error:
            faults.append(f"{mistake.id} cannot be made: {error}")
    found = {}
    for seed, dtype in RUNS:
        for key, other in mistaken(name, made, seed, dtype).items():
            found.setdefault(key, other)
    for key, other in found.items():
        if other is None:
            faults.append(f"{key} is accepted: the probe sees no difference to the answer")
        else:
            faults.append(
                f"{key} is not told apart from {other}: the probe sees the same, so a learner reads the latter"
            )
    return faults


def mistaken(name, answers, seed, dtype):
    """The mistakes that a check does not name, on one draw of all cases.

    Args:
        answers: mistake id -> its answer, in the order in which they are tried.

    Returns:
        dict, mistake id -> the id of the first other mistake that ends as it does in every case, or None where it is
        accepted.
    """
    exercise, ends = get_exercise(name), {key: [] for key in answers}
    for index in range(exercise.cases):
        inputs = dict(seed=seed, index=index, dtype=dtype, time_limit=None)
        expected = run_probe(exercise, reference_answer(name), None, **inputs)
        for key, answer in answers.items():
            ends[key].append(run_probe(exercise, answer, expected, **inputs))
    found = {}
    for key, own in ends.items():
        if all(isinstance(end, dict) for end in own):
            found[key] = None
            continue
        first = next(other for other in ends if all(map(same_end, own, ends[other])))
        if first != key:
            found[key] = first
    return found
