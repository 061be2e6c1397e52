"""Other right answers for lab 08, as different from the reference as they can be."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.swin import (
    SpatialReductionAttention,
    SwinBlock,
    WindowAttention,
    relative_position_index,
    shifted_window_mask,
    window_partition,
    window_reverse,
)
from vitcourse.reference.vit import Mlp


def _refuse(x, M):
    H, W = x.shape[1:3]
    if H % M != 0 or W % M != 0:
        raise ValueError(f"{H}x{W} is no multiple of {M}")


def partition_loops(x, window_size):
    _refuse(x, window_size)
    M = window_size
    windows = []
    for feature_map in x:
        for top in range(0, x.shape[1], M):
            for left in range(0, x.shape[2], M):
                windows.append(feature_map[top : top + M, left : left + M])
    return torch.stack(windows)


def partition_tensor_unfold(x, window_size):
    _refuse(x, window_size)
    tiles = x.unfold(1, window_size, window_size).unfold(2, window_size, window_size)  # (B, H/M, W/M, C, M, M)
    return tiles.flatten(0, 2).movedim(1, -1)  # not contiguous


def partition_einsum(x, window_size):
    _refuse(x, window_size)
    split = x.unflatten(2, (-1, window_size)).unflatten(1, (-1, window_size))
    return torch.einsum("brpsqc->brspqc", split).flatten(0, 2)


def partition_splits(x, window_size):
    _refuse(x, window_size)
    bands = torch.stack(x.split(window_size, dim=1), dim=1)  # (B, H/M, M, W, C)
    return torch.stack(bands.split(window_size, dim=3), dim=2).flatten(0, 2)


def partition_gather(x, window_size):
    """By computing where each token of each window stands in memory."""
    _refuse(x, window_size)
    B, H, W, C = x.shape
    M = window_size
    window, token = torch.arange(H * W // M**2)[:, None], torch.arange(M * M)[None, :]
    row = window // (W // M) * M + token // M
    col = window % (W // M) * M + token % M
    return x.reshape(B, H * W, C)[:, (row * W + col).flatten()].reshape(-1, M, M, C)


def reverse_loops(windows, window_size, grid):
    M, (H, W) = window_size, grid
    per_map = (H // M) * (W // M)
    maps = []
    for start in range(0, len(windows), per_map):
        lines = []
        for first in range(start, start + per_map, W // M):
            lines.append(torch.cat(list(windows[first : first + W // M]), dim=1))
        maps.append(torch.cat(lines, dim=0))
    return torch.stack(maps)


def reverse_einsum(windows, window_size, grid):
    rows, cols = grid[0] // window_size, grid[1] // window_size
    tiles = windows.unflatten(0, (-1, rows, cols))
    return torch.einsum("brspqc->brpsqc", tiles).flatten(3, 4).flatten(1, 2)


def reverse_fold(windows, window_size, grid):
    M, C = window_size, windows.shape[-1]
    per_map = grid[0] * grid[1] // M**2
    columns = windows.permute(0, 3, 1, 2).reshape(-1, per_map, C * M * M).transpose(1, 2)
    return F.fold(columns, tuple(grid), M, stride=M).permute(0, 2, 3, 1)  # not contiguous


def reverse_into_empty(windows, window_size, grid):
    M, (H, W) = window_size, grid
    cols = W // M
    per_map = cols * (H // M)
    out = windows.new_empty(len(windows) // per_map, H, W, windows.shape[-1])
    for n in range(per_map):
        row, col = divmod(n, cols)
        out[:, row * M : (row + 1) * M, col * M : (col + 1) * M] = windows[n::per_map]
    return out


def index_loops(window_size):
    M = window_size
    places = list(itertools.product(range(M), repeat=2))
    return torch.tensor([[(r - s + M - 1) * (2 * M - 1) + c - d + M - 1 for s, d in places] for r, c in places])


def index_meshgrid(window_size):
    """As timm and torchvision write it."""
    side = torch.arange(window_size)
    places = torch.stack(torch.meshgrid(side, side, indexing="ij")).flatten(1)  # (2, M²)
    offset = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + window_size - 1
    return (offset * torch.tensor([2 * window_size - 1, 1])).sum(dim=-1)


def index_kronecker(window_size):
    """A window's offsets are a line's offsets in both directions."""
    M = window_size
    line = torch.arange(M)[:, None] - torch.arange(M)[None, :] + M - 1  # (M, M)
    one = torch.ones_like(line)
    return torch.kron(line, one) * (2 * M - 1) + torch.kron(one, line)


def index_unfold(window_size):
    """Query i sees the table as an M x M cut-out of a larger one, read backwards."""
    M = window_size
    table = torch.arange((2 * M - 1) ** 2).reshape(2 * M - 1, 2 * M - 1)
    cuts = table.unfold(0, M, 1).unfold(1, M, 1)  # (M, M, M, M)
    return cuts.flip(2, 3).reshape(M * M, M * M)


def _pair(shift):
    return (shift, shift) if isinstance(shift, int) else shift


def mask_as_in_timm(grid, window_size, shift):
    """Nine regions painted with slices."""
    M = window_size
    regions = torch.zeros(1, *grid, 1)
    parts = [(slice(0, -M), slice(-M, -s or None), slice(-s, None)) if s else (slice(None),) for s in _pair(shift)]
    for number, (rows, cols) in enumerate(itertools.product(*parts)):
        regions[:, rows, cols] = number
    windows = window_partition(regions, M).reshape(-1, M * M)
    difference = windows.unsqueeze(1) - windows.unsqueeze(2)
    return difference.masked_fill(difference != 0, -math.inf)


def mask_by_distance(grid, window_size, shift):
    """Roll the tokens' own coordinates, and let those meet that were less than a window apart."""
    M, (down, right) = window_size, _pair(shift)
    rows, cols = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    places = torch.stack((rows, cols), dim=-1).roll((-down, -right), dims=(0, 1))
    places = window_partition(places[None], M).reshape(-1, M * M, 2)
    far = ((places[:, :, None] - places[:, None, :]).abs() >= M).any(dim=-1)
    return torch.where(far, -math.inf, 0.0)


def mask_loops(grid, window_size, shift):
    M, (down, right) = window_size, _pair(shift)
    H, W = grid
    masks = []
    for top, left in itertools.product(range(0, H, M), range(0, W, M)):
        seam = [(top + i // M >= H - down, left + i % M >= W - right) for i in range(M * M)]
        masks.append([[0.0 if one == other else -math.inf for other in seam] for one in seam])
    return torch.tensor(masks)


def mask_of_axes(grid, window_size, shift):
    """Each axis alone forbids its own pairs; log(0) is -inf."""
    M = window_size

    def allowed(side, shift):
        around = (torch.arange(side) + shift >= side).reshape(-1, M)  # (windows along this axis, M)
        return (around[:, :, None] == around[:, None, :]).float()

    rows, cols = (allowed(side, step) for side, step in zip(grid, _pair(shift), strict=True))
    both = torch.einsum("rij,ckl->rcikjl", rows, cols)
    return both.reshape(-1, M * M, M * M).log()


class _WindowAttentionBase(nn.Module):
    def __init__(self, embed_dim, num_heads, window_size):
        super().__init__()
        if embed_dim % num_heads != 0:
            raise ValueError("does not divide")
        self.heads, self.side = num_heads, window_size
        self.qkv = nn.Linear(embed_dim, embed_dim * 3)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.relative_position_bias_table = nn.Parameter(0.02 * torch.randn((2 * window_size - 1) ** 2, num_heads))


class WindowAttentionFused(_WindowAttentionBase):
    """Bias and mask as the fused kernel's attn_mask; the index computed on each call."""

    def forward(self, windows, mask=None):
        n, N, D = windows.shape
        q, k, v = self.qkv(windows).reshape(n, N, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table.T[:, relative_position_index(self.side)]  # (h, N, N)
        if mask is not None:
            bias = (bias + mask.unsqueeze(1)).repeat(n // mask.shape[0], 1, 1, 1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(out.transpose(1, 2).flatten(2))


class WindowAttentionLoops(_WindowAttentionBase):
    """One window and one head at a time."""

    def forward(self, windows, mask=None):
        n, N, D = windows.shape
        d = D // self.heads
        index = relative_position_index(self.side)
        outs = []
        for w, window in enumerate(windows):
            q, k, v = self.qkv(window).split(D, dim=-1)
            heads = []
            for head in range(self.heads):
                part = slice(head * d, (head + 1) * d)
                scores = q[:, part] @ k[:, part].T * d**-0.5 + self.relative_position_bias_table[:, head][index]
                if mask is not None:
                    scores = scores + mask[w % len(mask)]
                weights = scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
                heads.append(weights @ v[:, part])
            outs.append(self.proj(torch.cat(heads, dim=-1)))
        return torch.stack(outs)


class WindowAttentionEinsum(_WindowAttentionBase):
    """The bias read one entry at a time by gather, the mask by indexing with the window's number."""

    def __init__(self, embed_dim, num_heads, window_size):
        super().__init__(embed_dim, num_heads, window_size)
        self.register_buffer("places", relative_position_index(window_size).flatten(), persistent=False)

    def forward(self, windows, mask=None):
        n, N, D = windows.shape
        q, k, v = self.qkv(windows).reshape(n, N, 3, self.heads, D // self.heads).unbind(2)  # (n, N, h, d)
        scores = torch.einsum("nihd,njhd->nhij", q / math.sqrt(D // self.heads), k)
        bias = self.relative_position_bias_table.gather(0, self.places[:, None].expand(-1, self.heads))
        scores = scores + bias.T.reshape(1, self.heads, N, N)
        if mask is not None:
            scores = scores + mask[torch.arange(n) % len(mask)][:, None]
        return self.proj(torch.einsum("nhij,njhd->nihd", scores.softmax(-1), v).reshape(n, N, D))


class _SwinBlockBase(nn.Module):
    def __init__(self, embed_dim, num_heads, grid, window_size, shifted=False, mlp_ratio=4.0):
        super().__init__()
        self.rows, self.cols = grid
        self.side = min(window_size, self.rows, self.cols)
        step = self.side // 2 if shifted else 0
        self.steps = [0 if length <= self.side else step for length in grid]
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attn = WindowAttention(embed_dim, num_heads, self.side)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio))

    def forward(self, x):
        if tuple(x.shape[1:3]) != (self.rows, self.cols):
            raise ValueError("another size")
        x = x + self.attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class SwinBlockIndex(_SwinBlockBase):
    """The roll as an index, padding by concatenation, a mask made on each call, of zeros without a shift."""

    def attend(self, x):
        B, H, W, D = x.shape
        below, beside = -H % self.side, -W % self.side
        x = torch.cat([x, x.new_zeros(B, below, W, D)], dim=1)
        x = torch.cat([x, x.new_zeros(B, H + below, beside, D)], dim=2)
        grid = x.shape[1:3]
        rows, cols = ((torch.arange(side) + step) % side for side, step in zip(grid, self.steps, strict=True))
        x = x[:, rows][:, :, cols]
        mask = shifted_window_mask(tuple(grid), self.side, tuple(self.steps)).to(x.dtype)
        windows = window_partition(x, self.side).reshape(-1, self.side**2, D)
        out = window_reverse(self.attn(windows, mask).reshape(-1, self.side, self.side, D), self.side, grid)
        return out[:, rows.argsort()][:, :, cols.argsort()][:, :H, :W]


class SwinBlockGlobal(_SwinBlockBase):
    """No windows at all: attention over the whole map, in which only pairs of one shifted window may meet."""

    def attend(self, x):
        B, H, W, D = x.shape
        M, h = self.side, self.attn.num_heads
        Hp, Wp = math.ceil(H / M) * M, math.ceil(W / M) * M
        full = F.pad(x, (0, 0, 0, Wp - W, 0, Hp - H)).reshape(B, Hp * Wp, D)
        places = torch.arange(Hp * Wp)
        # counted from where the first whole window begins; what lies before it is window -1
        row, col = places // Wp - self.steps[0], places % Wp - self.steps[1]
        window = torch.div(row, M, rounding_mode="floor") * Wp + torch.div(col, M, rounding_mode="floor")
        together = window[:, None] == window[None, :]
        token = row % M * M + col % M
        index = self.attn.relative_position_index[token[:, None], token[None, :]]
        bias = self.attn.relative_position_bias_table[index].permute(2, 0, 1).masked_fill(~together, -math.inf)
        q, k, v = self.attn.qkv(full).reshape(B, Hp * Wp, 3, h, D // h).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).reshape(B, Hp, Wp, D)
        return self.attn.proj(out[:, :H, :W])


class SwinBlockPieces(_SwinBlockBase):
    """No roll and no mask: the map is cut along the seams, and each piece attends alone."""

    def attend(self, x):
        B, H, W, D = x.shape
        M, h = self.side, self.attn.num_heads
        Hp, Wp = math.ceil(H / M) * M, math.ceil(W / M) * M
        full = F.pad(x, (0, 0, 0, Wp - W, 0, Hp - H))
        out = torch.empty_like(full)
        bias = self.attn.relative_position_bias_table[self.attn.relative_position_index]  # (M², M², h)
        starts = [sorted({0, *range(step or M, side, M)}) for side, step in zip((Hp, Wp), self.steps, strict=True)]
        for top, left in itertools.product(*starts):
            bottom, right = top + M, left + M
            if self.steps[0]:
                bottom = self.steps[0] if top == 0 else top + M
            if self.steps[1]:
                right = self.steps[1] if left == 0 else left + M
            piece = full[:, top:bottom, left:right]
            rows, cols = piece.shape[1:3]
            kept = (torch.arange(rows)[:, None] * M + torch.arange(cols)).flatten()
            q, k, v = self.attn.qkv(piece.flatten(1, 2)).unflatten(2, (3, h, -1)).permute(2, 0, 3, 1, 4)
            scores = q @ k.mT / math.sqrt(D // h) + bias[kept][:, kept].permute(2, 0, 1)
            mixed = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
            out[:, top:bottom, left:right] = self.attn.proj(mixed).reshape(piece.shape)
        return out[:, :H, :W]


class _PatchMergingBase(nn.Module):
    def __init__(self, embed_dim):
        super().__init__()
        self.norm = nn.LayerNorm(4 * embed_dim)
        self.reduction = nn.Linear(4 * embed_dim, 2 * embed_dim, bias=False)

    def forward(self, x):
        return self.reduction(self.norm(self.four(F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2)))))


class PatchMergingPermute(_PatchMergingBase):
    """As in timm: one reshape, one permute."""

    def four(self, x):
        B, H, W, D = x.shape
        return x.reshape(B, H // 2, 2, W // 2, 2, D).permute(0, 1, 3, 4, 2, 5).flatten(3)


class PatchMergingUnshuffle(_PatchMergingBase):
    """PyTorch's space-to-depth, whose channels then change places."""

    def four(self, x):
        D = x.shape[-1]
        packed = F.pixel_unshuffle(x.permute(0, 3, 1, 2), 2).unflatten(1, (D, 2, 2))  # (B, D, 2, 2, H/2, W/2)
        return packed.permute(0, 4, 5, 3, 2, 1).flatten(3)


class PatchMergingLoops(_PatchMergingBase):
    """Square by square."""

    def four(self, x):
        lines = []
        for row in range(0, x.shape[1], 2):
            squares = []
            for col in range(0, x.shape[2], 2):
                tokens = [x[:, row, col], x[:, row + 1, col], x[:, row, col + 1], x[:, row + 1, col + 1]]
                squares.append(torch.cat(tokens, dim=1))
            lines.append(torch.stack(squares, dim=1))
        return torch.stack(lines, dim=1)


class PatchMergingFolded(_PatchMergingBase):
    """The norm by its formula, the reduction as a strided convolution over the map."""

    def forward(self, x):
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2)).permute(0, 3, 1, 2)
        D = x.shape[1]
        ones = x.new_ones(1, D, 2, 2) / (4 * D)
        mean = F.conv2d(x, ones, stride=2)
        variance = F.conv2d(x**2, ones, stride=2) - mean**2
        weight = self.reduction.weight * self.norm.weight  # (2D, 4D)
        kernel = weight.reshape(-1, 2, 2, D).permute(0, 3, 2, 1)  # (2D, D, row, column)
        out = F.conv2d(x, kernel, stride=2) - mean * weight.sum(dim=1)[:, None, None]
        out = out / (variance + 1e-5).sqrt() + (self.reduction.weight @ self.norm.bias)[:, None, None]
        return out.permute(0, 2, 3, 1)


class _SpatialReductionBase(nn.Module):
    def __init__(self, embed_dim, num_heads, sr_ratio=1):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError("does not divide")
        self.heads, self.ratio, self.dim = num_heads, sr_ratio, embed_dim
        self.q = nn.Linear(embed_dim, embed_dim)
        self.kv = nn.Linear(embed_dim, 2 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        if sr_ratio != 1:
            self.sr = nn.Conv2d(embed_dim, embed_dim, sr_ratio, sr_ratio)
            self.norm = nn.LayerNorm(embed_dim)


class SpatialReductionExplicit(_SpatialReductionBase):
    """The softmax written out, the reduction as a linear map over cut squares."""

    def forward(self, x, grid):
        B, N, D = x.shape
        H, W, R = *grid, self.ratio
        keys = x
        if R > 1:
            squares = x.reshape(B, H, W, D)[:, : H // R * R, : W // R * R]
            squares = squares.reshape(B, H // R, R, W // R, R, D).permute(0, 1, 3, 5, 2, 4).reshape(B, -1, D * R * R)
            keys = self.norm(squares @ self.sr.weight.reshape(D, -1).T + self.sr.bias)
        k, v = self.kv(keys).chunk(2, dim=-1)
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (self.q(x), k, v))
        weights = torch.softmax(q @ k.mT / math.sqrt(D // self.heads), dim=-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


class SpatialReductionTorch(_SpatialReductionBase):
    """Through torch's own multi-head function, tokens first."""

    def forward(self, x, grid):
        D = self.dim
        keys = x
        if self.ratio > 1:
            keys = self.norm(self.sr(x.mT.reshape(len(x), D, *grid)).flatten(2).mT)
        query, keys = x.transpose(0, 1), keys.transpose(0, 1)
        out, _ = F.multi_head_attention_forward(
            query, keys, keys, D, self.heads,
            torch.cat([self.q.weight, self.kv.weight]), torch.cat([self.q.bias, self.kv.bias]), None, None, False, 0.0,
            self.proj.weight, self.proj.bias,
        )  # fmt: skip
        return out.transpose(0, 1)


class SpatialReductionLoops(_SpatialReductionBase):
    """One map and one head at a time; the keys run column by column, which no sum over keys can tell."""

    def forward(self, x, grid):
        d = self.dim // self.heads
        outs = []
        for tokens in x:
            keys = tokens
            if self.ratio > 1:
                keys = self.norm(self.sr(tokens.T.reshape(1, self.dim, *grid))[0].flatten(1).T)
                keys = keys.reshape(grid[0] // self.ratio, -1, self.dim).transpose(0, 1).flatten(0, 1)
            q, kv = self.q(tokens), self.kv(keys)
            heads = []
            for start in range(0, self.dim, d):
                k, v = kv[:, start : start + d], kv[:, self.dim + start : self.dim + start + d]
                heads.append(((q[:, start : start + d] @ k.T) / d**0.5).softmax(1) @ v)
            outs.append(torch.cat(heads, 1))
        return self.proj(torch.stack(outs))


def partition_chained(x, window_size):
    """As an einops pattern reads: b (r p) (s q) c -> (b r s) p q c."""
    b, h, w, c = x.size()
    if h % window_size != 0 or w % window_size != 0:
        raise ValueError(f"cannot cut {h} by {w} into {window_size}")
    r, s = h // window_size, w // window_size
    x = x.view(b, r, window_size, s, window_size, c).transpose(2, 3).contiguous()
    return x.view(b * r * s, window_size, window_size, c)


def partition_into_empty(x, window_size):
    B, H, W, C = x.shape
    if (H % window_size, W % window_size) != (0, 0):
        raise ValueError(f"{H=} {W=} {window_size=}")
    M, cols = window_size, W // window_size
    out = x.new_zeros(B, H // M * cols, M, M, C)
    for n in range(out.shape[1]):
        row, col = n // cols * M, n % cols * M
        out[:, n] = x[:, row : row + M, col : col + M, :]
    return out.reshape(-1, M, M, C)


def reverse_timm(windows, window_size, grid):
    H, W = grid
    B = int(windows.shape[0] / (H * W / window_size / window_size))
    x = windows.view(B, H // window_size, W // window_size, window_size, window_size, -1)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(B, H, W, -1)


def reverse_float32_zeros(windows, window_size, grid):
    """Filled into zeros of float32, as torch.zeros makes them."""
    M, (H, W) = window_size, grid
    per_map = H // M * (W // M)
    out = torch.zeros(len(windows) // per_map, H, W, windows.shape[-1])
    for n, window in enumerate(windows):
        b, rest = divmod(n, per_map)
        top, left = rest // (W // M) * M, rest % (W // M) * M
        out[b, top : top + M, left : left + M] = window
    return out


def index_by_repeat(window_size):
    M = window_size
    y = torch.arange(M).repeat_interleave(M)
    x = torch.arange(M).repeat(M)
    return (y.view(-1, 1) - y.view(1, -1) + M - 1) * (2 * M - 1) + x.view(-1, 1) - x.view(1, -1) + M - 1


def index_by_dict(window_size):
    M = window_size
    offsets = [(dy, dx) for dy in range(1 - M, M) for dx in range(1 - M, M)]
    number = {offset: i for i, offset in enumerate(offsets)}
    out = torch.zeros(M * M, M * M, dtype=torch.long)
    for i in range(M * M):
        for j in range(M * M):
            out[i, j] = number[i // M - j // M, i % M - j % M]
    return out


def mask_by_rolled_numbers(grid, window_size, shift):
    """The first rows and columns marked, then rolled as the map is."""
    H, W = grid
    down, right = _pair(shift)
    marks = torch.zeros(H, W)
    marks[:down] += 2
    marks[:, :right] += 1
    marks = marks.roll((-down, -right), dims=(0, 1))
    windows = window_partition(marks.reshape(1, H, W, 1), window_size).flatten(1)
    mask = torch.zeros(len(windows), window_size**2, window_size**2)
    mask[windows.unsqueeze(2) != windows.unsqueeze(1)] = -torch.inf
    return mask


def mask_by_where(grid, window_size, shift):
    H, W = grid
    M = window_size
    down, right = _pair(shift)
    rows, cols = torch.zeros(H, dtype=torch.bool), torch.zeros(W, dtype=torch.bool)
    rows[H - down :], cols[W - right :] = True, True
    seams = torch.stack([rows[:, None].expand(H, W), cols[None].expand(H, W)], dim=-1)
    seams = window_partition(seams[None], M).reshape(-1, M * M, 2)
    same = (seams[:, :, None] == seams[:, None]).all(-1)
    return torch.where(same, torch.tensor(0.0), torch.tensor(float("-inf")))


class WindowAttentionMaps(WindowAttention):
    """One map at a time; the mask as it is given; keyword arguments."""

    def forward(self, windows, mask=None):
        n, N, D = windows.size()
        h = self.num_heads
        d = D // h
        q, k, v = torch.chunk(self.qkv(windows), chunks=3, dim=-1)
        q, k, v = (t.view(n, N, h, d).transpose(1, 2) for t in (q, k, v))
        table = self.relative_position_bias_table[self.relative_position_index.view(-1)]
        attn = (q * d**-0.5) @ k.transpose(-2, -1) + table.view(N, N, h).permute(2, 0, 1).unsqueeze(0)
        if mask is not None:
            nW = mask.size(0)
            attn = torch.cat([part + mask.unsqueeze(1) for part in attn.split(nW)])
        return self.proj((F.softmax(attn, dim=-1) @ v).transpose(1, 2).flatten(start_dim=2))


class WindowAttentionOneMask(WindowAttention):
    """Bias and mask in one tensor of zeros, made in float32."""

    def forward(self, windows, mask=None):
        n, N, D = windows.shape
        h, d = self.num_heads, D // self.num_heads
        extra = torch.zeros(n, h, N, N)
        extra = extra + self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if mask is not None:
            extra = extra + mask.repeat(n // mask.shape[0], 1, 1)[:, None]
        qkv = self.qkv(windows).unflatten(-1, (3, h, d))
        q, k, v = qkv.unbind(dim=2)
        scores = torch.einsum("nihd,njhd->nhij", q, k) / math.sqrt(d) + extra
        out = torch.einsum("nhij,njhd->nihd", torch.softmax(scores, dim=-1), v)
        return self.proj(out.flatten(2))


class SwinBlockTimm(SwinBlock):
    """Written as in timm, with views and two torch.rolls."""

    def forward(self, x):
        B, H, W, C = x.shape
        if (H, W) != tuple(self.grid):
            raise ValueError("another map")
        shortcut = x
        x = F.pad(self.norm1(x), (0, 0, 0, self.padded[1] - W, 0, self.padded[0] - H))
        if any(self.shift):
            x = torch.roll(x, shifts=(-self.shift[0], -self.shift[1]), dims=(1, 2))
        windows = window_partition(x, self.window_size).reshape(-1, self.window_size * self.window_size, C)
        windows = self.attn(windows, mask=self.attn_mask).reshape(-1, self.window_size, self.window_size, C)
        x = window_reverse(windows, self.window_size, self.padded)
        if any(self.shift):
            x = torch.roll(x, shifts=self.shift, dims=(1, 2))
        x = shortcut + x[:, :H, :W, :].contiguous()
        x = x + self.mlp(self.norm2(x))
        return x


class SwinBlockRollByAxis(SwinBlock):
    """The axes rolled one after the other; the padding in float32 zeros."""

    def forward(self, x):
        B, H, W, D = x.shape
        M, (down, right) = self.window_size, self.shift
        if (H, W) != self.grid:
            raise ValueError("another map")
        padded = torch.zeros(B, *self.padded, D)
        padded[:, :H, :W] = self.norm1(x)
        padded = padded.roll(-down, 1).roll(-right, 2).to(x.dtype)
        out = self.attn(window_partition(padded, M).reshape(-1, M * M, D), self.attn_mask)
        out = window_reverse(out.reshape(-1, M, M, D), M, self.padded).roll(right, 2).roll(down, 1)
        y = x + out.narrow(1, 0, H).narrow(2, 0, W)
        return y + self.mlp(self.norm2(y))


class PatchMergingSlices(_PatchMergingBase):
    """As in the released code: four slices with their own names."""

    def four(self, x):
        x0, x1 = x[:, 0::2, 0::2, :], x[:, 1::2, 0::2, :]
        x2, x3 = x[:, 0::2, 1::2, :], x[:, 1::2, 1::2, :]
        return torch.cat([x0, x1, x2, x3], -1)


class PatchMergingIntoZeros(_PatchMergingBase):
    """Filled into zeros, made in float32."""

    def four(self, x):
        B, H, W, D = x.shape
        out = torch.zeros(B, H // 2, W // 2, 4 * D)
        for corner in range(4):
            out[..., corner * D : (corner + 1) * D] = x[:, corner % 2 :: 2, corner // 2 :: 2]
        return out


class SpatialReductionTimm(SpatialReductionAttention):
    """As in the released code, with permute and reshape."""

    def forward(self, x, grid):
        B, N, C = x.shape
        H, W = grid
        q = self.q(x).reshape(B, N, self.num_heads, C // self.num_heads).permute(0, 2, 1, 3)
        if self.sr_ratio > 1:
            x_ = x.permute(0, 2, 1).reshape(B, C, H, W)
            x_ = self.norm(self.sr(x_).reshape(B, C, -1).permute(0, 2, 1))
            kv = self.kv(x_)
        else:
            kv = self.kv(x)
        kv = kv.reshape(B, -1, 2, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        attn = (q @ kv[0].transpose(-2, -1)) * (C // self.num_heads) ** -0.5
        return self.proj((attn.softmax(dim=-1) @ kv[1]).transpose(1, 2).reshape(B, N, C))


class SpatialReductionEinsum(SpatialReductionAttention):
    def forward(self, x, grid):
        keys = x
        if hasattr(self, "sr"):
            image = torch.einsum("bnd->bdn", x).view(x.shape[0], x.shape[2], grid[0], grid[1])
            keys = self.norm(torch.einsum("bdhw->bhwd", self.sr(image)).flatten(1, 2))
        split = (self.num_heads, x.shape[-1] // self.num_heads)
        k, v = self.kv(keys).unflatten(-1, (2, *split)).unbind(2)
        scores = torch.einsum("bihd,bjhd->bhij", self.q(x).unflatten(-1, split), k) / split[1] ** 0.5
        return self.proj(torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v).flatten(2))


ALTERNATIVES = {
    "window_partition": [
        partition_loops,
        partition_tensor_unfold,
        partition_einsum,
        partition_splits,
        partition_gather,
        partition_chained,
        partition_into_empty,
    ],
    "window_reverse": [
        reverse_loops,
        reverse_einsum,
        reverse_fold,
        reverse_into_empty,
        reverse_timm,
        reverse_float32_zeros,
    ],
    "relative_position_index": [
        index_loops,
        index_meshgrid,
        index_kronecker,
        index_unfold,
        index_by_repeat,
        index_by_dict,
    ],
    "shifted_window_mask": [
        mask_as_in_timm,
        mask_by_distance,
        mask_loops,
        mask_of_axes,
        mask_by_rolled_numbers,
        mask_by_where,
    ],
    "WindowAttention": [
        WindowAttentionFused,
        WindowAttentionLoops,
        WindowAttentionEinsum,
        WindowAttentionMaps,
        WindowAttentionOneMask,
    ],
    "SwinBlock": [SwinBlockIndex, SwinBlockGlobal, SwinBlockPieces, SwinBlockTimm, SwinBlockRollByAxis],
    "PatchMerging": [
        PatchMergingPermute,
        PatchMergingUnshuffle,
        PatchMergingLoops,
        PatchMergingFolded,
        PatchMergingSlices,
        PatchMergingIntoZeros,
    ],
    "SpatialReductionAttention": [
        SpatialReductionExplicit,
        SpatialReductionTorch,
        SpatialReductionLoops,
        SpatialReductionTimm,
        SpatialReductionEinsum,
    ],
}
