"""Find the cause of a wrong answer: what moves, known mistakes, two of them at once, what relates it to the right one.

Every finder looks at all cases of a trial. What it says is true of each of them, or it is not said.
"""

import dis
import itertools
import time
from dataclasses import dataclass

import torch

from .answers import edited_answers, mistake_answer, mistakes_together, reference_answer
from .compare import compare
from .recorder import FROM_BEFORE, KEPT, RANDOM, Mismatch
from .relations import relate
from .trial import run_probe, same_end

SECONDS_FOR_EDITS = 0.25  # of the reference: so many are tried as the time suffices for
SECONDS_FOR_PAIRS = 0.25  # of two mistakes at once there are hundreds: those that can be tried in this time are
VAGUE = ("order", "constant", "place", "terms", "factors", "cropped", "unreduced", "repeated")


@dataclass(frozen=True)
class Cause:
    """Why an answer is wrong.

    Attributes:
        message: one plain sentence or two.
        mistake: the id of the known mistake, or None.
        relation: the short name of what relates the result to the right one, or None.
    """

    message: str
    mistake: str | None = None
    relation: str | None = None


class Bench:
    """An exercise's runs under one trial: the reference's are made once.

    Args:
        exercise, trial: what to run, and under which circumstances.
        time_limit: seconds for a run of the answer.
    """

    def __init__(self, exercise, trial, time_limit):
        self.exercise, self.trial, self.time_limit = exercise, trial, time_limit
        self._expected = {}

    def expected(self, index):
        """What the probe sees of the reference in a case."""
        if index not in self._expected:
            trial = self.trial
            answer = reference_answer(self.exercise.id)
            self._expected[index] = run_probe(
                self.exercise, answer, None, trial.seed, index, trial.dtype, None, trial.training
            )
        return self._expected[index]

    def run(self, answer, index, training=None, rng=None, limited=True):
        """How an answer ends in a case."""
        trial = self.trial
        mode = trial.training if training is None else training
        expected = (
            self.expected(index)
            if mode == trial.training
            else Bench(self.exercise, type(trial)(trial.seed, trial.dtype, mode, trial.follows), None).expected(index)
        )
        limit = self.time_limit if limited else None
        return run_probe(self.exercise, answer, expected, trial.seed, index, trial.dtype, limit, mode, rng)

    def explains(self, candidate, ends):
        """Whether a candidate ends as the answer did, in every case; the failed ones first, since they decide."""
        order = sorted(ends, key=lambda index: isinstance(ends[index], dict))
        return all(same_end(ends[index], self.run(candidate, index)) for index in order)


def find_cause(bench, answer, index, earlier):
    """The cause of an answer's failure in a case, or None.

    Args:
        bench: the trial in which it failed.
        answer: the learner's.
        index: the case.
        earlier: the benches of the trials that it passed.
    """
    exercise = bench.exercise
    ends = {i: bench.run(answer, i) for i in range(exercise.cases)}
    if isinstance(ends[index], dict):  # it has failed before, and passes now
        return Cause(RANDOM if _passes_with_its_seed(bench, answer, index) else KEPT, relation="moving")
    known = [m for m in exercise.mistakes if bench.explains(mistake_answer(exercise.id, m.id), ends)]
    if known:
        return Cause(_either([m.message for m in known]), known[0].id)
    return (
        _moving(bench, answer, ends[index], index)
        or _kept_from_before(ends[index], bench, index, earlier)
        or _returns_nothing(answer, ends[index])
        or _two_at_once(bench, ends)
        or _one_mode_only(bench, answer, index)
        or _one_edit(bench, ends)
        or _related(bench, ends)
    )


def _passes_with_its_seed(bench, answer, index):
    return isinstance(bench.run(answer, index), dict) and isinstance(bench.run(answer, index), dict)


def _either(messages):
    if len(messages) == 1:
        return messages[0]
    return "It is one of these, which give the same result: " + " Or: ".join(messages)


def _moving(bench, answer, end, index):
    """Called again with other random numbers it ends otherwise: is it the numbers, or something kept?"""
    if not isinstance(end, Mismatch):
        return None
    if end.problem.kind in ("moving", "kept"):  # the probe has found it
        return Cause(end.problem.message, relation=end.problem.kind)
    if end.problem.kind not in ("values", "finite") or not isinstance(end.value, torch.Tensor | float):
        return None  # of other things it is not known whether two are equal
    if same_end(end, bench.run(answer, index, rng=bench.trial.seed + 7919)):
        return None
    return Cause(RANDOM if same_end(end, bench.run(answer, index)) else KEPT, relation="moving")


def _kept_from_before(end, bench, index, earlier):
    """It gives what was right for inputs that it has seen before."""
    if not isinstance(end, Mismatch) or end.problem.kind != "values" or not _tells(end.value):
        return None
    others = [past for past in earlier if past.trial.seed != bench.trial.seed]
    seen = [past.expected(i) for past in others for i in range(bench.exercise.cases)]
    seen += [bench.expected(i) for i in range(index)]
    for record in seen:
        right = record.get(end.name)
        if isinstance(right, torch.Tensor) and compare("", right, end.value) is None:
            return Cause(FROM_BEFORE, relation="kept")
    return None


def _returns_nothing(answer, end):
    """The value is None, and the function has no `return` with a value at all."""
    if not isinstance(end, Mismatch) or not _is_none(end.value):
        return None
    function = getattr(answer, "forward", None) if isinstance(answer, type) else answer
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x20:  # a generator returns something else
        return None
    last = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RETURN_VALUE" and not (last.opname == "LOAD_CONST" and last.argval is None):
            return None
        if instruction.opname == "RETURN_CONST" and instruction.argval is not None:
            return None
        last = instruction
    return Cause(f"{end.problem.message} Is a `return` missing?", relation="no return")


def _is_none(value):
    return value is None or (isinstance(value, str) and value == "None")


def _two_at_once(bench, ends):
    """Two known mistakes together that explain the answer, where the time suffices to try; the first one leads."""
    failed = [end for end in ends.values() if not isinstance(end, dict)]
    if not all(isinstance(end, Mismatch) and _tells(end.value) for end in failed):
        return None  # an exception or a yes and no can have many causes
    stop = time.thread_time() + SECONDS_FOR_PAIRS
    found = []
    for left, right in itertools.combinations(bench.exercise.mistakes, 2):
        if time.thread_time() > stop:
            break
        together = mistakes_together(bench.exercise.id, left.id, right.id)
        if together is not None and bench.explains(together, ends):
            found.append((left, right))
    if not found:
        return None
    first, second = found[0]
    if len(found) == 1:
        return Cause(f"Two mistakes at once. First: {first.message} Then: {second.message}", first.id)
    both = [mistake for mistake in found[0] if all(mistake in pair for pair in found)]
    if not both:
        return None
    return Cause(f"Two mistakes at once. The first one: {both[0].message}", both[0].id)


def _one_edit(bench, ends):
    """One change of the reference that gives what the answer gives, in every case; said when one or two explain it."""
    failed = [end for end in ends.values() if not isinstance(end, dict)]
    if not all(isinstance(end, Mismatch) and _tells(end.value) for end in failed):
        return None
    stop = time.thread_time() + SECONDS_FOR_EDITS
    found = {}
    for words, edited in edited_answers(bench.exercise.id):
        if time.thread_time() > stop:
            break
        if words not in found and bench.explains(edited, ends):
            found[words] = edited
    if not 1 <= len(found) <= 2:
        return None
    name, words = f"{failed[0].name[:1].upper()}{failed[0].name[1:]}", ", or when ".join(found)
    return Cause(f"{name} is wrong: this is exactly what comes out when {words}.", relation="edit")


def _tells(value):
    """Whether a value is so rich that nothing gives it by chance."""
    if isinstance(value, torch.Tensor):
        return value.numel() > 3
    return isinstance(value, float)


def _one_mode_only(bench, answer, index):
    """Wrong in one of the two modes of a module, and right in the other, on the same inputs."""
    training = bench.trial.training
    if not isinstance(answer, type) or not isinstance(bench.run(answer, index, training=not training), dict):
        return None
    right, wrong = ("eval", "training") if training else ("training", "eval")
    return Cause(
        f"It is right in {right} mode, but not in {wrong} mode: the text knows no such difference.", relation="mode"
    )


def _related(bench, ends):
    """What relates the result to the right one; where that says little, to the result of a known mistake."""
    failed = {index: end for index, end in ends.items() if not isinstance(end, dict)}
    if not all(isinstance(end, Mismatch) and end.problem.kind in ("values", "shape") for end in failed.values()):
        return None
    first = next(iter(failed.values()))
    if any(end.name != first.name or end.name not in bench.expected(index) for index, end in failed.items()):
        return None
    name = f"{first.name[:1].upper()}{first.name[1:]}"
    related = relate([(bench.expected(index)[end.name], end.value) for index, end in failed.items()], first.axes)
    if related is None or related[0] in VAGUE:
        beside = _related_to_a_mistake(bench, failed, first)
        if beside is not None:
            mistake, (_, sentence) = beside
            return Cause(f"{mistake.message} And compared with that mistake alone, {sentence}", mistake.id)
    if related is None:
        return None
    key, sentence = related
    return Cause(f"{name} is wrong: {sentence}", relation=key)


def _related_to_a_mistake(bench, failed, first):
    """(mistake, (key, sentence)) when exactly one known mistake's result is the given one but for a clear relation."""
    found = []
    for mistake in bench.exercise.mistakes:
        pairs, shows = [], False
        for index, end in failed.items():
            known = bench.run(mistake_answer(bench.exercise.id, mistake.id), index)
            if isinstance(known, dict):  # the mistake does not show here
                pairs.append((bench.expected(index)[end.name], end.value))
                continue
            if not isinstance(known, Mismatch) or known.name != end.name or isinstance(known.value, float):
                break  # any number is any other one plus a constant
            if not _tells(known.value):
                break
            shows = True
            pairs.append((known.value, end.value))
        else:
            if not shows:
                continue
            related = relate(pairs, first.axes)
            if related is not None and related[0] not in VAGUE:
                found.append((mistake, related))
    return found[0] if len(found) == 1 else None
