"""The `see` that a probe is given: it records what an answer does and, for a learner's answer, compares at once."""

import copy
from dataclasses import dataclass

import torch
from torch import nn

from .calls import call_in_words
from .compare import Problem, Raised, Returned, compare, kind_of
from .errors import kinds_of, text_of

OVERSIZE = 10_000_000  # values: far more than any right result has; such a tensor is told by its shape and never copied


class Mismatch(Exception):
    """The answer differs from the reference here; ends the probe.

    Attributes:
        name: the observation.
        value: what was seen.
        problem: the difference, in words.
        axes: the words for the value's axes that the probe gave, or None.
        called: in words, what the answer was called with.
    """

    def __init__(self, name, value, problem, axes=None, called=""):
        super().__init__(problem.message)
        self.name, self.value, self.problem, self.axes, self.called = name, value, problem, axes, called


@dataclass(frozen=True)
class Oversize:
    """A tensor too large to look at."""

    shape: tuple
    dtype: torch.dtype


class Recorder:
    """Record observations, or compare them with a record.

    Args:
        inputs: the case's inputs, to see whether the answer changed them in place.
        expected: the record of the reference (`recorder.seen`), or None when this is the reference's run.
        reference: the reference's own function or class, whose parameter names word a call.
        training: the mode that `build` leaves modules in.
    """

    def __init__(self, inputs, expected=None, reference=None, training=True):
        self.seen = {}
        self.expected = expected
        self.called = ""  # the latest call of the answer, in words
        self.built = False  # whether a module was made: then its modes matter
        self._reference, self._training = reference, training
        self._inputs = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
        self._originals = {name: value.detach().clone() for name, value in self._inputs.items()}

    def watch(self, answer):
        """A function that calls the answer and notes what with; a class as it is (`build` watches its modules)."""
        if isinstance(answer, type):
            return answer

        def watched(*args, **kwargs):
            self.called = call_in_words(self._reference or answer, args, kwargs)
            return answer(*args, **kwargs)

        return watched

    def __call__(self, name, value, rtol=None, atol=None, axes=None):
        """Observe a value under a name that fits into a sentence: "the result", "the weights". Returns the value.

        The values are those of `compare.compare`. Also sees whether an input tensor was changed in place.

        Args:
            axes: a word for each axis, as in "image token channel": a sentence about a wrong answer uses them.
        """
        value = _snapshot(value)
        self._check(name, value, rtol, atol, axes)
        for argument, original in self._originals.items():
            self._check_untouched(argument, original)
        return value

    def pair(self, name, parts, value, axes=None):
        """Observe a tuple: `parts` names its members. Returns the members (as they are, still in the graph).

        Args:
            axes: the words for each member's axes, a string (or None) for each.
        """
        is_pair = isinstance(value, tuple | list) and len(value) == len(parts)
        found = len(value) if isinstance(value, tuple | list) else kind_of(value)
        expected = " and ".join(parts)
        problem = (
            None
            if is_pair
            else Problem(
                "type",
                f"{name[:1].upper()}{name[1:]} must be {len(parts)} things, {expected}, but it is "
                + (f"{found} things." if isinstance(found, int) else f"{found}."),
                expected,
                str(found),
            )
        )
        self._settle(f"{name} as a tuple", found, problem)
        for part, member, words in zip(parts, value, axes or [None] * len(parts), strict=True):
            self(part, member, axes=words)
        return tuple(value)

    def both_modes(self, name, module, *args, rtol=None, atol=None, axes=None, **kwargs):
        """Observe what a module gives in training mode and in eval mode. Returns the value in training mode.

        The module is left in the mode in which it was.
        """
        before = module.training
        values = {}
        for mode, training in (("training", True), ("eval", False)):
            module.train(training)
            values[mode] = _snapshot(module(*args, **kwargs))
        module.train(before)
        names = {mode: f"{name} in {mode} mode" for mode in values}
        wrong = (
            {}
            if self.expected is None
            else {m: compare(n, self.expected[n], values[m], rtol, atol) for m, n in names.items()}
        )
        for mode, other in (("training", "eval"), ("eval", "training")):
            problem = wrong.get(mode)
            if problem is not None and wrong[other] is None:
                problem = Problem(problem.kind, _one_mode(name, mode, other), problem.expected, problem.got)
            self._settle(names[mode], values[mode], problem, axes)
        return values["training"]

    def twice(self, name, call, *args, rtol=None, atol=None, axes=None, **kwargs):
        """Observe what a call gives, what it gives for other values of the same shapes, and that it then gives the
        first again. Returns the first value.

        It finds what is kept between calls (a cache, an attribute, a buffer) and what is random.
        """
        state = torch.get_rng_state()
        first = self(name, call(*args, **kwargs), rtol, atol, axes)
        others = [_other_values(value) for value in args], {key: _other_values(v) for key, v in kwargs.items()}
        other, changed = f"{name} for other values of the same shape", _snapshot(call(*others[0], **others[1]))
        if self.expected is not None and compare(name, first, changed, rtol, atol) is None:
            right = compare(name, self.expected[other], changed, rtol, atol) is None
            self._settle(other, changed, None if right else Problem("kept", FROM_BEFORE))
        self(other, changed, rtol, atol, axes)
        again = _snapshot(call(*args, **kwargs))
        problem = None
        if compare(name, first, again, rtol, atol) is not None:
            torch.set_rng_state(state)
            same = compare(name, first, _snapshot(call(*args, **kwargs)), rtol, atol) is None
            problem = Problem("moving", RANDOM if same else KEPT)
        self._settle(f"{name} of a second call", again, problem, axes)
        return first

    def raises(self, name, call, *args, mentions=(), **kwargs):
        """Observe which exception a call raises (or what it returns), and which of `mentions` its message names.

        Hand in the call's arguments, `see.raises(name, answer, images, 5)`: a card shows them. Of a lambda without
        arguments it shows what the answer in it was called with.
        """
        before, self.called = self.called, ""
        try:
            value = call(*args, **kwargs)
            value = Returned(kind_of(value), _looks(value))
        except NotImplementedError:
            raise
        except Exception as error:
            message = text_of(error)
            value = Raised(
                kinds_of(error), tuple(word for word in map(str, mentions) if word in message), message[:200]
            )
        if args or kwargs:
            self.called = call_in_words(self._signature_of(call), args, kwargs)
        self(name, value)
        self.called = before

    def _signature_of(self, call):
        is_module = isinstance(call, nn.Module) and isinstance(self._reference, type)
        return self._reference.forward.__get__(call) if is_module else self._reference or call

    def gradient(self, name, output, source):
        """Observe the gradient that reaches `source` from a fixed weighted sum of `output`."""
        if not isinstance(output, torch.Tensor) or not output.requires_grad:
            text = (
                "The result is cut off from the graph (detach, .data, no_grad, .item() or NumPy): no gradient can flow."
            )
            self._settle(
                name, "detached", Problem("gradient", text, "a result with requires_grad", "requires_grad=False")
            )
        weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
        (gradient,) = torch.autograd.grad((output * weights).sum(), source, allow_unused=True, retain_graph=True)
        problem = None
        if gradient is None:
            problem = Problem("gradient", f"No gradient reaches {name}.", "a gradient", "None")
        self._settle(f"whether there is a gradient: {name}", gradient is None, problem)
        self(f"the gradient of {name}", gradient)

    def build(self, answer, state=None, dtype=None, **sizes):
        """Make a module from the learner's class and, if a state is given, load the reference's weights into it.

        Observes that it is an nn.Module and that its parameters have the reference's names and shapes. The check runs
        each probe in training and in eval mode: the module comes in the mode of this run.
        """
        if not isinstance(answer, type):
            self._settle("a class", "no class", Problem("type", f"It must be a class, but it is {kind_of(answer)}."))
        self.called = call_in_words(self._reference or answer, (), sizes)
        module = answer(**sizes)
        if not isinstance(module, nn.Module):
            problem = Problem("type", "The class must derive from nn.Module.", "nn.Module", kind_of(module))
            self._settle("the class's base", "no module", problem)
        if state is not None:
            self._load(module, state)
        module = module if dtype is None else module.to(dtype)
        self.built = True
        self._note_calls(module, sizes)
        return module.train(self._training)

    def _note_calls(self, module, sizes):
        forward = self._signature_of(module)
        made = call_in_words(self._reference or type(module), (), sizes)

        def note(module, args, kwargs):
            mode = "" if module.training else ", in eval mode"
            self.called = f"{call_in_words(forward, args, kwargs)}{mode}; made with {made}"

        module.register_forward_pre_hook(note, with_kwargs=True)

    def _load(self, module, state):
        want = {name: tuple(value.shape) for name, value in state.items()}
        have = {name: tuple(value.shape) for name, value in module.named_parameters()}
        self._settle("the parameters", have, _parameter_problem(want, have))
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.data = state[name].clone()

    def _check(self, name, value, rtol=None, atol=None, axes=None):
        if self.expected is None:
            self.seen[name] = value
            return
        problem = _too_large(name, self.expected[name], value)
        problem = problem or compare(name, self.expected[name], value, rtol, atol)
        self._settle(name, value, problem, axes)

    def _check_untouched(self, argument, original):
        now = self._inputs[argument].detach()
        if now.shape != original.shape or not torch.equal(now, original):
            text = f"It changes its argument `{argument}` in place; the caller's tensor must stay as it was."
            problem = Problem("argument", text, f"`{argument}` unchanged", f"`{argument}` changed")
            self._settle(f"the argument {argument}", now.clone(), problem)

    def _settle(self, name, value, problem, axes=None):
        if problem is None:
            self.seen[name] = value
            return
        if self.expected is None:  # the reference must never fail its own checks
            raise AssertionError(f"the reference itself: {problem.message}")
        raise Mismatch(name, value, problem, axes, self.called)


RANDOM = "Two calls with the same input give two results: is there dropout or a random draw? The exercise has none."
KEPT = (
    "A second call with the same input gives another result: something is kept from one call to the next, or memory "
    "is read that was never written."
)
FROM_BEFORE = (
    "It gives the result of an earlier call with other inputs: something is kept between calls (a cache, a global "
    "variable, an attribute)."
)


def _one_mode(name, mode, other):
    return f"{name[:1].upper()}{name[1:]} is right in {other} mode, but not in {mode} mode."


def _other_values(value):
    """Other values of the same kind: rolled along the last axis that has two entries, so that sums along it stay."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return value
    axes = [axis for axis, size in enumerate(value.shape) if size > 1]
    return value.roll(1, axes[-1]) if axes else value + 1


def _looks(value):
    """A tensor's shape and, roughly, size: an image that was cropped is told from one that was filled up."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.numel() > OVERSIZE:
        return ""
    return f"{tuple(value.shape)} {float(value.detach().abs().mean()):.2e}"


def _snapshot(value):
    """A copy that later in-place edits cannot reach."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone() if value.numel() <= OVERSIZE else Oversize(tuple(value.shape), value.dtype)
    if isinstance(value, tuple | list):
        return type(value)(_snapshot(item) for item in value) if type(value) in (tuple, list) else value
    return copy.copy(value) if isinstance(value, dict) else value


def _too_large(name, expected, value):
    """The problem of a tensor that was too large to be copied, else None."""
    if not isinstance(value, Oversize):
        return None
    want = f"shape {tuple(expected.shape)}" if isinstance(expected, torch.Tensor) else kind_of(expected)
    text = f"{name[:1].upper()}{name[1:]} must have {want}, but it has {value.shape}."
    return Problem("shape", text, want, str(value.shape))


def _parameter_problem(want, have):
    missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
    if missing:
        text = f"The module has no parameter `{missing[0]}`"
        text += f", but one called `{extra[0]}`: keep the names that the text gives." if extra else "."
        return Problem("parameters", text, ", ".join(missing), ", ".join(extra) or "nothing under that name")
    if extra:
        text = f"The module has a parameter `{extra[0]}` that should not be there."
        return Problem("parameters", text, "no such parameter", ", ".join(extra))
    for name, shape in want.items():
        if have[name] != shape:
            text = f"The parameter `{name}` must have shape {shape}, but it has {have[name]}."
            return Problem("parameters", text, str(shape), str(have[name]))
    return None
