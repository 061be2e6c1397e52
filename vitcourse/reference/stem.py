"""A Vision Transformer that looks through convolutions first: the second track of the recipes for CIFAR-10.

Neighbouring pixels belong together, and a thing stays the same thing when it moves. A plain ViT has to learn both from
the images; small convolutions have them built in. Early convolutions (Xiao et al. 2021) and CCT (Hassani et al. 2021)
put them where the patches were cut, and keep the transformer behind them. The model is no longer a plain ViT, and it
needs fewer images.
"""

from itertools import pairwise

import torch
from torch import nn

from .vit import Block, init_weights


def conv_stage(in_chans, out_chans):
    """Two convolutions of 3×3 with batch norm and GELU; a pooling in the first one halves the sides.

    Shapes: (B, in_chans, H, W) -> (B, out_chans, H/2, W/2).
    """
    return nn.Sequential(
        nn.Conv2d(in_chans, out_chans, kernel_size=3, padding=1, bias=False),  # the norm has a bias
        nn.MaxPool2d(2),  # before the norm: a quarter of the pixels to normalise
        nn.BatchNorm2d(out_chans),
        nn.GELU(),
        nn.Conv2d(out_chans, out_chans, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(out_chans),
        nn.GELU(),
    )


class ConvStem(nn.Module):
    """Turn images into a grid of vectors by a few convolutions, each stage halving the sides and doubling the width.

    Args:
        img_size: side of the image in pixels, or (height, width).
        patch_size: P, the pixels from one vector to the next; 2, 4, 8 or another power of two. A vector has seen more
            than its P×P pixels: the convolutions overlap.
        in_chans: C, the image's channels.
        embed_dim: D, the width of the last stage.

    Shapes: (B, C, H, W) -> (B, N, D), row by row, as from `PatchEmbed`. `grid` is (rows, cols), `num_patches` is N.

    Raises:
        ValueError: when P is no power of two or does not divide the image, D cannot be halved so often, or an image of
            another size is given.
    """

    def __init__(self, img_size, patch_size, in_chans, embed_dim):
        super().__init__()
        self.img_size = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
        H, W = self.img_size
        stages = patch_size.bit_length() - 1
        if stages < 1 or patch_size != 2**stages:
            raise ValueError(f"a convolutional stem halves the sides: patch size {patch_size} is no power of two")
        if H % patch_size or W % patch_size:
            raise ValueError(f"patch size {patch_size} does not divide the image's height {H} and width {W}")
        if embed_dim % 2 ** (stages - 1):
            raise ValueError(f"embed_dim {embed_dim} cannot be halved {stages - 1} times, for patch size {patch_size}")
        self.grid = (H // patch_size, W // patch_size)
        self.num_patches = self.grid[0] * self.grid[1]
        widths = [in_chans, *(embed_dim >> stage for stage in reversed(range(stages)))]  # 3, 48, 96, 192
        self.stages = nn.Sequential(*(conv_stage(*pair) for pair in pairwise(widths)))
        self.to(memory_format=torch.channels_last)  # the faster order in memory for convolutions, on a CPU as on a GPU

    def forward(self, images):
        B, C, H, W = images.shape
        if (H, W) != self.img_size:
            raise ValueError(f"made for images of {self.img_size} pixels, got {(H, W)}")
        grid = self.stages(images)  # (B, D, rows, cols)
        return grid.flatten(2).transpose(1, 2)  # (B, N, D)


class ConvStemViT(nn.Module):
    """A Vision Transformer on the tokens of a `ConvStem`, classifying from their mean.

    Each token has seen a part of the image before the first block, so the mean has something to average from the first
    step on, while a class token must learn whom to ask. With the class token it learned far more slowly (the numbers
    stand with the recipes).

    Args: those of `ViT`, with defaults for images of 32×32 pixels: 16 tokens, 2.4 M parameters.

    Shapes: (B, C, H, W) -> logits (B, K).

    Raises:
        ValueError: as `ConvStem` does, or when h does not divide D.
    """

    def __init__(
        self,
        img_size=32,
        patch_size=8,
        in_chans=3,
        num_classes=10,
        embed_dim=192,
        depth=4,
        num_heads=3,
        mlp_ratio=4.0,
    ):
        super().__init__()
        self.patch_embed = ConvStem(img_size, patch_size, in_chans, embed_dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, self.patch_embed.num_patches, embed_dim))
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)
        self.apply(init_weights)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, images):
        x = self.patch_embed(images) + self.pos_embed  # (B, N, D)
        for block in self.blocks:
            x = block(x)
        mean = self.norm(x).mean(dim=1)  # (B, D)
        return self.head(mean)  # (B, K)
