"""compare: the first difference, in one sentence; nothing passes by broadcasting or by rounding."""

import numpy as np
import pytest
import torch

from vitcourse.workbook.compare import Raised, Returned, compare, describe

T = torch.tensor


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (T([1.0, 2.0]), T([1.0, 2.0 + 1e-7])),
        (T([1.0, 2.0]), torch.nn.Parameter(T([1.0, 2.0]))),
        (T([[1.0, 2.0], [3.0, 4.0]]).T, T([[1.0, 3.0], [2.0, 4.0]])),  # not contiguous
        (T([1, 2]), T([1, 2])),
        (3, np.int64(3)),
        (0.1, np.float64(0.1)),
        (0.3, 0.1 + 0.2),
        ("a", "a"),
        (None, None),
        ((1, 2), [1, 2]),
        ({"a": 1}, {"a": 1}),
        (T([float("inf"), float("nan"), 1.0]), T([float("inf"), float("nan"), 1.0])),
        (Returned("a tensor"), Returned("a tensor")),
        (Raised(("ValueError", "Exception"), ("6",)), Raised(("ValueError", "Exception"), ("6",), "of 6")),
        (Raised(("ValueError", "Exception")), Raised(("MyError", "ValueError", "Exception"))),
    ],
)
def test_equal_things_are_equal(expected, got):
    assert compare("the result", expected, got) is None


@pytest.mark.parametrize(
    ("kind", "expected", "got"),
    [
        ("type", T([1.0]), np.ones(1)),
        ("type", T([1.0]), [1.0]),
        ("type", T([1.0]), None),
        ("shape", T([1.0, 1.0]), T(1.0)),
        ("shape", torch.ones(2, 2), torch.ones(2, 1)),
        ("dtype", T([1.0]), T([1.0]).double()),
        ("dtype", T([1.0]), T([1])),
        ("finite", T([1.0]), T([float("nan")])),
        ("finite", T([1.0]), T([float("inf")])),
        ("values", T([1.0, 2.0]), T([1.0, 2.01])),
        ("values", T([1e-6, 2e-6]), T([1e-6, 3e-6])),
        ("values", T([1, 2]), T([1, 3])),
        ("values", T(1.0), T(1.5)),
        ("type", 3, 3.0),
        ("type", 3, True),
        ("type", 0.5, T(0.5)),
        ("type", 0.5, "0.5"),
        ("values", 3, 4),
        ("values", 1.0, 1.001),
        ("finite", 1.0, float("nan")),
        ("values", "a", "b"),
        ("values", True, 1),
        ("type", (1, 2), 1),
        ("shape", (1, 2), (1, 2, 3)),
        ("values", (1, 2), (1, 3)),
        ("exception", Raised(("ValueError", "Exception")), Returned("an int")),
        ("values", T([float("inf"), 1.0]), T([float("inf"), 2.0])),
        ("values", T([float("-inf"), 1.0]), T([0.0, 1.0])),
        ("exception", Raised(("ValueError", "Exception")), Raised(("RuntimeError", "Exception"))),
        ("exception", Raised(("ValueError",), ("6", "9")), Raised(("ValueError",), ("6",), "6 is wrong")),
        ("exception", T([1.0]), Raised(("RuntimeError", "Exception"), (), "boom")),
        ("exception", 3, Raised(("RuntimeError", "Exception"), (), "boom")),
    ],
)
def test_differences_have_a_kind_and_a_sentence(kind, expected, got):
    problem = compare("the result", expected, got)
    assert problem.kind == kind
    assert problem.message.startswith("The result") and problem.message.endswith((".", "?", "”."))


def test_wrong_values_say_how_many_and_where():
    problem = compare("the result", torch.zeros(2, 5), torch.zeros(2, 5).index_fill(1, T([3]), 1.0))
    assert "20 % of its values" in problem.message
    assert (problem.expected, problem.got) == ("at [0, 3]: 0", "at [0, 3]: 1")


def test_describe_is_short_and_safe():
    class Bad:
        def __repr__(self):
            raise RuntimeError

    assert describe(Bad()) == "an object of type Bad"
    assert len(describe("x" * 1000)) <= 125
    assert describe(torch.zeros(2, 3)) == "(2, 3) float32"
