"""How a wrong result relates to the right one: transposed, shuffled along an axis, times a constant, and so on.

A relation is said only when it holds in every case that failed, exactly up to rounding, and when the right result could
tell it from its rivals (a symmetric matrix tells nothing about a transposition). Each finder looks at one right and one
given tensor and returns {key: numbers}: the key says what must be the same in all cases, the numbers may differ from
case to case. The finders stand in order, the most telling ones first; the first relation that holds is the one said.
"""

import itertools
import numbers
from dataclasses import dataclass

import torch

from .compare import TOLERANCE

LARGEST = 200_000  # values; a larger result is compared, but not searched for relations


@dataclass(frozen=True)
class Pair:
    """A right and a given tensor, both in float64, and how close two values must be to be the same."""

    right: torch.Tensor
    given: torch.Tensor
    limit: float

    def same(self, left, right):
        """Whether two tensors agree within rounding, shapes included."""
        return left.shape == right.shape and bool(self.near(left, right).all())

    def near(self, left, right):
        """Where two tensors agree within rounding."""
        return (left == right) | ((left - right).abs() <= self.limit) | (left.isnan() & right.isnan())


def relate(pairs, axes=None):
    """Say how the given values relate to the right ones.

    Args:
        pairs: (right, given) of every case that failed: tensors, numbers, or tuples of numbers.
        axes: a word for each axis, or None: "image token channel".

    Returns:
        (key, sentence): a short name such as "transposed" and a clause that goes on "It is wrong: …"; or None where
        nothing was found.
    """
    pairs = [_pair(right, given) for right, given in pairs]
    if not pairs or None in pairs:
        return None
    for find, word in FINDERS:
        found = [find(pair) for pair in pairs]
        keys = [key for key in found[0] if all(key in other for other in found[1:])]
        for key in _unambiguous(keys):
            sentence = word(key, [one[key] for one in found], _Axes(axes, pairs[0].right.shape), pairs)
            if sentence is not None:
                return key[0], sentence
    return None


def _unambiguous(keys):
    """The keys, without orders of axes of which another one that moves as few explains the same."""
    moved = [sum(i != axis for i, axis in enumerate(key[1])) for key in keys if key[0] in ("transposed", "recut")]
    return [] if moved and moved.count(min(moved)) > 1 else keys


def _pair(right, given):
    right, dtype = _as_tensor(right)
    given, _ = _as_tensor(given)
    if right is None or given is None or max(right.numel(), given.numel()) > LARGEST or not given.numel():
        return None
    finite = right[right.isfinite()].abs()
    scale = float(finite.max()) if finite.numel() else 1.0
    return Pair(right, given, TOLERANCE.get(dtype, 1e-4) * scale)


def _as_tensor(value):
    """The value in float64 and the dtype that it had, or (None, None)."""
    if isinstance(value, torch.Tensor):
        usable = value.layout is torch.strided and not value.is_complex() and value.device.type == "cpu"
        return (value.double(), value.dtype) if usable else (None, None)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64), torch.float64
    if isinstance(value, tuple | list) and value and all(isinstance(v, numbers.Real) for v in value):
        return torch.tensor([float(v) for v in value], dtype=torch.float64), torch.float64
    return None, None


class _Axes:
    """Words for axes: those that the probe gave, else their numbers."""

    def __init__(self, words, shape):
        words = words.split() if isinstance(words, str) else list(words or ())
        self.words, self.shape = words if len(words) == len(shape) else [], tuple(shape)

    def __call__(self, i):
        return f"axis {i} ({self.words[i]})" if self.words else f"axis {i} (of length {self.shape[i]})"

    def one(self, which, i):
        """`the first image`, or `index 0 of axis 0`."""
        if self.words:
            return f"the {which} {self.words[i]}"
        return f"the {which} index of axis {i}"


# ------------------------------------------------------------------------------------------- the same values elsewhere


def _same_values(pair):
    """Whether both hold the same values, each as often."""
    if pair.right.numel() != pair.given.numel() or pair.right.numel() < 2:
        return False
    right, given = (t.flatten().sort().values for t in (pair.right, pair.given))
    return bool(pair.near(right, given).all()) and bool((right[0] - right[-1]).abs() > pair.limit)


def _other_shape(pair):
    """The right values in the right order, in another shape."""
    if pair.right.shape == pair.given.shape or pair.right.numel() != pair.given.numel():
        return {}
    return {("shape",): None} if pair.same(pair.given.reshape(pair.right.shape), pair.right) else {}


def _word_other_shape(key, found, axes, pairs):
    lost = [axis for axis, size in enumerate(pairs[0].right.shape) if size == 1]
    squeezed = lost and pairs[0].given.shape == pairs[0].right.squeeze().shape
    tail = ": an axis of length 1 is lost (squeeze?)" if squeezed else ""
    return f"the values are right and in the right order, only the shape is not{tail}."


def _permutations(ndim):
    """All orders of the axes but the given one, those that move fewest first."""
    orders = [order for order in itertools.permutations(range(ndim)) if order != tuple(range(ndim))]
    return sorted(orders, key=lambda order: sum(i != axis for i, axis in enumerate(order)))


def _transposed(pair):
    if not 2 <= pair.right.ndim <= 5 or pair.right.ndim != pair.given.ndim or not _same_values(pair):
        return {}
    orders = [o for o in _permutations(pair.right.ndim) if pair.same(pair.right.permute(o), pair.given)]
    return {("transposed", order): None for order in orders}


def _word_transposed(key, found, axes, pairs):
    moved = [i for i, axis in enumerate(key[1]) if i != axis]
    if len(moved) == 2:
        return f"it is transposed: {axes(moved[0])} and {axes(moved[1])} are exchanged."
    return f"its axes stand in another order: {list(key[1])} of the right one's."


def _recut(pair):
    """The right result with its axes exchanged and cut to the shape again: a reshape in place of a transpose."""
    if not 2 <= pair.right.ndim <= 5 or not _same_values(pair):
        return {}
    flat = pair.given.flatten()
    orders = [o for o in _permutations(pair.right.ndim) if pair.same(pair.right.permute(o).flatten(), flat)]
    return {("recut", order): None for order in orders}


def _word_recut(key, found, axes, pairs):
    moved = [i for i, axis in enumerate(key[1]) if i != axis]
    which = " and ".join([", ".join(axes(i) for i in moved[:-1]), axes(moved[-1])])
    return (
        f"the values are right, but a reshape has cut them where axes should have been moved: in memory {which} "
        "stand in another order."
    )


def _along(pair):
    """Yield (axis, order): the given entries along that axis are the right ones in that order."""
    if pair.right.shape != pair.given.shape or not _same_values(pair):
        return
    for axis, size in enumerate(pair.right.shape):
        if not 2 <= size <= 256:
            continue
        right, given = (t.movedim(axis, 0).reshape(size, -1) for t in (pair.right, pair.given))
        matches = pair.near(given[:, None], right[None]).all(dim=-1)  # (given, right)
        if bool((matches.sum(dim=0) == 1).all()) and bool((matches.sum(dim=1) == 1).all()):
            order = matches.int().argmax(dim=1).tolist()
            if order != sorted(order):  # else it is the right one itself
                yield axis, order


def _reversed(pair):
    return {("reversed", axis): order for axis, order in _along(pair) if order == list(range(len(order)))[::-1]}


def _word_reversed(key, found, axes, pairs):
    if all(len(order) == 2 for order in found):
        return f"the two entries along {axes(key[1])} are exchanged."
    return f"it is reversed along {axes(key[1])}."


def _rolled(pair):
    keys = {}
    for axis, order in _along(pair):
        size = len(order)
        for shift in range(1, size):
            if order == [(i - shift) % size for i in range(size)]:
                keys |= {("rolled", axis, step): None for step in sorted((shift, shift - size), key=abs)}
    return keys


def _word_rolled(key, found, axes, pairs):
    _, axis, shift = key
    if all(pair.right.shape[axis] == 2 for pair in pairs):
        return None  # that is the reversal, said before
    where = f"{shift} later" if shift > 0 else f"{-shift} earlier"
    return f"it is shifted along {axes(axis)}: each entry stands {where} than it should, cyclically."


def _rolled_twice(pair):
    """Shifted along two axes at once, as a map is that was rolled down and right."""
    if pair.right.shape != pair.given.shape or not 2 <= pair.right.ndim <= 5 or not _same_values(pair):
        return {}
    keys = {}
    for a, b in itertools.combinations(range(pair.right.ndim), 2):
        sizes = pair.right.shape[a], pair.right.shape[b]
        if min(sizes) < 2 or max(sizes) > 16:
            continue
        for shifts in itertools.product(*(range(1, size) for size in sizes)):
            if pair.same(pair.right.roll(shifts, (a, b)), pair.given):
                short = [s if 2 * s <= size else s - size for s, size in zip(shifts, sizes, strict=True)]
                keys[("rolled", (a, b), tuple(short))] = None
    return keys


def _word_rolled_twice(key, found, axes, pairs):
    (a, b), (down, right) = key[1:]
    return f"it is shifted by {down} along {axes(a)} and by {right} along {axes(b)}, cyclically."


def _shuffled(pair):
    return {("shuffled", axis): order for axis, order in _along(pair)}


def _word_shuffled(key, found, axes, pairs):
    order = found[0]
    shown = f": they are numbers {', '.join(map(str, order))} of the right ones" if len(order) <= 12 else ""
    return f"its entries along {axes(key[1])} are right, but in another order{shown}."


def _another_order(pair):
    return {("order",): None} if _same_values(pair) else {}


def _word_another_order(key, found, axes, pairs):
    return "it holds the right values, but in another order."


# ------------------------------------------------------------------------------------------------ too many or too few


def _cropped(pair):
    """One entry too few or too many at an end of an axis."""
    right, given, keys = pair.right, pair.given, {}
    if right.ndim != given.ndim:
        return {}
    for axis in range(right.ndim):
        if abs(right.shape[axis] - given.shape[axis]) != 1:
            continue
        short, long = sorted((right, given), key=lambda t: t.shape[axis])
        for end, start in (("last", 0), ("first", 1)):
            if short.numel() > 1 and pair.same(long.narrow(axis, start, short.shape[axis]), short):
                keys[("cropped", axis, end, "lacks" if given is short else "too many")] = None
    return keys


def _word_cropped(key, found, axes, pairs):
    _, axis, end, what = key
    if what == "lacks":
        return f"the values are right, but {axes.one(end, axis)} is missing."
    return f"there is one entry too many along {axes(axis)}: the {end} one; the rest is right."


def _unreduced(pair):
    """The mean or sum of the given values is the right one: along an axis, or of all of them."""
    right, given = pair.right, pair.given
    if given.numel() <= right.numel() or given.numel() < 2:
        return {}
    keys = {}
    for name, reduce in (("mean", torch.mean), ("sum", torch.sum)):
        if right.numel() == 1 and pair.same(reduce(given).reshape(right.shape), right):
            keys[("unreduced", name, None)] = None
        for axis in range(given.ndim):
            if given.shape[axis] > 1 and pair.same(reduce(given, dim=axis), right):
                keys[("unreduced", name, axis)] = None
    return keys


def _word_unreduced(key, found, axes, pairs):
    _, name, axis = key
    return f"the {name} of its values{'' if axis is None else f' along axis {axis}'} is the right result: take it."


# ------------------------------------------------------------------------------------------------------ wrong in places


def _places(pair):
    """Where along an axis the result is right: everywhere but at one end, or at one end only."""
    if pair.right.shape != pair.given.shape:
        return {}
    near, keys = pair.near(pair.right, pair.given), {}
    for axis, size in enumerate(pair.right.shape):
        if size < 2:
            continue
        share = near.movedim(axis, 0).reshape(size, -1).double().mean(dim=1)  # of right values, for each entry
        for end, i in (("first", 0), ("last", -1)):
            rest = torch.cat([share[1:] if i == 0 else share[:-1]])
            if share[i] == 1 and bool((rest < 0.5).all()):
                keys[("place", axis, end, "right")] = None
            if share[i] < 0.5 and bool((rest == 1).all()):
                keys[("place", axis, end, "wrong")] = None
    return keys


def _word_places(key, found, axes, pairs):
    _, axis, end, what = key
    if all(pair.right.shape[axis] == 2 for pair in pairs) and end == "last":
        return f"it is {what} for {axes.one('second', axis)} only."
    return f"it is {what} for {axes.one(end, axis)} only."


def _repeated(pair):
    """One entry of the right result stands everywhere along an axis."""
    right, given, keys = pair.right, pair.given, {}
    if right.shape != given.shape:
        return {}
    for axis in range(right.ndim):
        for end, start in (("first", 0), ("last", right.shape[axis] - 1)):
            one = right.narrow(axis, start, 1).expand_as(right) if right.shape[axis] > 1 else None
            if one is not None and pair.same(one, given) and not pair.same(one, right):
                keys[("repeated", axis, end)] = None
    return keys


def _word_repeated(key, found, axes, pairs):
    return f"all entries along {axes(key[1])} are the {key[2]} one's."


# ---------------------------------------------------------------------------------------------------- times and plus


def _finite(pair):
    """(right, given) at the places where both are finite, flat; None where they are not finite at the same places."""
    right, given = pair.right, pair.given
    if right.shape != given.shape or not torch.equal(right.isfinite(), given.isfinite()):
        return None
    finite = right.isfinite()
    if not torch.equal(right[~finite].nan_to_num(), given[~finite].nan_to_num()):
        return None
    return right[finite], given[finite]


def _distinct(values, limit):
    """How many values differ by more than rounding, counted up to 4."""
    ordered = values.unique()
    return 1 + int((ordered.diff() > 100 * limit).sum().clamp(max=3)) if ordered.numel() else 0


def _constant(pair):
    both = _finite(pair)
    if both is None or _distinct(both[0], pair.limit) < 2:
        return {}
    value = float(both[1][0])
    return {("constant", round(value, 6) + 0.0): value} if bool(((both[1] - value).abs() <= pair.limit).all()) else {}


def _word_constant(key, found, axes, pairs):
    return f"all of its values are {_number(found[0])}."


def _times(pair):
    both = _finite(pair)
    if both is None or not both[0].numel():
        return {}
    right, given = both
    factor = float((right * given).sum() / (right * right).sum()) if bool((right != 0).any()) else 0.0
    if factor == 0 or abs(factor - 1) < 1e-4 or not bool(pair.near(given / factor, right).all()):
        return {}
    return {("times",): (factor, _distinct(right, pair.limit))}


def _plus(pair):
    both = _finite(pair)
    if both is None or not both[0].numel():
        return {}
    right, given = both
    offset = float((given - right).mean())
    if abs(offset) <= 10 * pair.limit or not bool(pair.near(given - offset, right).all()):
        return {}
    return {("plus",): (offset, _distinct(right, pair.limit))}


def _constants_tell(found):
    """Whether the constants can be believed: from values that differ, or the same one from several cases."""
    constants = [constant for constant, _ in found]
    alike = max(constants) - min(constants) <= 1e-3 * max(map(abs, constants))
    return all(count >= 3 for _, count in found) or (
        alike and len(found) >= 2 and all(count >= 1 for _, count in found)
    )


def _word_times(key, found, axes, pairs):
    if not _constants_tell(found):
        return None
    factors = [factor for factor, _ in found]
    if all(abs(factor + 1) < 1e-4 for factor in factors):
        return "its sign is wrong: each value is the right one times -1."
    return f"each value is the right one times {_numbers(factors)}."


def _word_plus(key, found, axes, pairs):
    if not _constants_tell(found):
        return None
    return f"each value is the right one plus {_numbers([offset for offset, _ in found])}."


def _affine(pair):
    both = _finite(pair)
    if both is None or both[0].numel() < 6 or _distinct(both[0], pair.limit) < 4:
        return {}
    right, given = both
    centred = right - right.mean()
    factor = float((centred * (given - given.mean())).sum() / (centred * centred).sum())
    offset = float(given.mean() - factor * right.mean())
    if abs(factor) < 1e-3 or not bool(pair.near((given - offset) / factor, right).all()):
        return {}
    return {("affine",): (factor, offset)}


def _word_affine(key, found, axes, pairs):
    factors, offsets = zip(*found, strict=True)
    return f"each value is the right one times {_numbers(factors)} plus {_numbers(offsets)}."


def _spread(values):
    return values.amax(dim=0) - values.amin(dim=0)


def _along_which_alike(pair, values):
    """The axes along which `values` do not change, when they do change along others."""
    alike, differ = [], []
    for axis, size in enumerate(values.shape):
        if size > 1:
            same = bool((_spread(values.movedim(axis, 0)) <= 10 * pair.limit).all())
            (alike if same else differ).append(axis)
    return tuple(alike) if differ else ()


def _factors_by_axis(pair):
    """The factor depends on some axes only: each row, token or head is scaled by its own."""
    if pair.right.ndim < 2 or _finite(pair) is None or not bool(pair.right.isfinite().all()):
        return {}
    if bool((pair.right.abs() <= 1e3 * pair.limit).any()):  # a factor of nearly zero is all rounding
        return {}
    factors = pair.given / pair.right
    alike = _along_which_alike(Pair(factors, factors, pair.limit * 10 / float(pair.right.abs().min())), factors)
    return {("factors", axes): None for axes in [alike] if axes}


def _word_factors(key, found, axes, pairs):
    return f"each value is the right one times a factor that is the same all along {_list(axes, key[1])}."


def _terms_by_axis(pair):
    """The difference does not change along some axis: a term that does not depend on it is missing or too much."""
    if pair.right.ndim < 2 or _finite(pair) is None or not bool(pair.right.isfinite().all()):
        return {}
    alike = _along_which_alike(pair, pair.given - pair.right)
    return {("terms", axes): None for axes in [alike] if axes}


def _word_terms(key, found, axes, pairs):
    return (
        f"its difference from the right result is the same all along {_list(axes, key[1])}: a term that does not "
        "depend on it is missing, too much or wrong."
    )


def _list(axes, numbers_of_axes):
    return " and ".join(axes(i) for i in numbers_of_axes)


def _number(value):
    for whole in (value, 1 / value if value else value):
        if abs(whole - round(whole)) < 1e-4 and abs(whole) < 1e6:
            return f"{round(whole)}" if whole is value else f"1/{round(whole)}".replace("1/-", "-1/")
    return f"{value:.4g}"


def _numbers(values):
    """One number where all cases have the same, else each case's."""
    words = list(dict.fromkeys(map(_number, values)))
    return words[0] if len(words) == 1 else f"a number that depends on the inputs ({', '.join(words)})"


FINDERS = (
    (_other_shape, _word_other_shape),
    (_transposed, _word_transposed),
    (_reversed, _word_reversed),
    (_rolled, _word_rolled),
    (_rolled_twice, _word_rolled_twice),
    (_shuffled, _word_shuffled),
    (_recut, _word_recut),
    (_another_order, _word_another_order),
    (_cropped, _word_cropped),
    (_unreduced, _word_unreduced),
    (_constant, _word_constant),
    (_times, _word_times),
    (_plus, _word_plus),
    (_affine, _word_affine),
    (_repeated, _word_repeated),
    (_places, _word_places),
    (_terms_by_axis, _word_terms),
    (_factors_by_axis, _word_factors),
)
