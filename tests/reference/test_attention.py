"""The reference's attention against PyTorch's and timm's, with the same weights."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.attention import MultiHeadAttention, scaled_dot_product

SHAPES = [((), 3, 5, 2, 4), ((2,), 4, 1, 3, 3), ((2, 3), 7, 6, 8, 5)]  # lead, N, M, d, e


def qkv(lead, N, M, d, e, dtype=torch.float64):
    torch.manual_seed(N)
    return (torch.randn(*lead, rows, width, dtype=dtype) for rows, width in ((N, d), (M, d), (M, e)))


def attention(embed_dim=12, num_heads=3, dtype=torch.float64):
    torch.manual_seed(0)
    return MultiHeadAttention(embed_dim, num_heads).to(dtype), torch.randn(2, 5, embed_dim, dtype=dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_scaled_dot_product_is_torchs(shape):
    q, k, v = qkv(*shape)
    out, weights = scaled_dot_product(q, k, v)
    torch.testing.assert_close(out, F.scaled_dot_product_attention(q, k, v))
    assert weights.shape == (*q.shape[:-1], k.shape[-2])
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
    torch.testing.assert_close(weights, F.scaled_dot_product_attention(q, k, torch.eye(k.shape[-2]).to(q)))


def test_a_query_that_equals_one_key_by_far_takes_its_value():
    keys, values = torch.eye(4, dtype=torch.float64), torch.arange(8.0, dtype=torch.float64).reshape(4, 2)
    out, weights = scaled_dot_product(1000 * keys[[2, 0]], keys, values)
    torch.testing.assert_close(weights, keys[[2, 0]])
    torch.testing.assert_close(out, values[[2, 0]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_scores_stay_finite(dtype):
    q, k, v = qkv((2,), 4, 6, 3, 5, dtype)
    for tensor in scaled_dot_product(1e3 * q, 1e3 * k, v):
        assert tensor.isfinite().all()


def test_fused_and_explicit_paths_agree_in_float32():
    module, x = attention(192, 3, torch.float32)
    x = torch.randn(2, 65, 192)
    out, weights = module(x, need_weights=True)
    assert weights.shape == (2, 3, 65, 65)
    assert (module(x) - out).abs().max() < 1e-5


@pytest.mark.parametrize("num_heads", [1, 3, 12])
def test_multi_head_attention_is_torchs(num_heads):
    module, x = attention(12, num_heads)
    oracle = nn.MultiheadAttention(12, num_heads, batch_first=True, dtype=torch.float64)
    oracle.in_proj_weight.data, oracle.in_proj_bias.data = module.qkv.weight.data, module.qkv.bias.data
    oracle.out_proj.load_state_dict(module.proj.state_dict())
    out, weights = module(x, need_weights=True)
    expected, expected_weights = oracle(x, x, x, average_attn_weights=False)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(weights, expected_weights)
    torch.testing.assert_close(module(x), expected)


def test_multi_head_attention_is_timms():
    Attention = pytest.importorskip("timm.layers").Attention
    module, x = attention(12, 3)
    oracle = Attention(12, num_heads=3, qkv_bias=True).to(torch.float64)
    oracle.load_state_dict(module.state_dict())  # strict: names and shapes are timm's own
    torch.testing.assert_close(module(x), oracle(x))


def test_it_is_permutation_equivariant():
    module, x = attention()
    perm = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(module(x[:, perm]), module(x)[:, perm])


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match=r"5.*12"):
        MultiHeadAttention(12, 5)
