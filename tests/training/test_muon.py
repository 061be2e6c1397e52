"""Muon's steps are those of torch's own, and orthogonalising keeps the directions and evens out their sizes."""

import pytest
import torch
from torch import nn

from vitcourse.training.muon import Muon, orthogonalize

SHAPES = [(12, 12), (12, 30), (30, 12), (12, 30), (1, 7)]  # one shape twice, both ways round, and a single row


def weights(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def take_steps(parameters, optimizer, count=4):
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator) * 0.01
        optimizer.step()


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch has Muon from 2.9 on")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_steps_are_those_of_torch(dtype):
    start, mine, theirs = weights(), weights(), weights()
    take_steps(mine, Muon(mine, lr=0.02, weight_decay=0.5, dtype=dtype))
    options = dict(weight_decay=0.5, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw")
    take_steps(theirs, torch.optim.Muon(theirs, lr=0.02, **options))  # in bf16, which has 8 bits
    for first, a, b in zip(start, mine, theirs, strict=True):
        assert (a - b).norm() < 0.02 * (b - first).norm()


@pytest.mark.parametrize(
    "change", [dict(momentum=0.9), dict(weight_decay=0.4), dict(lr=0.021)], ids=["momentum", "decay", "rate"]
)
def test_what_is_compared_with_torch_would_see_another_setting(change):
    start, one, other = weights(), weights(), weights()
    settings = dict(lr=0.02, weight_decay=0.5)
    take_steps(one, Muon(one, **settings))
    take_steps(other, Muon(other, **settings | change))
    assert any((a - b).norm() > 0.02 * (b - first).norm() for first, a, b in zip(start, one, other, strict=True))


@pytest.mark.parametrize("shape", [(3, 20, 20), (2, 8, 40), (2, 40, 8)])
def test_singular_vectors_stay_and_singular_values_come_near_one(shape):
    torch.manual_seed(0)
    matrices = torch.randn(shape, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    turned = u.mT @ orthogonalize(matrices) @ vh.mT
    sizes = turned.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(turned, torch.diag_embed(sizes))
    assert sizes.min() > 0.3 and 0.6 < sizes.median() and sizes.max() < 1.25


def test_the_size_of_the_gradient_does_not_matter_and_zero_stays_zero():
    torch.manual_seed(0)
    matrices = torch.randn(1, 6, 9)
    torch.testing.assert_close(orthogonalize(matrices * 1e-3), orthogonalize(matrices))
    assert not orthogonalize(torch.zeros(1, 6, 9)).any()


def test_weights_without_a_gradient_stay():
    parameters = weights()
    for parameter in parameters[1:]:
        parameter.grad = torch.ones_like(parameter)
    before = parameters[0].detach().clone()
    optimizer = Muon(parameters, lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert torch.equal(parameters[0], before) and parameters[0] not in optimizer.state
    assert not torch.equal(parameters[1], weights()[1])
