"""Lab 08: attention that large maps can afford: the pieces of the Swin Transformer, and PVT's other road.

A feature map keeps its two axes here: (B, H, W, D), with H and W counted in tokens. The norms' eps is PyTorch's 1e-5,
as in the released Swin and PVT, where the other labs' is 1e-6.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .vit import Mlp


def window_partition(x, window_size):
    """Cut a feature map into square windows that do not overlap.

    Args:
        x: (B, H, W, C), of any dtype.
        window_size: M, the side of a window in tokens.

    Returns:
        (B*nW, M, M, C) with nW = (H / M) * (W / M): the windows of the first map row by row, then the second map's, …

    Raises:
        ValueError: naming H, W and M when M does not divide both sides.
    """
    B, H, W, C = x.shape
    M = window_size
    # TODO: raise a ValueError that names H, W and M if M does not divide both sides; else cut the windows
    ### BEGIN SOLUTION
    if H % M or W % M:
        raise ValueError(f"window size {M} does not divide the map's height {H} and width {W}")
    windows = x.reshape(B, H // M, M, W // M, M, C)
    windows = windows.permute(0, 1, 3, 2, 4, 5)  # (B, H/M, W/M, M, M, C)
    return windows.reshape(-1, M, M, C)  # (B*nW, M, M, C)
    ### END SOLUTION


def window_reverse(windows, window_size, grid):
    """Put windows back together: the inverse of `window_partition`.

    Args:
        windows: (B*nW, M, M, C), as `window_partition` returns them.
        window_size: M, the side of a window in tokens.
        grid: (H, W), the size of the feature map in tokens.

    Returns:
        (B, H, W, C).
    """
    H, W = grid
    M = window_size
    C = windows.shape[-1]
    # TODO: undo window_partition: split the windows' axis, put the grid's axes beside the windows' own axes, merge
    ### BEGIN SOLUTION
    x = windows.reshape(-1, H // M, W // M, M, M, C)
    x = x.permute(0, 1, 3, 2, 4, 5)  # (B, H/M, M, W/M, M, C)
    return x.reshape(-1, H, W, C)  # (B, H, W, C)
    ### END SOLUTION


def relative_position_index(window_size):
    """Number the offsets between the tokens of a window, so that equal offsets share a number.

    Args:
        window_size: M. The window's tokens are numbered row by row, 0 to M² - 1.

    Returns:
        (M², M²) int64: for query i and key j the number of their offset, which is a row of the bias table. With
        dy = row of i - row of j and dx = column of i - column of j, each from -(M - 1) to M - 1, offsets are numbered
        as a page is read: (dy, dx) = (-(M - 1), -(M - 1)) is 0, dx runs fastest, (M - 1, M - 1) is (2M - 1)² - 1.
    """
    M = window_size
    # TODO: subtract each token's row and column from each other one's, make both start at 0, join them to one number
    ### BEGIN SOLUTION
    tokens = torch.arange(M * M)
    rows, cols = tokens // M, tokens % M
    dy = rows[:, None] - rows[None, :]  # (M², M²)
    dx = cols[:, None] - cols[None, :]
    return (dy + M - 1) * (2 * M - 1) + (dx + M - 1)
    ### END SOLUTION


def shifted_window_mask(grid, window_size, shift):
    """Keep tokens apart that share a window only because the map was rolled around its edges.

    The map was rolled up and left by `shift`, so that its first rows came in at the bottom and its first columns at the
    right. In one window such tokens meet others that are far away in the image.

    Args:
        grid: (H, W), the size of the feature map in tokens.
        window_size: M; it divides H and W.
        shift: rows and columns by which the map was rolled, one number or a pair; 0 <= shift < M, and 0 along an axis
            that one window covers.

    Returns:
        (nW, M², M²) float32, windows in the order of `window_partition`: what is added to the scores, 0 where query and
        key were in one piece of the map before the roll, -inf where the roll brought them together. (timm and
        torchvision add -100, which after the softmax is zero as well; no pair of scores can outweigh -inf.)
    """
    H, W = grid
    M = window_size
    down, right = (shift, shift) if isinstance(shift, int) else shift
    # TODO: number the regions of the rolled map (did the row come around? the column?), cut them into windows with
    # window_partition, and compare each two tokens of a window
    ### BEGIN SOLUTION
    row_came_around = torch.arange(H) >= H - down
    col_came_around = torch.arange(W) >= W - right
    regions = 2 * row_came_around[:, None] + col_came_around  # (H, W), numbered 0 to 3
    regions = window_partition(regions[None, :, :, None], M).reshape(-1, M * M)  # (nW, M²)
    apart = regions[:, :, None] != regions[:, None, :]
    return torch.zeros(apart.shape).masked_fill(apart, float("-inf"))  # (nW, M², M²)
    ### END SOLUTION


class WindowAttention(nn.Module):
    """Multi-head self-attention among the tokens of one window, with a learned bias for each relative position.

    Args:
        embed_dim: D.
        num_heads: h; it must divide D.
        window_size: M; a window has M² tokens.

    Parameters: `qkv` and `proj` as in `MultiHeadAttention`, and `relative_position_bias_table` ((2M-1)², h).

    Shapes: windows (B*nW, M², D) in the order of `window_partition` -> the same. A mask (nW, M², M²) is added to the
    scores, window by window, alike for all maps and heads.

    Raises:
        ValueError: when h does not divide D.
    """

    def __init__(self, embed_dim, num_heads, window_size):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"num_heads {num_heads} does not divide embed_dim {embed_dim}")
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window_size - 1) ** 2, num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", relative_position_index(window_size), persistent=False)

    def forward(self, windows, mask=None):
        n, N, D = windows.shape  # n = B*nW windows of N = M² tokens
        h, d = self.num_heads, D // self.num_heads
        q, k, v = self.qkv(windows).reshape(n, N, 3, h, d).permute(2, 0, 3, 1, 4)  # each (n, h, N, d)
        # TODO: the scores, scaled; add the bias of each pair's relative position, and the mask if there is one;
        # softmax over the keys; mix the values; join the heads; apply self.proj
        ### BEGIN SOLUTION
        bias = self.relative_position_bias_table[self.relative_position_index]  # (N, N, h)
        scores = q @ k.transpose(-2, -1) / math.sqrt(d) + bias.permute(2, 0, 1)  # (n, h, N, N)
        if mask is not None:  # window w of each map gets mask[w]
            scores = scores.unflatten(0, (-1, len(mask))) + mask[:, None]  # (B, nW, h, N, N)
            scores = scores.flatten(0, 1)
        out = scores.softmax(dim=-1) @ v  # (n, h, N, d)
        return self.proj(out.transpose(1, 2).reshape(n, N, D))
        ### END SOLUTION


class SwinBlock(nn.Module):
    """One Swin block: attention inside the windows, then an MLP in each token, both pre-norm with a residual.

    Args:
        embed_dim: D.
        num_heads: h.
        grid: (H, W), the size of the feature map in tokens.
        window_size: M; where the grid is smaller, the window shrinks to its shorter side.
        shifted: whether the windows are moved by M // 2 down and right; not along an axis that one window covers.
        mlp_ratio: the MLP's hidden width is int(D * mlp_ratio).

    Shapes: (B, H, W, D) -> (B, H, W, D). Where M does not divide the grid, zeros are added at the bottom and the right
    before the roll, and cut off after it (as in torchvision; timm rolls first, and then tokens of opposite edges meet).

    Raises:
        ValueError: when a map of another size is given.
    """

    def __init__(self, embed_dim, num_heads, grid, window_size, shifted=False, mlp_ratio=4.0):
        super().__init__()
        self.grid = tuple(grid)
        M = self.window_size = min(window_size, *grid)
        self.padded = tuple(math.ceil(side / M) * M for side in grid)
        self.shift = tuple(M // 2 if shifted and side > M else 0 for side in grid)  # (down, right)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attn = WindowAttention(embed_dim, num_heads, M)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio))
        mask = shifted_window_mask(self.padded, M, self.shift) if any(self.shift) else None
        self.register_buffer("attn_mask", mask, persistent=False)  # follows the model to its device

    def forward(self, x):
        B, H, W, D = x.shape
        M, (down, right) = self.window_size, self.shift
        if (H, W) != self.grid:  # the mask would be another map's
            raise ValueError(f"made for maps of {self.grid} tokens, got {(H, W)}")
        normed = self.norm1(x)
        padded = F.pad(normed, (0, 0, 0, self.padded[1] - W, 0, self.padded[0] - H))
        # TODO: roll `padded` up and left by the shift; cut windows of M² tokens; self.attn with self.attn_mask; put
        # the windows back; roll back; cut the padding off; add. Then the MLP's residual, as in Block.
        ### BEGIN SOLUTION
        rolled = padded.roll((-down, -right), dims=(1, 2))
        windows = window_partition(rolled, M).flatten(1, 2)  # (B*nW, M², D)
        windows = self.attn(windows, self.attn_mask).unflatten(1, (M, M))
        rolled = window_reverse(windows, M, self.padded)
        attended = rolled.roll((down, right), dims=(1, 2))[:, :H, :W]
        x = x + attended
        return x + self.mlp(self.norm2(x))
        ### END SOLUTION


class PatchMerging(nn.Module):
    """Join each 2 x 2 neighbouring tokens into one, half as many rows and columns and twice the width.

    Args:
        embed_dim: D.

    Parameters: `norm` over 4*D, then `reduction`, a linear map from 4*D to 2*D without bias.

    Shapes: (B, H, W, D) -> (B, H/2, W/2, 2*D), rounded up: an odd side gets a row or column of zeros. The four tokens
    stand side by side in the released code's order: top left, bottom left, top right, bottom right.
    """

    def __init__(self, embed_dim):
        super().__init__()
        self.norm = nn.LayerNorm(4 * embed_dim)
        self.reduction = nn.Linear(4 * embed_dim, 2 * embed_dim, bias=False)

    def forward(self, x):
        B, H, W, D = x.shape
        x = F.pad(x, (0, 0, 0, W % 2, 0, H % 2))
        # TODO: put the four tokens of each 2 x 2 square side by side, (B, H/2, W/2, 4*D); then norm, then reduction
        ### BEGIN SOLUTION
        top, bottom = x[:, 0::2], x[:, 1::2]
        four = [top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]
        x = torch.cat(four, dim=-1)  # (B, H/2, W/2, 4*D)
        return self.reduction(self.norm(x))
        ### END SOLUTION


class SpatialReductionAttention(nn.Module):
    """PVT's attention (Wang et al. 2021): all queries, but keys and values from a map reduced R times on both sides.

    Args:
        embed_dim: D.
        num_heads: h; it must divide D.
        sr_ratio: R, the reduction; with R = 1 there is none, and neither `sr` nor `norm`.

    Parameters: `q` maps D to D, `kv` maps D to 2*D (all keys, then all values; within each, head by head), `proj` maps
    D to D; `sr` is a convolution of D channels that looks at each R x R square exactly once, `norm` follows it.

    Shapes: x (B, N, D) with N = H * W tokens row by row, and grid = (H, W) -> (B, N, D). Where R does not divide the
    grid, the last rows and columns are left out of keys and values, as a strided convolution does.

    Raises:
        ValueError: when h does not divide D.
    """

    def __init__(self, embed_dim, num_heads, sr_ratio=1):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"num_heads {num_heads} does not divide embed_dim {embed_dim}")
        self.num_heads = num_heads
        self.sr_ratio = sr_ratio
        self.q = nn.Linear(embed_dim, embed_dim)
        self.kv = nn.Linear(embed_dim, 2 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        if sr_ratio > 1:
            self.sr = nn.Conv2d(embed_dim, embed_dim, kernel_size=sr_ratio, stride=sr_ratio)
            self.norm = nn.LayerNorm(embed_dim)

    def forward(self, x, grid):
        B, N, D = x.shape
        h, d = self.num_heads, D // self.num_heads
        # TODO: queries from x; where sr_ratio > 1 lay x out on its grid, apply self.sr, make it a sequence again, apply
        # self.norm; keys and values from that; attend; join the heads; apply self.proj
        ### BEGIN SOLUTION
        q = self.q(x).reshape(B, N, h, d).transpose(1, 2)  # (B, h, N, d)
        if self.sr_ratio > 1:
            reduced = self.sr(x.transpose(1, 2).unflatten(2, grid))  # (B, D, H/R, W/R)
            x = self.norm(reduced.flatten(2).transpose(1, 2))  # (B, N/R², D)
        k, v = self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4)  # each (B, h, N/R², d)
        out = F.scaled_dot_product_attention(q, k, v)  # (B, h, N, d)
        return self.proj(out.transpose(1, 2).reshape(B, N, D))
        ### END SOLUTION
