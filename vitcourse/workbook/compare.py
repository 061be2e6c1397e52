"""Compare what an answer gave with what the reference gave, and say the difference in one sentence.

The order is type, shape, dtype and device, finite, values; the first difference is the one that is said. A wrong
shape never reaches the comparison of values, so nothing can pass by broadcasting.
"""

import numbers
from dataclasses import dataclass

import torch

# Looser than rounding, tighter than any mistake: an answer may compute a softmax in float32 inside a float64 call.
TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-4}


@dataclass(frozen=True)
class Problem:
    """One difference: what kind it is, the sentence, and both sides in short."""

    kind: str  # type, shape, dtype, device, finite, values, gradient, argument, parameters, exception
    message: str
    expected: str = ""
    got: str = ""


@dataclass(frozen=True)
class Raised:
    """That a call raised: the names of the exception's class and its bases, and which wanted words its message has."""

    kinds: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    message: str = ""

    def __str__(self):
        return f"{self.kinds[0]}: {self.message}" if self.message else self.kinds[0]


@dataclass(frozen=True)
class Returned:
    """That a call which should raise returned something of this kind, and what tells one tensor from another."""

    kind: str
    looks: str = ""


def describe(value):
    """A short text for a value, safe for any object: a tensor's shape and type, else its repr, cut."""
    try:
        if isinstance(value, torch.Tensor):
            if value.numel() == 1 and value.ndim == 0:
                return f"tensor {value.item():.6g}"
            return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        if isinstance(value, float):
            text = f"{value:.8g}"
            return text if set(text) & set(".en") else f"{text}.0"  # 16.0 must not look like the int 16
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            return f"{type(value).__name__} of shape {tuple(value.shape)}"
        text = repr(value)
    except Exception:  # a learner's object may raise anywhere
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= 120 else text[:117] + "…"


def kind_of(value):
    """The type of a value in a learner's words; safe for any object."""
    kind = type(value)  # not isinstance, which asks the object itself
    if value is None:
        return "None"
    if issubclass(kind, torch.Tensor):
        return "a tensor"
    if kind.__name__ == "ndarray":
        return "a NumPy array"
    if issubclass(kind, type):
        return f"the class {value.__name__}"
    return ("an " if kind.__name__[:1].lower() in "aeiou" else "a ") + kind.__name__


def compare(name, expected, got, rtol=None, atol=None):
    """The first difference between two values, or None.

    Args:
        name: what the value is, for the sentence: "the result".
        expected, got: tensors, numbers, strings, `Raised`, None, or tuples, lists and dicts of these.
        rtol, atol: tolerances for floating values; by default by dtype, the absolute one relative to the
            expected tensor's largest value.
    """
    if isinstance(expected, torch.Tensor):
        return _compare_tensors(name, expected, got, rtol, atol)
    if isinstance(expected, Raised):
        return _compare_raised(name, expected, got)
    if isinstance(expected, Returned):
        return None if expected == got else Problem("exception", f"{_cap(name)} differs.", expected.kind, describe(got))
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        same = type(got) is type(expected) and got == expected
    elif isinstance(expected, numbers.Number):
        return _compare_numbers(name, expected, got, rtol, atol)
    elif isinstance(expected, tuple | list):
        return _compare_sequences(name, expected, got, rtol, atol)
    elif isinstance(expected, dict):
        same = isinstance(got, dict) and got == expected
    else:
        raise TypeError(f"the checker cannot compare {type(expected)}")
    if same:
        return None
    if isinstance(got, Raised):
        return Problem("exception", f"{_cap(name)}: it raised {got}.", describe(expected), str(got))
    return Problem("values", f"{_cap(name)} is wrong.", describe(expected), describe(got))


def _cap(text):
    return text[:1].upper() + text[1:]


def _compare_tensors(name, expected, got, rtol, atol):
    want = describe(expected)
    if isinstance(got, Raised):
        return Problem("exception", f"{_cap(name)}: it raised {got}.", want, str(got))
    if not isinstance(got, torch.Tensor):
        text = f"{_cap(name)} must be a tensor, but it is {kind_of(got)}."
        return Problem("type", text, want, describe(got))
    if got.shape != expected.shape:
        text = f"{_cap(name)} must have shape {tuple(expected.shape)}, but it has {tuple(got.shape)}."
        return Problem("shape", text, want, describe(got))
    if got.dtype != expected.dtype:
        text = f"{_cap(name)} must have dtype {expected.dtype}, but it has {got.dtype}.{_keep_dtype(expected, got)}"
        return Problem("dtype", text, want, describe(got))
    if got.device != expected.device:
        return Problem(
            "device", f"{_cap(name)} must be on {expected.device}, but it is on {got.device}.", want, describe(got)
        )
    if not expected.is_floating_point():
        wrong = got != expected
    else:
        bad = ~got.isfinite() & expected.isfinite()  # an infinity that is required is right
        if bool(bad.any()):
            kind = "NaN" if bool(got[bad].isnan().any()) else "infinite values"
            where = " where finite ones belong" if not bool(expected.isfinite().all()) else ""
            amount = f"{int(bad.sum())} of {got.numel()} values"
            return Problem("finite", f"{_cap(name)} holds {kind}{where}.", want, amount)
        base = TOLERANCE.get(expected.dtype, 1e-2)
        size = expected[expected.isfinite()].abs()  # an infinity or NaN must not make the tolerance infinite or NaN
        scale = float(size.max()) if size.numel() else 1.0
        rtol = base if rtol is None else rtol
        atol = base * scale if atol is None else atol
        wrong = ~torch.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    if not bool(wrong.any()):
        return None
    return _wrong_values(name, expected, got, wrong)


def _keep_dtype(expected, got):
    if not (expected.is_floating_point() and got.is_floating_point()):
        return ""
    if torch.finfo(got.dtype).bits > torch.finfo(expected.dtype).bits:
        return " Something made in the wider type took part: make it with dtype=x.dtype, or turn it with .to(x.dtype)."
    return " Make new tensors with dtype=x.dtype, or turn them with .to(x.dtype)."


def _wrong_values(name, expected, got, wrong):
    if wrong.ndim == 0:
        return Problem("values", f"{_cap(name)} has the wrong value.", f"{expected.item():.6g}", f"{got.item():.6g}")
    index = tuple(int(i) for i in wrong.nonzero()[0])
    share = int(wrong.sum()) / wrong.numel()
    amount = "all of its values are" if share == 1 else f"{max(1, round(100 * share))} % of its values are"
    place = f"at {list(index)}: "
    message = f"{_cap(name)} has the right shape, but {amount} wrong."
    return Problem("values", message, f"{place}{expected[index].item():.6g}", f"{place}{got[index].item():.6g}")


def _compare_raised(name, expected, got):
    if not isinstance(got, Raised):
        kind = got.kind if isinstance(got, Returned) else kind_of(got)
        text = f"{_cap(name)}: it must raise a {expected.kinds[0]}, but it returned {kind}."
        return Problem("exception", text, f"raises {expected.kinds[0]}", f"returns {kind}")
    if expected.kinds[0] not in got.kinds:
        text = f"{_cap(name)}: it must raise a {expected.kinds[0]}, but it raised {got}."
        return Problem("exception", text, f"raises {expected.kinds[0]}", str(got))
    missing = [word for word in expected.mentions if word not in got.mentions]
    if missing:
        text = f"{_cap(name)}: its {got.kinds[0]} must name {', '.join(missing)}; it says “{got.message}”."
        return Problem("exception", text, f"a message with {', '.join(expected.mentions)}", got.message)
    return None


def _compare_numbers(name, expected, got, rtol, atol):
    if isinstance(got, Raised):
        return Problem("exception", f"{_cap(name)}: it raised {got}.", describe(expected), str(got))
    whole = isinstance(expected, int)
    wanted = numbers.Integral if whole else numbers.Real
    if isinstance(got, bool) or not isinstance(got, wanted):
        word = "a Python int" if whole else "a Python float"
        text = f"{_cap(name)} must be {word}, but it is {kind_of(got)}."
        return Problem("type", text, describe(expected), describe(got))
    value = float(got)
    if value != value or value in (float("inf"), float("-inf")):
        return Problem("finite", f"{_cap(name)} is {value}.", describe(expected), describe(got))
    if whole:
        close = int(got) == expected
    else:
        limit = (1e-9 if atol is None else atol) + (1e-6 if rtol is None else rtol) * abs(expected)
        close = abs(value - expected) <= limit
    return None if close else Problem("values", f"{_cap(name)} is wrong.", describe(expected), describe(got))


def _compare_sequences(name, expected, got, rtol, atol):
    if isinstance(got, Raised):
        return Problem("exception", f"{_cap(name)}: it raised {got}.", describe(expected), str(got))
    if not isinstance(got, tuple | list):
        text = f"{_cap(name)} must be a {type(expected).__name__} of {len(expected)}, but it is {kind_of(got)}."
        return Problem("type", text, f"{len(expected)} values", describe(got))
    if len(got) != len(expected):
        text = f"{_cap(name)} must hold {len(expected)} values, but it holds {len(got)}."
        return Problem("shape", text, f"{len(expected)} values", f"{len(got)} values")
    for i, (left, right) in enumerate(zip(expected, got, strict=True)):
        problem = compare(f"{name}, number {i}", left, right, rtol, atol)
        if problem:
            return problem
    return None
