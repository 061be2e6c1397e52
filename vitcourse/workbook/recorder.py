"""The `see` that a probe is given: it records what an answer does and, for a learner's answer, compares at once."""

import copy

import torch
from torch import nn

from .compare import Problem, Raised, Returned, compare, kind_of


class Mismatch(Exception):
    """The answer differs from the reference here; ends the probe."""

    def __init__(self, name, value, problem):
        super().__init__(problem.message)
        self.name, self.value, self.problem = name, value, problem


class Recorder:
    """Record observations, or compare them with a record.

    Args:
        inputs: the case's inputs, to see whether the answer changed them in place.
        expected: the record of the reference (`recorder.seen`), or None when this is the reference's run.
    """

    def __init__(self, inputs, expected=None):
        self.seen = {}
        self.expected = expected
        self._inputs = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
        self._originals = {name: value.detach().clone() for name, value in self._inputs.items()}

    def __call__(self, name, value, rtol=None, atol=None):
        """Observe a value under a name that fits into a sentence: "the result", "the weights". Returns the value.

        The values are those of `compare.compare`. Also sees whether an input tensor was changed in place.
        """
        value = _snapshot(value)
        self._check(name, value, rtol, atol)
        for argument, original in self._originals.items():
            self._check_untouched(argument, original)
        return value

    def pair(self, name, parts, value):
        """Observe a tuple: `parts` names its members. Returns the members (as they are, still in the graph)."""
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
        for part, member in zip(parts, value, strict=True):
            self(part, member)
        return tuple(value)

    def raises(self, name, call, *args, mentions=(), **kwargs):
        """Observe which exception a call raises (or what it returns), and which of `mentions` its message names."""
        try:
            value = Returned(kind_of(call(*args, **kwargs)))
        except NotImplementedError:
            raise
        except Exception as error:
            message = str(error)
            kinds = tuple(cls.__name__ for cls in type(error).__mro__[:-2])
            value = Raised(kinds, tuple(word for word in map(str, mentions) if word in message), message[:200])
        self(name, value)

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

        Observes that it is an nn.Module and that its parameters have the reference's names and shapes.
        """
        if not isinstance(answer, type):
            self._settle("a class", "no class", Problem("type", f"It must be a class, but it is {kind_of(answer)}."))
        module = answer(**sizes)
        if not isinstance(module, nn.Module):
            problem = Problem("type", "The class must derive from nn.Module.", "nn.Module", kind_of(module))
            self._settle("the class's base", "no module", problem)
        if state is not None:
            self._load(module, state)
        return module if dtype is None else module.to(dtype)

    def _load(self, module, state):
        want = {name: tuple(value.shape) for name, value in state.items()}
        have = {name: tuple(value.shape) for name, value in module.named_parameters()}
        self._settle("the parameters", have, _parameter_problem(want, have))
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.data = state[name].clone()

    def _check(self, name, value, rtol=None, atol=None):
        if self.expected is None:
            self.seen[name] = value
        else:
            self._settle(name, value, compare(name, self.expected[name], value, rtol, atol))

    def _check_untouched(self, argument, original):
        now = self._inputs[argument].detach()
        if now.shape != original.shape or not torch.equal(now, original):
            text = f"It changes its argument `{argument}` in place; the caller's tensor must stay as it was."
            problem = Problem("argument", text, f"`{argument}` unchanged", f"`{argument}` changed")
            self._settle(f"the argument {argument}", now.clone(), problem)

    def _settle(self, name, value, problem):
        if problem is None:
            self.seen[name] = value
            return
        if self.expected is None:  # the reference must never fail its own checks
            raise AssertionError(f"the reference itself: {problem.message}")
        raise Mismatch(name, value, problem)


def _snapshot(value):
    """A copy that later in-place edits cannot reach."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, tuple | list):
        return type(value)(_snapshot(item) for item in value) if type(value) in (tuple, list) else value
    return copy.copy(value) if isinstance(value, dict) else value


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
