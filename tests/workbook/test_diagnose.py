"""What run_check says of answers that no single known mistake explains, and what it must not say."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.attention import MultiHeadAttention, scaled_dot_product
from vitcourse.reference.maps import attention_rollout
from vitcourse.reference.patches import patchify
from vitcourse.workbook import check as checks
from vitcourse.workbook.answers import mistakes_together
from vitcourse.workbook.check import Status, run_check

# ---------------------------------------------------------------------------------------------------------------- dtype


def zeros_in_float32(images, patch_size):
    right = patchify(images, patch_size)
    out = torch.zeros(right.shape)
    out[:] = right
    return out


def test_tensors_made_in_float32_are_right_where_the_text_names_no_dtype(monkeypatch):
    assert run_check("patchify", zeros_in_float32).status is Status.PASS
    named = dataclasses.replace(checks.get_exercise("patchify"), dtype_named=True)
    monkeypatch.setattr(checks, "get_exercise", lambda name: named)
    result = run_check("patchify", zeros_in_float32)
    assert result.status is Status.FAIL and "float64" in result.message and "dtype=x.dtype" in result.message


def test_an_identity_in_float32_meets_float32_weights():
    def answer(weights_per_layer):
        eye = torch.eye(weights_per_layer[0].shape[-1])
        product = eye
        for weights in weights_per_layer:
            product = (0.5 * weights.mean(dim=1) + 0.5 * eye) @ product
        return product[:, 0, 1:]

    assert run_check("attention_rollout", answer).status is Status.PASS
    wrong = run_check("attention_rollout", lambda layers: answer(layers[::-1]))
    assert wrong.mistake == "order-reversed"  # a wrong one is still told, in float32


def test_float64_from_float32_is_refused_with_the_way_out():
    result = run_check("patchify", lambda images, patch_size: patchify(images, patch_size).double())
    assert (
        result.status is Status.FAIL and "must have dtype torch.float32" in result.message and ".to(" in result.message
    )


def test_an_error_in_float64_that_is_not_about_dtypes_counts():
    def answer(images, patch_size):
        if images.dtype is torch.float64:
            raise RuntimeError("something else")
        return patchify(images, patch_size)

    assert run_check("patchify", answer).status is Status.ERROR


# ------------------------------------------------------------------------------------------------- modes, state, random


class InEval(MultiHeadAttention):
    def forward(self, x, need_weights=False):
        return super().forward(x if self.training else 2 * x, need_weights)


class Dropping(MultiHeadAttention):
    def forward(self, x, need_weights=False):
        return super().forward(F.dropout(x, 0.1), need_weights)


def test_a_module_is_probed_in_eval_mode_too():
    result = run_check("MultiHeadAttention", InEval)
    assert result.status is Status.FAIL and "right in training mode, but not in eval mode" in result.message
    assert "in eval mode" in result.details["inputs"]


def test_dropout_is_said():
    result = run_check("MultiHeadAttention", Dropping)
    assert result.details["relation"] == "moving" and "dropout" in result.message


def test_a_cache_keyed_by_shape_is_found():
    cache = {}

    def answer(images, patch_size):
        if images.requires_grad:
            return patchify(images, patch_size)
        return cache.setdefault((images.shape, patch_size), patchify(images, patch_size).clone()).clone()

    result = run_check("patchify", answer)
    assert result.status is Status.FAIL and result.details["relation"] == "kept"


def test_a_counter_is_not_taken_for_dropout():
    calls = []

    def answer(images, patch_size):
        calls.append(1)
        return patchify(images, patch_size) + len(calls)

    result = run_check("patchify", answer)
    assert result.details["relation"] == "moving" and "kept from one call" in result.message


# -------------------------------------------------------------------------------------------------- mistakes, relations


def test_a_mistake_is_named_only_when_it_explains_all_cases():
    first_shape = []

    def answer(q, k, v):  # no scale at the first shape that it meets, another thing at the others
        first_shape.append(q.shape) if not first_shape else None
        if q.shape == first_shape[0]:
            weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
            return weights @ v, weights
        out, weights = scaled_dot_product(q, k, v)
        return out + 1, weights

    assert run_check("scaled_dot_product", answer).mistake is None


def test_two_mistakes_that_give_the_same_are_both_said(monkeypatch):
    exercise = checks.get_exercise("patchify")
    twin = dataclasses.replace(exercise.mistakes[1], id="twin", message="The twin's sentence.")
    doubled = dataclasses.replace(exercise, mistakes=(*exercise.mistakes, twin))
    for module in ("check.get_exercise", "answers.get_exercise"):
        monkeypatch.setattr(f"vitcourse.workbook.{module}", lambda name: doubled)
    result = run_check(
        "patchify", lambda x, p: patchify(x.transpose(2, 3), p).unflatten(2, (x.shape[1], p, p)).mT.flatten(2)
    )
    assert result.mistake == exercise.mistakes[1].id
    assert exercise.mistakes[1].message in result.message and twin.message in result.message


@pytest.mark.parametrize("pair", [("multiplied", "softmax-over-axis-0"), ("divided-by-d", "divided-by-count")])
def test_two_mistakes_at_once_are_named(pair, monkeypatch):
    monkeypatch.setattr("vitcourse.workbook.diagnose.SECONDS_FOR_PAIRS", 60)
    result = run_check("scaled_dot_product", mistakes_together("scaled_dot_product", *pair))
    assert result.mistake in pair and "Two mistakes at once" in result.message


def test_a_relation_on_top_of_a_mistake_names_the_mistake():
    def answer(images, patch_size):  # column by column and halved
        B, C, H, W = images.shape
        P = patch_size
        if H % P or W % P:
            raise ValueError(f"{H} {W} {P}")
        return images.reshape(B, C, H // P, P, W // P, P).permute(0, 4, 2, 1, 3, 5).reshape(B, -1, C * P * P) / 2

    result = run_check("patchify", answer)
    assert result.mistake == "column-order" and "times 1/2" in result.message


def test_an_unknown_mistake_is_described_by_its_relation():
    result = run_check("patchify", lambda images, patch_size: patchify(images, patch_size).flip(2))
    assert result.mistake is None and result.details["relation"] == "reversed"
    result = run_check("attention_rollout", lambda layers: 3 * attention_rollout(layers))
    assert "times 3" in result.message


def test_no_array_is_said_to_change_from_call_to_call():
    result = run_check("patchify", lambda images, patch_size: patchify(images.detach(), patch_size).numpy())
    assert "must be a tensor" in result.message


# ------------------------------------------------------------------------------------------------ names, inputs, shapes


class OtherNames(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()


class CallsWithOtherNames(nn.Module):
    def __init__(self, embed_dim, num_heads):
        super().__init__()
        self.inner = MultiHeadAttention(dim=embed_dim, heads=num_heads)


def test_keyword_names_of_other_libraries_are_told_ours():
    message = run_check("MultiHeadAttention", OtherNames).message
    assert "`dim`, `heads`" in message and "`embed_dim`, `num_heads`" in message
    assert "`dim`: it is called `embed_dim`" in run_check("MultiHeadAttention", CallsWithOtherNames).message
    one = run_check("patchify", lambda images, size: patchify(images, size))
    assert one.status is Status.PASS  # probes call by position


def test_a_side_call_that_must_raise_shows_its_own_inputs():
    def answer(images, patch_size):
        B, C, H, W = images.shape
        return patchify(images[:, :, : H // patch_size * patch_size, : W // patch_size * patch_size], patch_size)

    result = run_check("patchify", answer, diagnose=False)
    assert "must raise a ValueError" in result.message
    assert result.details["inputs"] == "images (7, 5, 13, 9), patch_size 4"


def test_a_huge_expanded_result_is_refused_by_its_shape():
    result = run_check("patchify", lambda images, patch_size: torch.zeros(1).expand(2**33))
    assert result.status is Status.FAIL and "(8589934592,)" in result.message


# ------------------------------------------------------------------------------------------------------- a single slip


def test_a_slip_that_is_no_known_mistake_is_told_by_what_gives_the_same():
    def answer(images, targets, lam, perm):
        mix = lambda x: lam * x + (1 + lam) * x[perm]  # noqa: E731
        return mix(images), mix(targets)

    result = run_check("mixup", answer)
    assert result.mistake is None and result.details["relation"] == "edit"
    assert "exactly what comes out when" in result.message and "`+` stands where `-` belongs" in result.message


def test_what_no_single_slip_gives_is_not_told_as_one():
    def answer(images, targets, lam, perm):
        mix = lambda x: lam**1.5 * x + (1 - lam) ** 0.7 * x[perm]  # noqa: E731
        return mix(images), mix(targets)

    result = run_check("mixup", answer)
    assert result.status is Status.FAIL and result.details.get("relation") != "edit"
