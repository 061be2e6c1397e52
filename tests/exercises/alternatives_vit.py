"""Other right answers for lab 04, as different from the reference as they can be."""

import functools
import math
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.attention import MultiHeadAttention
from vitcourse.reference.patches import PatchEmbed
from vitcourse.reference.tokens import TokenPrep
from vitcourse.reference.vit import Block, Mlp, ViT, init_weights


class _BlockBase(nn.Module):
    def __init__(self, embed_dim, num_heads, mlp_ratio=4.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim, eps=1e-6)
        self.attn = MultiHeadAttention(embed_dim, num_heads)
        self.norm2 = nn.LayerNorm(embed_dim, eps=1e-6)
        self.mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio))


class BlockExplicit(_BlockBase):
    """Always through the explicit attention, one residual expression."""

    def forward(self, x):
        attended, _ = self.attn(self.norm1(x), need_weights=True)
        x = torch.add(x, attended)
        return torch.stack([x, self.mlp(self.norm2(x))]).sum(dim=0)


class BlockLoops(_BlockBase):
    """One image at a time, the MLP one token at a time, the norm by its formula."""

    def _norm(self, norm, x):
        mean = x.mean(dim=-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
        return (x - mean) / (variance + 1e-6).sqrt() * norm.weight + norm.bias

    def forward(self, x):
        outs = []
        for image in x:
            tokens = image + self.attn(self._norm(self.norm1, image[None]))[0]
            outs.append(torch.stack([token + self.mlp(self._norm(self.norm2, token)) for token in tokens]))
        return torch.stack(outs)


class BlockFunctional(_BlockBase):
    """torch's own multi-head function (tokens first), its own GELU by erf, a result that is not contiguous."""

    def forward(self, x):
        D, h = x.shape[-1], self.attn.num_heads
        normed = F.layer_norm(x, (D,), self.norm1.weight, self.norm1.bias, 1e-6).transpose(0, 1)  # (N, B, D)
        attended, _ = F.multi_head_attention_forward(
            normed, normed, normed, D, h,
            self.attn.qkv.weight, self.attn.qkv.bias, None, None, False, 0.0,
            self.attn.proj.weight, self.attn.proj.bias,
            need_weights=False,
        )  # fmt: skip
        x = x.transpose(0, 1) + attended
        hidden = self.mlp.fc1(F.layer_norm(x, (D,), self.norm2.weight, self.norm2.bias, 1e-6))
        hidden = 0.5 * hidden * (1 + torch.erf(hidden / math.sqrt(2)))
        return (x + self.mlp.fc2(hidden)).transpose(0, 1)


class BlockOfTheOlderExercise(_BlockBase):
    """What the exercise asked for before: the weights are handed on when somebody asks for them."""

    def forward(self, x, need_weights=False):
        attended = self.attn(self.norm1(x), need_weights=need_weights)
        attended, weights = attended if need_weights else (attended, None)
        x = x + attended
        x = x + self.mlp(self.norm2(x))
        return (x, weights) if need_weights else x


class ViTSequential(nn.Module):
    """nn.Sequential for the blocks, run whole; the norm on the class token alone."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.tokens = TokenPrep(self.patch_embed.num_patches, embed_dim)
        self.blocks = nn.Sequential(*[Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)
        self.apply(init_weights)

    def forward(self, images):
        x = self.blocks(self.tokens(self.patch_embed(images)))
        return self.head(self.norm(x.select(1, 0)))


class ViTRecursive(nn.Module):
    """A ModuleList filled by append, of other blocks; forward is recursive."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__()
        self.head = nn.Linear(embed_dim, num_classes)
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < depth:
            self.blocks.append(BlockFunctional(embed_dim, num_heads, mlp_ratio))
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        rows, cols = self.patch_embed.grid
        self.tokens = TokenPrep(rows * cols, embed_dim)
        self.apply(init_weights)

    def _run(self, x, layer):
        return x if layer == len(self.blocks) else self._run(self.blocks[layer](x), layer + 1)

    def forward(self, images):
        x = self._run(self.tokens(self.patch_embed(images)), 0)
        return F.linear(self.norm(x), self.head.weight, self.head.bias)[:, 0, :]


class ViTByHand(ViTSequential):
    """Patches by loops over the image, the class token by repeat, positions added before the join."""

    def forward(self, images):
        P, proj = self.patch_embed.proj.kernel_size[0], self.patch_embed.proj
        B, _, H, W = images.shape
        patches = [
            images[:, :, top : top + P, left : left + P].flatten(1) @ proj.weight.flatten(1).T + proj.bias
            for top in range(0, H, P)
            for left in range(0, W, P)
        ]
        positions = self.tokens.pos_embed
        first = (self.tokens.cls_token + positions[:, :1]).repeat(B, 1, 1)
        x = torch.cat((first, torch.stack(patches, dim=1) + positions[:, 1:]), dim=1)
        for block in self.blocks:
            x = block(x)
        return torch.einsum("bd,kd->bk", self.norm(x)[:, 0], self.head.weight) + self.head.bias


class ViTOfTheOlderExercise(ViTSequential):
    """What the exercise asked for before: a list of weights beside the logits when somebody asks for them."""

    def forward(self, images, need_weights=False):
        x = self.tokens(self.patch_embed(images))
        kept = []
        for block in self.blocks:
            if need_weights:
                x, weights = block(x, need_weights=True)
                kept.append(weights)
            else:
                x = block(x)
        logits = self.head(self.norm(x)[:, 0])
        return (logits, kept) if need_weights else logits


def count_on_meta(**sizes):
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in ViT(**sizes).parameters())


def count_closed_form(img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
    H, W = (img_size, img_size) if isinstance(img_size, int) else img_size
    D, M, tokens = embed_dim, int(embed_dim * mlp_ratio), 1 + H * W // patch_size**2
    vectors = in_chans * patch_size**2 + 1 + 1 + tokens + depth * (4 * D + 2 * M + 9) + 2 + num_classes
    return vectors * D + depth * M + num_classes


def count_from_shapes(img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
    sides = [img_size] * 2 if isinstance(img_size, int) else img_size
    grid = [side // patch_size for side in sides]
    hidden = int(embed_dim * mlp_ratio)
    norm = [(embed_dim,), (embed_dim,)]
    block = [*norm, *norm]
    for out, into in ((3 * embed_dim, embed_dim), (embed_dim, embed_dim), (hidden, embed_dim), (embed_dim, hidden)):
        block += [(out, into), (out,)]
    shapes = [(embed_dim, in_chans, patch_size, patch_size), (embed_dim,), (1, 1, embed_dim)]
    shapes += [(1, math.prod(grid) + 1, embed_dim), *norm, (num_classes, embed_dim), (num_classes,)]
    for _ in range(depth):
        shapes += block
    return sum(math.prod(shape) * times for shape, times in Counter(shapes).items())


class BlockBranches(_BlockBase):
    """Both halves by one loop; keyword arguments; the shortcut kept under its own name."""

    def forward(self, x):
        for norm, branch in ((self.norm1, self.attn), (self.norm2, self.mlp)):
            shortcut = x
            x = shortcut + branch(norm(input=x))
        return x


class BlockOneExpression(_BlockBase):
    """Float constants and torch.add; identity by a matrix made in float32."""

    def forward(self, x):
        y = torch.add(x, self.attn(x=self.norm1(x)), alpha=1.0)
        identity = torch.eye(x.shape[-1])
        return y @ identity.to(x) + self.mlp.fc2(self.mlp.act(self.mlp.fc1(self.norm2(y)))) * torch.ones(1)


class ViTReduce(nn.Module):
    """The blocks in a list first, run by functools.reduce; head on a mask times the tokens; keyword arguments."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.tokens = TokenPrep(num_patches=self.patch_embed.num_patches, embed_dim=embed_dim)
        blocks = []
        for _ in range(depth):
            blocks.append(Block(embed_dim=embed_dim, num_heads=num_heads, mlp_ratio=mlp_ratio))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(normalized_shape=(embed_dim,), eps=1e-6)
        self.head = nn.Linear(in_features=embed_dim, out_features=num_classes, bias=True)
        self.apply(init_weights)

    def forward(self, images):
        x = functools.reduce(lambda x, block: block(x), self.blocks, self.tokens(self.patch_embed(images)))
        is_class = torch.zeros(x.shape[1])
        is_class[0] = 1.0
        return self.head(torch.einsum("bnd,n->bd", self.norm(x), is_class))


class ViTByIndex(ViTReduce):
    """Blocks by number, the class token by split; the whole norm before."""

    def forward(self, images):
        x = self.patch_embed(images)
        x = self.tokens(x)
        for i in range(len(self.blocks)):
            x = self.blocks[i](x)
        cls_token, _ = torch.split(self.norm(x), [1, x.size(1) - 1], dim=1)
        return self.head(cls_token.flatten(1))


def count_layer_by_layer(img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
    if isinstance(img_size, int):
        img_size = (img_size, img_size)
    D = embed_dim

    def linear(a, b, bias=True):
        return a * b + (b if bias else 0)

    total = linear(in_chans * patch_size * patch_size, D) + D
    total += D * (img_size[0] // patch_size * (img_size[1] // patch_size) + 1)
    for _ in range(depth):
        total += 2 * D
        total += linear(D, 3 * D) + linear(D, D)
        total += 2 * D
        total += linear(D, int(D * mlp_ratio)) + linear(int(D * mlp_ratio), D)
    return total + 2 * D + linear(D, num_classes)


def count_patches_by_area(img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
    H, W = (img_size, img_size) if isinstance(img_size, int) else img_size
    patches = H * W // (patch_size * patch_size)
    D, hidden = embed_dim, math.floor(embed_dim * mlp_ratio)
    block = 4 * D * D + 2 * D * hidden + 9 * D + hidden
    return int(D * (in_chans * patch_size**2 + patches + 5) + depth * block + (D + 1) * num_classes)


ALTERNATIVES = {
    "Block": [BlockExplicit, BlockLoops, BlockFunctional, BlockOfTheOlderExercise, BlockBranches, BlockOneExpression],
    "ViT": [ViTSequential, ViTRecursive, ViTByHand, ViTOfTheOlderExercise, ViTReduce, ViTByIndex],
    "count_vit_parameters": [
        count_on_meta,
        count_closed_form,
        count_from_shapes,
        count_layer_by_layer,
        count_patches_by_area,
    ],
}
