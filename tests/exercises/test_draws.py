"""The sizes of what a check feeds to an answer: no two agree by chance, each is once 1, and no batch is of two.

`draws_<lab>.py` says what the sizes are:

    SIZES = {"patchify": dict(images="B C H W", patch_size="P")}   # a word for each axis, and for each whole number
    MADE = {"patchify": dict(rows="H // P", cols="W // P")}        # sizes that follow from those
    NEVER_ONE = {"patchify": {"P": "why no case has it at 1"}}     # all others are 1 in one case at least
    MAY_AGREE = {"patchify": {"rows cols": "why they are equal in a case"}}

A list of tensors has its length as its first word: "L B h T T". "... N d" leaves out the axes in front. "-" is a
whole number, or several, that is no size. Equal words are equal sizes. Sizes that are both 1 may agree.
"""

import importlib.util
import itertools

import pytest
import torch

from tests.exercises.test_all import LABS, NAMES
from vitcourse.exercises import get_exercise, lab_of
from vitcourse.exercises.base import Draw

DRAWS = [(name, index) for name in NAMES for index in range(get_exercise(name).cases)]


def table(name, which):
    """What a lab's data says of an exercise; a lab without data is skipped for all to see."""
    module = f"tests.exercises.draws_{lab_of(name).stem}"
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"there is no {module.replace('.', '/')}.py yet")
    tables = getattr(importlib.import_module(module), which, {})
    return tables[name] if which == "SIZES" else tables.get(name, {})


def inputs(name, index):
    return get_exercise(name).draw(Draw(0, index, torch.float32))


def shapes(values):
    """Yield (name, lengths) of every input that has some: tensors, lists of them, whole numbers and tuples of them."""
    for key, value in values.items():
        if isinstance(value, dict) and not any(isinstance(v, torch.Tensor) for v in value.values()):
            yield from shapes(value)  # `sizes`; a state's shapes follow from them
        elif isinstance(value, torch.Tensor):
            yield key, tuple(value.shape)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield key, (value,)
        elif isinstance(value, list | tuple) and value:
            if all(isinstance(v, torch.Tensor) for v in value):
                yield key, (len(value), *value[0].shape)
            elif all(isinstance(v, int) for v in value):
                yield key, tuple(value)


def sizes(name, index):
    """{word: size} of a case, those that are made from others included."""
    words, found = table(name, "SIZES"), {}
    for key, lengths in shapes(inputs(name, index)):
        assert key in words, f"say in SIZES what the lengths {lengths} of {key} are, or '-'"
        names = words[key].split()
        if names == ["-"]:
            continue
        if names[0] == "...":
            names, lengths = names[1:], lengths[1 - len(names) :]
        elif len(lengths) == 1:
            lengths = lengths * len(names)  # one number for both sides
        assert len(names) == len(lengths), f"{key} has the lengths {lengths}, and SIZES says {words[key]}"
        for word, length in zip(names, lengths, strict=True):
            assert found.setdefault(word, length) == length, f"{word} is {found[word]}, and {length} in {key}"
    for word, rule in table(name, "MADE").items():
        found[word] = eval(rule, {}, dict(found))
    return found


@pytest.mark.parametrize(("name", "index"), DRAWS)
def test_no_first_axis_is_of_length_two(name, index):
    """`a, b = module(x)` unpacks a batch of two in silence."""
    table(name, "SIZES")
    for key, value in inputs(name, index).items():
        if isinstance(value, torch.Tensor) and value.ndim > 1:
            assert value.shape[0] != 2, key


@pytest.mark.parametrize(("name", "index"), DRAWS)
def test_no_two_sizes_agree_by_chance(name, index):
    """An answer that takes one axis for another must show."""
    allowed = [set(pair.split()) for pair in table(name, "MAY_AGREE")]
    alike = {
        f"{left} = {right} = {a}"
        for (left, a), (right, b) in itertools.combinations(sizes(name, index).items(), 2)
        if a == b != 1 and {left, right} not in allowed
    }
    assert not alike


@pytest.mark.parametrize("name", NAMES)
def test_each_size_is_once_one(name):
    """A `squeeze()`, or a `[0]` in its place, shows at an axis of length 1 alone."""
    cases = [sizes(name, index) for index in range(get_exercise(name).cases)]
    never = {word for word in cases[0] if all(case.get(word) != 1 for case in cases)}
    listed = set(table(name, "NEVER_ONE"))
    assert never <= listed, "no case has these at 1"
    assert listed <= never, "listed as never 1, but one case has it, or there is no such size"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_the_data_is_about_the_labs_exercises(lab):
    for which in ("SIZES", "MADE", "NEVER_ONE", "MAY_AGREE"):
        table(lab.exercises[0], "MADE")  # skips
        module = importlib.import_module(f"tests.exercises.draws_{lab.stem}")
        assert set(getattr(module, which, {})) <= set(lab.exercises)
