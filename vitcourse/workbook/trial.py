"""One run of an exercise's probe on an answer: what it saw, or how it ended."""

from dataclasses import dataclass

import torch

from ..exercises.base import Draw
from .answers import reference_answer
from .compare import compare
from .errors import Crash, crash_of
from .guard import quarantine
from .recorder import Mismatch, Oversize, Recorder


@dataclass(frozen=True)
class Trial:
    """The circumstances of a run.

    Attributes:
        seed: of the inputs that are drawn.
        dtype: of the tensors that are drawn.
        training: whether modules are in training mode, else in eval mode.
        follows: whether the answer must follow the inputs' dtype. Where the text does not say so, an answer whose own
            tensors are float32 stops following a float64 input, and is judged by its run in float32 alone.
    """

    seed: int
    dtype: torch.dtype
    training: bool = True
    follows: bool = True


def run_probe(exercise, candidate, expected, seed, index, dtype, time_limit, training=True, rng=None):
    """Run an exercise's probe on fresh inputs.

    Args:
        candidate: the answer to run.
        expected: what the probe saw of the reference; None when the candidate is the reference.
        time_limit: seconds, or None: torch may import a good deal on its first call, and must not be stopped in that,
            so the reference, which runs first, has no limit.
        training: the mode in which modules are built.
        rng: the seed of the global random state; None is `seed`.

    Returns:
        The record of what was seen, a dict; or how the probe ended: a Mismatch where the candidate differs from the
        reference, a Crash where it raised.
    """
    with quarantine(time_limit):
        torch.default_generator.manual_seed(seed if rng is None else rng)  # torch.manual_seed asks every device: slow
        inputs = exercise.draw(Draw(seed, index, dtype))
        recorder = Recorder(inputs, expected, reference_answer(exercise.id), training)
        try:
            exercise.probe(recorder.watch(candidate), recorder, **inputs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if expected is None:
                raise
            return error if type(error) is Mismatch else crash_of(error, recorder.called)
        return recorder.seen


def same_end(left, right):
    """Whether two probes ended alike: at the same observation with the same value, or with the same exception."""
    if isinstance(left, dict) and isinstance(right, dict):
        return True
    if isinstance(left, Mismatch) and isinstance(right, Mismatch):
        if left.name != right.name:
            return False
        if isinstance(left.value, Oversize) or isinstance(right.value, Oversize):
            return left.value == right.value
        try:
            return compare("", right.value, left.value) is None
        except Exception:  # values of a type that cannot be compared
            return False
    both = isinstance(left, Crash) and isinstance(right, Crash)
    return both and (left.kinds, left.text) == (right.kinds, right.text) and "OutOfTime" not in left.kinds
