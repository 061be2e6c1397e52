"""relate: what a wrong result has to do with the right one, said only when every case shows it."""

import pytest
import torch

from vitcourse.workbook.relations import relate

RNG = torch.Generator().manual_seed(0)
RIGHT = [torch.randn(3, 4, 5, generator=RNG), torch.randn(2, 6, 3, generator=RNG)]


def related(change, rights=None):
    return relate([(right, change(right)) for right in (RIGHT if rights is None else rights)])


@pytest.mark.parametrize(
    ("key", "words", "change"),
    [
        ("transposed", "axis 1 (of length 4) and axis 2 (of length 5) are exchanged", lambda t: t.transpose(1, 2)),
        ("transposed", "another order: [2, 0, 1]", lambda t: t.permute(2, 0, 1)),
        ("reversed", "reversed along axis 1", lambda t: t.flip(1)),
        ("rolled", "axis 2 (of length 5): each entry stands 1 later", lambda t: t.roll(1, 2)),
        ("rolled", "each entry stands 1 earlier", lambda t: t.roll(-1, 2)),
        ("rolled", "by 1 along axis 1 (of length 4) and by -1 along axis 2", lambda t: t.roll((1, -1), (1, 2))),
        ("shuffled", "along axis 1 (of length 4)", lambda t: t[:, [1, 0, *range(2, t.shape[1])]]),
        ("recut", "axis 1 (of length 4) and axis 2", lambda t: t.transpose(1, 2).reshape(t.shape)),
        ("order", "another order", lambda t: t.flatten()[torch.randperm(t.numel(), generator=RNG)].reshape(t.shape)),
        ("shape", "only the shape", lambda t: t.flatten(1)),
        ("times", "times 1/2.", lambda t: t / 2),
        ("times", "sign is wrong", lambda t: -t),
        ("times", "depends on the inputs (1/5, 1/3)", lambda t: t / t.shape[2]),
        ("plus", "plus 3.", lambda t: t + 3),
        ("affine", "times 2 plus 1.", lambda t: 2 * t + 1),
        ("constant", "all of its values are 0.", torch.zeros_like),
        ("repeated", "axis 0 (of length 3) are the first one's", lambda t: t[:1].expand_as(t)),
        ("place", "right for the first index of axis 0 only", lambda t: torch.cat([t[:1], t[1:].exp()])),
        ("place", "wrong for the last index of axis 1 only", lambda t: torch.cat([t[:, :-1], t[:, -1:].exp()], 1)),
        ("cropped", "the first index of axis 1 is missing", lambda t: t[:, 1:]),
        ("terms", "same all along axis 0 (of length 3):", lambda t: t + torch.arange(t[0].numel()).reshape(t[0].shape)),
    ],
)
def test_each_relation_is_said(key, words, change):
    found = related(change)
    assert found is not None and found[0] == key and words in found[1], found


def test_what_does_not_hold_in_every_case_is_not_said():
    changes = iter([lambda t: t.transpose(1, 2), lambda t: t.transpose(0, 1)])
    assert related(lambda t: next(changes)(t)) is None or related(lambda t: t)[0] != "transposed"
    first, second = RIGHT
    assert relate([(first, first * 2), (second, second.exp())]) is None
    assert relate([(first, first.flip(1)), (second, second.flip(2))])[0] == "order"


def test_a_function_of_the_values_is_no_relation():
    assert related(torch.exp) is None
    assert related(lambda t: t + 0.01 * t**2) is None


def test_nearly_a_multiple_is_none():
    assert related(lambda t: 2 * t * (1 + 1e-3 * torch.linspace(-1, 1, t.numel()).reshape(t.shape))) is None


def test_a_symmetric_matrix_tells_nothing_about_a_transposition():
    square = torch.randn(4, 4, generator=RNG)
    symmetric = square + square.T
    assert relate([(symmetric, symmetric.flip(0))])[0] != "transposed"


def test_one_number_is_no_multiple_but_the_same_factor_of_several_is():
    assert relate([(torch.tensor(2.0), torch.tensor(3.0))]) is None
    assert relate([(2.0, 3.0), (4.0, 5.5)]) is None
    assert relate([(2.0, 6.0), (4.0, 12.0)]) == ("times", "each value is the right one times 3.")


def test_words_for_axes_are_used():
    sentence = relate([(RIGHT[0], torch.cat([RIGHT[0][:1], RIGHT[0][1:].exp()]))], "image token channel")[1]
    assert sentence == "it is right for the first image only."
    sentence = relate([(RIGHT[0], RIGHT[0].flip(1))], "image token channel")[1]
    assert sentence == "it is reversed along axis 1 (token)."


def test_required_infinities_stay_out_of_the_arithmetic():
    right = torch.tensor([float("-inf"), 1.0, 2.0, 5.0])
    assert relate([(right, right * 2)])[0] == "times"
    assert relate([(right, right.nan_to_num(neginf=-9.0))])[0] == "place"


def test_what_cannot_be_compared_has_no_relation():
    assert relate([(RIGHT[0], None)]) is None
    assert relate([(RIGHT[0], RIGHT[0].to_sparse())]) is None
    assert relate([(RIGHT[0], torch.zeros(0))]) is None
    assert relate([(True, False)]) is None
