"""What an exercise is made of: inputs to draw, a probe to run on an answer, known mistakes, hints.

A probe is run on the reference, on the learner's answer, and, when that one is wrong, on each known mistake: in float32
as a learner's tensors are, then with other values and modules in eval mode, then in float64. It calls
`see(name, value)` for everything that matters, most basic first; the checker compares what it saw, in order, and
stops at the first difference. See `workbook.recorder` for what `see` can do.

Each exercise is a module of its own, in the same order: draw, probe, picture, what the mistakes share, and EXERCISE with
its mistakes (each beside its hint) and hints. What several exercises of a lab share is in the lab's common.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Mistake:
    """One wrong answer that learners really give.

    Attributes:
        id: short, lower case with dashes; unique within the exercise.
        change: (old, new), or several such pairs: replacements in the reference's own text, where each old text
            occurs exactly once; or a function or class that is the wrong answer.
        message: one sentence to the learner that names the cause ("The patches run column by column, not row by row.").
        hint: one or two sentences that help from there, without a line of the solution.
    """

    id: str
    change: tuple | Callable
    message: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        id: the name that the learner defines.
        draw: `draw(d)` returns the probe's inputs by name; `d` is a `Draw`. Called once per case, with other shapes.
        probe: `probe(answer, see, **inputs)`.
        mistakes: known mistakes, the more specific ones first: the first one that explains an answer is shown.
        hints: three, from the idea over the shapes to almost the code.
        cases: the number of different inputs.
        dtype_named: whether the statement says which dtype the result has. Only then must an answer follow a float64
            input; otherwise one that makes its own tensors in float32 is right when it is right on float32 inputs.
        picture: `picture(answer)` returns an array that shows what an answer does on one instructive input, when a
            picture says more than words: (H, W) numbers, (H, W, 3) an image in 0..1, (N, P, P, 3) patches, or (n,) a
            curve. The checker draws the right one and the learner's side by side.
    """

    id: str
    draw: Callable
    probe: Callable
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    cases: int = 2
    picture: Callable | None = None
    dtype_named: bool = False


class Draw:
    """Seeded inputs for one case.

    Attributes:
        index: the case, 0, 1, …: give each another shape.
        dtype: the floating type of the tensors that are drawn.
    """

    def __init__(self, seed, index, dtype=torch.float64):
        self.index, self.dtype = index, dtype
        self.rng = torch.Generator().manual_seed(1_000_003 * seed + index)

    def normal(self, *shape, scale=1.0):
        """Standard normal values times `scale`: all distinct, so that any misplaced value shows."""
        # drawn in float64 and then cast, so that both dtypes see the same numbers
        return (scale * torch.randn(shape, generator=self.rng, dtype=torch.float64)).to(self.dtype)

    def distribution(self, *shape):
        """Positive values whose last axis sums to 1."""
        return self.normal(*shape).double().softmax(dim=-1).to(self.dtype)

    def derangement(self, n):
        """A permutation (n,) in which no index keeps its place and which is not its own inverse if n > 2."""
        order = torch.randperm(n, generator=self.rng)
        perm = torch.empty(n, dtype=torch.long)
        perm[order] = order.roll(1)  # one cycle through all of them
        return perm

    def uniform(self, low, high):
        """A Python float between low and high."""
        return float(low + (high - low) * torch.rand((), generator=self.rng, dtype=torch.float64))

    def integer(self, low, high):
        """A Python int, low <= i < high."""
        return int(torch.randint(low, high, (), generator=self.rng))

    def state(self, module, scale=0.5):
        """A state dict for `module` with every parameter drawn anew, biases and norm scales too, so that none hides."""
        return {name: self.normal(*parameter.shape, scale=scale) for name, parameter in module.named_parameters()}
