"""The checker's statuses, and that nothing a learner hands in can crash it or outlive it."""

import random
import sys

import numpy as np
import pytest
import torch

from vitcourse.exercises import exercise_ids
from vitcourse.reference.attention import MultiHeadAttention
from vitcourse.reference.patches import patchify
from vitcourse.workbook.check import Status, run_check


def check(answer, **kwargs):
    return run_check("patchify", answer, **kwargs)


def test_the_order_is_type_shape_dtype_finite_values_gradient():
    cases = {
        "must be a tensor": lambda x, p: patchify(x, p).numpy() if not x.requires_grad else None,
        "must have shape": lambda x, p: patchify(x, p).float()[:1],  # the dtype is wrong too
        "must have dtype": lambda x, p: patchify(x, p).half() * float("nan"),
        "holds NaN": lambda x, p: patchify(x, p) * float("nan"),
        "values are wrong": lambda x, p: patchify(x, p).detach().exp(),
        "cut off from the graph": lambda x, p: patchify(x, p).detach(),
    }
    for words, answer in cases.items():
        result = check(answer)
        said = result.details.get("observed", result.message)  # what a known mistake explains is said below it
        assert result.status is Status.FAIL and words in said, (words, result)


def test_a_missing_return_is_said():
    def answer(images, patch_size):
        patchify(images, patch_size)

    assert "`return` missing" in check(answer).message


def test_no_return_is_missing_where_none_is_one_of_two_results():
    """A fused call that gives None for the weights has its `return`."""

    class Fused(MultiHeadAttention):
        def forward(self, x, need_weights=False):
            out = super().forward(x)
            return (out, None) if need_weights else out

    result = run_check("MultiHeadAttention", Fused)
    assert result.status is Status.FAIL and "return" not in result.message and "None" in result.message


def test_a_shape_that_would_broadcast_is_rejected():
    result = check(lambda x, p: patchify(x, p)[:, :, :1])
    assert result.status is Status.FAIL and "shape" in result.message


def test_first_image_only_is_rejected():
    result = check(lambda x, p: patchify(x[:1].expand_as(x), p))
    assert result.status is Status.FAIL


def test_a_change_in_place_is_rejected():
    def answer(images, patch_size):
        out = patchify(images, patch_size).clone()
        if not images.requires_grad:
            images.zero_()
        return out

    result = check(answer)
    assert result.status is Status.FAIL and "`images` in place" in result.message


def test_an_error_says_exception_line_and_inputs():
    def answer(images, patch_size):
        return images.reshape(7, 7, 7)

    result = check(answer)
    assert result.status is Status.ERROR
    assert "RuntimeError" in result.message and "images.reshape(7, 7, 7)" in result.details["where"]
    assert "images (7, 5, 12, 8), patch_size 4" in result.details["inputs"]


def test_a_wrong_signature_is_said():
    result = check(lambda images: images)
    assert result.status is Status.ERROR and "cannot be called" in result.message


def test_not_attempted_is_known_by_the_todo_and_not_guessed():
    def bare(images, patch_size):
        raise NotImplementedError

    def other(images, patch_size):
        raise NotImplementedError("rectangular images")

    def dependency(images, patch_size):
        raise NotImplementedError("return the number of patches that fit into the image, plus one")

    assert check(bare).status is Status.NOT_ATTEMPTED
    assert check(other).status is Status.ERROR
    result = check(dependency)
    assert result.status is Status.ERROR and "`count_tokens`, which is not written yet" in result.message


class Evil:
    """Everything about it raises."""

    def __getattribute__(self, name):
        raise RuntimeError("evil")

    def __repr__(self):
        raise RuntimeError("evil")

    def __eq__(self, other):
        raise RuntimeError("evil")

    __hash__ = None


class EvilShape:
    dtype = None

    @property
    def shape(self):
        sys.exit(3)


class EvilError(Exception):
    def __str__(self):
        raise RuntimeError("evil")


def endless(images, patch_size):
    return endless(images, patch_size)


def raises_evil(images, patch_size):
    raise EvilError


def prints(images, patch_size):
    print("x" * 10_000_000)
    return patchify(images, patch_size) + 1


def generator(images, patch_size):
    yield images


JUNK = [
    *(None, 3, 2.5, "patchify", [1], {}, np.zeros(3), torch.zeros(0), int, type, Evil, Evil(), EvilShape(), lambda: 1),
    *(len, print, torch.nn.Linear, torch.nn.Module, endless, raises_evil, prints, generator, NotImplementedError),
    *(lambda *a: Evil(), lambda *a: EvilShape(), lambda *a: torch.zeros(0), lambda *a: a, lambda *a: sys.exit(1)),
    *(lambda *a: torch.zeros(2, 6, 45).to_sparse(), lambda *a: torch.zeros(2, 6, 45, device="meta"), lambda *a: Evil),
    *(
        lambda *a: (_ for _ in ()).throw(GeneratorExit()),
        lambda *a: 1 / 0,
        lambda *a: torch.zeros(2, 6, 45, dtype=bool),
    ),
    *(
        lambda *a: torch.zeros(2, 6, 45, dtype=torch.complex64),
        lambda *a: torch.nn.Linear(2, 3),
        lambda *a: float("nan"),
    ),
]


@pytest.mark.parametrize("number", range(len(JUNK)))  # pytest itself could not show these objects
@pytest.mark.parametrize("name", exercise_ids())
def test_junk_gets_a_status_and_a_sentence(name, number):
    result = run_check(name, JUNK[number])
    assert result.status in (Status.FAIL, Status.ERROR)
    assert isinstance(result.message, str) and result.message


def test_state_is_restored():
    def answer(images, patch_size):
        torch.manual_seed(1)
        np.random.seed(1)
        random.seed(1)
        torch.set_default_dtype(torch.float16)
        torch.set_grad_enabled(False)
        torch.rand(3)
        return patchify(images, patch_size)

    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    check(answer)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()


def test_a_function_that_does_not_return_is_stopped():
    def answer(images, patch_size):
        while True:
            pass

    result = check(answer, time_limit=0.2)
    assert result.status is Status.ERROR and "did not return within 0.2 seconds" in result.message


def test_ctrl_c_goes_through():
    def answer(images, patch_size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(answer)


def test_an_unknown_exercise_is_a_key_error_that_lists_them():
    with pytest.raises(KeyError, match="patchify"):
        run_check("pachify", patchify)


def test_a_library_class_is_not_said_to_read_the_notebook():
    assert "notebook" not in run_check("PatchEmbed", torch.nn.Module).message
