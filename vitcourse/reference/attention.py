"""Lab 03: scaled dot-product attention, and several heads of it."""

import math

import torch.nn.functional as F
from torch import nn


def scaled_dot_product(q, k, v):
    """Let every query take a weighted mean of the values (Vaswani et al. 2017, equation 1).

    Args:
        q: (..., N, d) queries.
        k: (..., M, d) keys.
        v: (..., M, e) values.

    Returns:
        out (..., N, e) and weights (..., N, M); each row of the weights sums to 1.
    """
    d = q.shape[-1]
    # TODO: compare each query with each key, scale by 1/sqrt(d), softmax over the keys, and mix the values
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(d)  # (..., N, M)
    weights = scores.softmax(dim=-1)
    out = weights @ v  # (..., N, e)
    return out, weights
    ### END SOLUTION


class MultiHeadAttention(nn.Module):
    """Self-attention in `num_heads` heads side by side.

    Args:
        embed_dim: D.
        num_heads: h; it must divide D.

    Parameters: `qkv` maps D to 3*D (all queries, then all keys, then all values; within each, head by head)
    and `proj` maps D to D.

    Shapes: (B, N, D) -> (B, N, D); with `need_weights=True` a pair of that and the weights (B, h, N, N).

    Raises:
        ValueError: when h does not divide D.
    """

    def __init__(self, embed_dim, num_heads):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"num_heads {num_heads} does not divide embed_dim {embed_dim}")
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x, need_weights=False):
        B, N, D = x.shape
        h, d = self.num_heads, D // self.num_heads
        # TODO: make q, k, v of shape (B, h, N, d) from self.qkv; attend; join the heads; apply self.proj
        ### BEGIN SOLUTION
        q, k, v = self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 3, 1, 4)  # each (B, h, N, d)
        if need_weights:
            out, weights = scaled_dot_product(q, k, v)
        else:  # the same result from one fused kernel that never stores the N x N weights
            out, weights = F.scaled_dot_product_attention(q, k, v), None
        out = self.proj(out.transpose(1, 2).reshape(B, N, D))  # heads side by side again
        return (out, weights) if need_weights else out
        ### END SOLUTION
