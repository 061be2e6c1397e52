"""PVT's spatial-reduction attention against timm's, with the same weights."""

import pytest
import torch
from torch import nn

from vitcourse.reference.attention import MultiHeadAttention
from vitcourse.reference.swin import SpatialReductionAttention


def draw(sr_ratio, embed_dim=12, num_heads=3):
    torch.manual_seed(0)
    module = SpatialReductionAttention(embed_dim, num_heads, sr_ratio).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.5 * torch.randn_like(parameter))
    return module


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("sr_ratio", "grid"), [(1, (3, 5)), (2, (4, 6)), (4, (8, 4)), (2, (5, 7)), (3, (4, 11))])
def test_it_is_timms(sr_ratio, grid, fused):
    Attention = pytest.importorskip("timm").models.pvt_v2.Attention
    ours, theirs = draw(sr_ratio), Attention(12, 3, sr_ratio=sr_ratio).double()
    theirs.fused_attn = fused
    theirs.load_state_dict(ours.state_dict())  # strict: names and shapes are timm's own
    x = torch.randn(2, grid[0] * grid[1], 12, dtype=torch.float64)
    torch.testing.assert_close(ours(x, grid), theirs(x, grid))


def test_without_reduction_it_is_multi_head_attention():
    ours, plain = draw(1), MultiHeadAttention(12, 3).double()
    plain.qkv.weight.data = torch.cat([ours.q.weight, ours.kv.weight]).detach()
    plain.qkv.bias.data = torch.cat([ours.q.bias, ours.kv.bias]).detach()
    plain.proj = ours.proj
    x = torch.randn(2, 15, 12, dtype=torch.float64)
    torch.testing.assert_close(ours(x, (3, 5)), plain(x))


def test_every_token_reaches_every_token_but_only_as_part_of_a_square():
    module = draw(2)
    x = torch.randn(1, 16, 12, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: module(x, (4, 4)).sum(-1), x)[0, :, 0].abs().sum(-1)
    assert (jacobian > 1e-12).all()
    assert isinstance(module.sr, nn.Conv2d) and module.sr.stride == (2, 2)


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match=r"5.*12"):
        SpatialReductionAttention(12, 5)
