"""Other right answers for lab 02, as different from the reference as they can be."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class TokenPrepRepeat(nn.Module):
    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))

    def forward(self, patches):
        return torch.hstack([self.cls_token.repeat(len(patches), 1, 1), patches]).add(self.pos_embed)


class TokenPrepPad(nn.Module):
    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.cls_token = nn.Parameter(nn.init.normal_(torch.empty(1, 1, embed_dim), std=0.02))
        # truncated in earnest, at two standard deviations
        self.pos_embed = nn.Parameter(torch.empty(1, num_patches + 1, embed_dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02, a=-0.04, b=0.04)

    def forward(self, patches):
        first = torch.zeros_like(self.pos_embed)
        first[:, 0] = 1
        return F.pad(patches, (0, 0, 1, 0)) + first * self.cls_token + self.pos_embed


class TokenPrepLoops(nn.Module):
    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.cls_token, self.pos_embed = (
            nn.Parameter(nn.init.trunc_normal_(torch.empty(1, n, embed_dim), std=0.02)) for n in (1, num_patches + 1)
        )

    def forward(self, patches):
        images = [torch.vstack([self.cls_token[0], image]) + self.pos_embed[0] for image in patches]
        return torch.stack(images, dim=2).permute(2, 0, 1)  # not contiguous


class TokenPrepSlices(nn.Module):
    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim).normal_(0, 0.02))
        self.pos_embed = nn.Parameter(torch.empty(1, num_patches + 1, embed_dim).normal_(0, 0.02))

    def forward(self, patches):
        B, N, D = patches.shape
        tokens = patches.new_empty(B, N + 1, D)
        tokens[:, :1] = self.cls_token + self.pos_embed[:, :1]
        tokens[:, 1:] = patches + self.pos_embed[:, 1:]
        return tokens


def _refuse(embed_dim):
    if embed_dim % 4 != 0:
        raise ValueError(f"4 does not divide {embed_dim}")


def sincos_loops(grid, embed_dim):
    _refuse(embed_dim)
    table, bands = [], embed_dim // 4
    for row in range(grid[0]):
        for col in range(grid[1]):
            vector = []
            for position in (row, col):
                for wave in (math.sin, math.cos):
                    vector += [wave(position / 10000 ** (k / bands)) for k in range(bands)]
            table.append(vector)
    return torch.tensor(table)


def sincos_meshgrid(grid, embed_dim):
    _refuse(embed_dim)
    rows, cols = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    exponent = torch.arange(embed_dim // 4) * (-4 * math.log(10000) / embed_dim)
    angles = torch.einsum("pn,k->npk", torch.stack([rows.flatten(), cols.flatten()]).float(), exponent.exp())
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def sincos_complex(grid, embed_dim):
    _refuse(embed_dim)
    bands = embed_dim // 4
    w = torch.logspace(0, -4 * (bands - 1) / bands, bands, dtype=torch.float64)
    halves = []
    for axis, size in enumerate(grid):
        turn = torch.exp(1j * torch.outer(torch.arange(size, dtype=torch.float64), w))
        half = torch.cat([turn.imag, turn.real], dim=1)
        shape = (size, 1, 2 * bands) if axis == 0 else (1, size, 2 * bands)
        halves.append(half.reshape(shape).expand(*grid, -1))
    return torch.cat(halves, dim=2).flatten(0, 1).to(torch.get_default_dtype())


def sincos_numpy(grid, embed_dim):
    _refuse(embed_dim)
    row, col = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    w = 1 / 10000 ** np.linspace(0, 1, embed_dim // 4, endpoint=False)
    table = np.concatenate([f(np.outer(p, w)) for p in (row, col) for f in (np.sin, np.cos)], axis=1)
    return torch.from_numpy(table).to(torch.get_default_dtype())


def resample_loops(pos_embed, old_grid, new_grid):
    """Channel by channel, computed in float64."""
    channels = []
    for channel in pos_embed[0, 1:].double().T:
        image = F.interpolate(channel.reshape(1, 1, *old_grid), size=new_grid, mode="bicubic")
        channels.append(image.flatten())
    return torch.cat([pos_embed[0, :1], torch.stack(channels, dim=1).to(pos_embed.dtype)])[None]


def resample_in_float32(pos_embed, old_grid, new_grid):
    """In float32 at least and cast back; nothing to do where the grid stays."""
    if tuple(old_grid) == tuple(new_grid):
        return pos_embed
    image = torch.einsum("brcd->bdrc", pos_embed[:, 1:].unflatten(1, tuple(old_grid)))
    work = image if image.dtype == torch.float64 else image.float()
    work = F.interpolate(work, size=list(new_grid), mode="bicubic")
    patches = torch.einsum("bdrc->brcd", work).flatten(1, 2).to(pos_embed.dtype)
    return torch.hstack([pos_embed[:, :1], patches])


def _cubic_matrix(old, new):
    """(new, old): bicubic weights along one axis; a = -0.75 and clamped edges, as torch has them."""
    a, matrix = -0.75, torch.zeros(new, old, dtype=torch.float64)
    for i in range(new):
        centre = (i + 0.5) * old / new - 0.5
        for j in range(math.floor(centre) - 1, math.floor(centre) + 3):
            t = abs(centre - j)
            if t <= 1:
                weight = (a + 2) * t**3 - (a + 3) * t**2 + 1
            else:
                weight = a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
            matrix[i, min(max(j, 0), old - 1)] += weight
    return matrix


def resample_matrix(pos_embed, old_grid, new_grid):
    down, across = (_cubic_matrix(old, new) for old, new in zip(old_grid, new_grid, strict=True))
    grid = pos_embed[0, 1:].double().unflatten(0, tuple(old_grid))
    new = torch.einsum("Rr,Cc,rcd->RCd", down, across, grid).flatten(0, 1)
    return torch.cat([pos_embed[0, :1], new.to(pos_embed.dtype)]).unsqueeze(0)


class TokenPrepZeros(nn.Module):
    """Into zeros made in float32, image by image."""

    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim) * 0.02)
        self.pos_embed = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim) * 0.02)

    def forward(self, patches):
        tokens = torch.zeros(patches.shape[0], patches.shape[1] + 1, patches.shape[2])
        for b in range(len(patches)):
            tokens[b, 0] = self.cls_token[0, 0]
            tokens[b, 1:] = patches[b]
        return tokens + self.pos_embed


class TokenPrepBroadcast(nn.Module):
    def __init__(self, num_patches, embed_dim):
        super().__init__()
        self.cls_token, self.pos_embed = nn.Parameter(torch.empty(1, 1, embed_dim)), None
        self.pos_embed = nn.Parameter(torch.empty(1, num_patches + 1, embed_dim))
        self.reset_parameters()

    def reset_parameters(self):
        for parameter in self.parameters():
            nn.init.normal_(parameter, mean=0.0, std=0.02)

    def forward(self, patches):
        first = self.cls_token + torch.zeros_like(patches[:, :1])
        return torch.concatenate((first, patches), axis=1) + self.pos_embed.expand(len(patches), -1, -1)


def sincos_into_zeros(grid, embed_dim):
    if embed_dim % 4 != 0:
        raise ValueError(f"cannot cut {embed_dim} into four")
    quarter = embed_dim // 4
    table = torch.zeros(grid[0] * grid[1], embed_dim)
    for n in range(len(table)):
        for half, position in enumerate((n // grid[1], n % grid[1])):
            angle = position / torch.pow(torch.tensor(10000.0), torch.arange(quarter) / quarter)
            table[n, 2 * half * quarter : (2 * half + 1) * quarter] = torch.sin(angle)
            table[n, (2 * half + 1) * quarter : (2 * half + 2) * quarter] = torch.cos(angle)
    return table


def sincos_expanded(grid, embed_dim):
    _refuse(embed_dim)
    (rows, cols), bands = grid, embed_dim // 4
    omega = torch.exp(torch.arange(bands).float() * -(math.log(10000.0) / bands))

    def half(n):
        angles = torch.outer(torch.arange(n).float(), omega)
        return torch.cat([torch.sin(angles), torch.cos(angles)], -1)

    down, across = half(rows).unsqueeze(1).expand(-1, cols, -1), half(cols).unsqueeze(0).expand(rows, -1, -1)
    return torch.cat((down, across), dim=-1).reshape(rows * cols, embed_dim)


def resample_by_factors(pos_embed, old_grid, new_grid):
    """Two resizes, first down, then across: the cubic is separable."""
    image = pos_embed[:, 1:].movedim(-1, 1).unflatten(2, tuple(old_grid))
    for size in ((new_grid[0], old_grid[1]), (new_grid[0], new_grid[1])):
        image = F.interpolate(image, size=size, mode="bicubic", align_corners=False)
    return torch.cat((pos_embed[:, 0:1, :], image.flatten(start_dim=2).mT), 1)


def resample_into_new(pos_embed, old_grid, new_grid):
    old, new = (int(n) for n in old_grid), (int(n) for n in new_grid)
    (r, c), (R, C), D = old, new, pos_embed.size(2)
    out = pos_embed.new_zeros((1, R * C + 1, D))
    out[:, 0] = pos_embed[:, 0]
    for d in range(D):
        channel = pos_embed[:, 1:, d].reshape(1, 1, r, c)
        out[:, 1:, d] = F.interpolate(channel, (R, C), mode="bicubic").reshape(1, -1)
    return out


ALTERNATIVES = {
    "TokenPrep": [TokenPrepRepeat, TokenPrepPad, TokenPrepLoops, TokenPrepSlices, TokenPrepZeros, TokenPrepBroadcast],
    "sincos_positions": [
        sincos_loops,
        sincos_meshgrid,
        sincos_complex,
        sincos_numpy,
        sincos_into_zeros,
        sincos_expanded,
    ],
    "resample_positions": [
        resample_loops,
        resample_in_float32,
        resample_matrix,
        resample_by_factors,
        resample_into_new,
    ],
}
