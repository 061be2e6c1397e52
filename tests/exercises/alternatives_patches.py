"""Other right answers for lab 01, as different from the reference as they can be."""

import torch
import torch.nn.functional as F
from torch import nn


def _refuse(images, P):
    H, W = images.shape[-2:]
    if H % P != 0 or W % P != 0:
        raise ValueError(f"{H}x{W} is no multiple of {P}")


def patchify_loops(images, patch_size):
    _refuse(images, patch_size)
    B, C, H, W = images.shape
    patches = []
    for top in range(0, H, patch_size):
        for left in range(0, W, patch_size):
            patches.append(images[:, :, top : top + patch_size, left : left + patch_size].reshape(B, -1))
    return torch.stack(patches, dim=1)


def patchify_unfold(images, patch_size):
    _refuse(images, patch_size)
    return F.unfold(images, patch_size, stride=patch_size).transpose(1, 2)  # not contiguous


def patchify_tensor_unfold(images, patch_size):
    _refuse(images, patch_size)
    tiles = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)  # (B, C, rows, cols, P, P)
    return tiles.flatten(2, 3).transpose(1, 2).flatten(2)


def patchify_einsum(images, patch_size):
    _refuse(images, patch_size)
    B, C, H, W = images.shape
    tiles = images.view(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    return torch.einsum("bcrpsq->brscpq", tiles).reshape(B, -1, C * patch_size**2)


def patchify_conv(images, patch_size):
    """The identity as a convolution: each filter copies one number of the patch."""
    _refuse(images, patch_size)
    length = images.shape[1] * patch_size**2
    filters = torch.eye(length, dtype=images.dtype).reshape(length, images.shape[1], patch_size, patch_size)
    return F.conv2d(images, filters, stride=patch_size).flatten(2).mT


def patchify_into_empty(images, patch_size):
    _refuse(images, patch_size)
    B, C, H, W = images.shape
    P, rows, cols = patch_size, H // patch_size, W // patch_size
    out = images.new_empty(B, rows * cols, C * P * P)
    for n in range(rows * cols):
        top, left = divmod(n, cols)
        out[:, n] = images[:, :, P * top : P * top + P, P * left : P * left + P].flatten(1)
    return out


def patchify_shuffle(images, patch_size):
    _refuse(images, patch_size)
    return F.pixel_unshuffle(images, patch_size).flatten(2).transpose(1, 2)


def unpatchify_shuffle(patches, patch_size, grid):
    return F.pixel_shuffle(patches.transpose(1, 2).unflatten(2, grid), patch_size)


def unpatchify_loops(patches, patch_size, grid):
    B, N, length = patches.shape
    tiles = patches.unflatten(2, (-1, patch_size, patch_size))
    lines = [torch.cat([tiles[:, r * grid[1] + c] for c in range(grid[1])], dim=3) for r in range(grid[0])]
    return torch.cat(lines, dim=2)


def unpatchify_fold(patches, patch_size, grid):
    size = (grid[0] * patch_size, grid[1] * patch_size)
    return F.fold(patches.transpose(1, 2), size, patch_size, stride=patch_size)


def unpatchify_einsum(patches, patch_size, grid):
    tiles = patches.unflatten(1, grid).unflatten(3, (-1, patch_size, patch_size))
    return torch.einsum("brscpq->bcrpsq", tiles).flatten(4, 5).flatten(2, 3)


def _sizes(img_size):
    return (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)


class _PatchEmbedBase(nn.Module):
    def __init__(self, img_size, patch_size, in_chans, embed_dim):
        super().__init__()
        self.img_size, self.patch_size = _sizes(img_size), patch_size
        if self.img_size[0] % patch_size or self.img_size[1] % patch_size:
            raise ValueError("does not divide")
        self.num_patches = self.img_size[0] * self.img_size[1] // patch_size**2
        self.proj = nn.Conv2d(in_chans, embed_dim, patch_size, patch_size)

    def forward(self, images):
        if tuple(images.shape[2:]) != self.img_size:
            raise ValueError("another size")
        return self.embed(images)


class PatchEmbedPermute(_PatchEmbedBase):
    def embed(self, images):
        return self.proj(images).permute(0, 2, 3, 1).flatten(1, 2)


class PatchEmbedLinear(_PatchEmbedBase):
    def embed(self, images):
        return F.linear(patchify_loops(images, self.patch_size), self.proj.weight.flatten(1), self.proj.bias)


class PatchEmbedLoops(_PatchEmbedBase):
    def embed(self, images):
        grid = self.proj(images)
        return torch.stack([grid[:, :, r, c] for r in range(grid.shape[2]) for c in range(grid.shape[3])], dim=1)


def patchify_into_zeros(images, patch_size):
    """A float32 table, filled; the error is raised by a helper's division."""
    if any(side % patch_size for side in images.shape[2:]):
        raise ValueError(f"image {tuple(images.shape[2:])}, patch_size={patch_size}")
    (B, C, H, W), P = images.shape, patch_size
    patches = torch.zeros(B, (H // P) * (W // P), C * P * P)
    for b in range(B):
        for n in range(patches.shape[1]):
            r, c = n // (W // P), n % (W // P)
            patches[b, n] = images[b, :, r * P : (r + 1) * P, c * P : (c + 1) * P].ravel()
    return patches


def patchify_swaps(images, patch_size):
    """One exchange of neighbouring axes after another."""
    _refuse(images, patch_size)
    tiles = images.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))  # (B, C, rows, P, cols, P)
    tiles = tiles.swapaxes(3, 4).movedim(1, 3)
    return tiles.contiguous().view(len(images), -1, tiles.shape[3:].numel())


def patchify_chunks(images, patch_size):
    _refuse(images, patch_size)
    strips = images.split(patch_size, dim=2)
    return torch.cat([torch.stack([t.flatten(1) for t in s.split(patch_size, -1)], 1) for s in strips], dim=1)


def unpatchify_into_zeros(patches, patch_size, grid):
    """A float32 image, filled."""
    P, (rows, cols) = patch_size, grid
    image = torch.zeros(len(patches), patches.shape[2] // P**2, rows * P, cols * P)
    for n in range(patches.shape[1]):
        top, left = n // cols * P, n % cols * P
        image[:, :, top : top + P, left : left + P] = patches[:, n].view(len(patches), -1, P, P)
    return image


def unpatchify_swaps(patches, patch_size, grid):
    tiles = patches.unflatten(1, (grid[0], grid[1])).unflatten(-1, (-1, patch_size, patch_size))
    tiles = tiles.movedim(3, 1).swapaxes(3, 4)  # (B, C, rows, P, cols, P)
    return tiles.reshape(*tiles.shape[:2], grid[0] * patch_size, -1)


class PatchEmbedKeywords(_PatchEmbedBase):
    def __init__(self, img_size, patch_size, in_chans, embed_dim):
        super().__init__(img_size, patch_size, in_chans, embed_dim)
        window = (patch_size, patch_size)
        self.proj = nn.Conv2d(
            in_channels=in_chans, out_channels=embed_dim, kernel_size=window, stride=window, padding=0, bias=True
        )
        fan_in, fan_out = in_chans * patch_size**2, embed_dim
        nn.init.uniform_(
            self.proj.weight, -((6 / (fan_in + fan_out)) ** 0.5), (6 / (fan_in + fan_out)) ** 0.5
        )  # Xavier
        nn.init.zeros_(self.proj.bias)

    def embed(self, images):
        return torch.einsum("bdrc->brcd", self.proj(images)).reshape(len(images), self.num_patches, -1)


class PatchEmbedFlattensLate(_PatchEmbedBase):
    def embed(self, images):
        x = self.proj(images)
        B, D, rows, cols = x.shape
        x = x.view(B, D, rows * cols)
        return x.swapaxes(-1, -2).contiguous()


ALTERNATIVES = {
    "patchify": [
        patchify_loops,
        patchify_unfold,
        patchify_tensor_unfold,
        patchify_einsum,
        patchify_conv,
        patchify_into_empty,
        patchify_shuffle,
        patchify_into_zeros,
        patchify_swaps,
        patchify_chunks,
    ],
    "unpatchify": [
        unpatchify_loops,
        unpatchify_fold,
        unpatchify_einsum,
        unpatchify_shuffle,
        unpatchify_into_zeros,
        unpatchify_swaps,
    ],
    "PatchEmbed": [PatchEmbedPermute, PatchEmbedLinear, PatchEmbedLoops, PatchEmbedKeywords, PatchEmbedFlattensLate],
}
