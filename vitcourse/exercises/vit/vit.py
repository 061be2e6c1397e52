"""Lab 04: what the checker feeds to ViT, and the mistakes that it knows."""

import functools

import torch

from ...reference.vit import ViT
from ..base import Exercise, Mistake
from ..common import probe_new_model, spread_in_words

_CASES = [
    dict(
        B=7,
        pixels=(10, 20),
        sizes=dict(
            img_size=(10, 20),
            patch_size=5,
            in_chans=4,
            num_classes=11,
            embed_dim=12,
            depth=3,
            num_heads=6,
            mlp_ratio=1.65,
        ),
    ),
    dict(
        B=6,
        pixels=(12, 12),
        sizes=dict(
            img_size=12, patch_size=4, in_chans=5, num_classes=13, embed_dim=14, depth=3, num_heads=7, mlp_ratio=2.6
        ),
    ),
    dict(  # whatever can be 1 is 1, for a squeeze() to show
        B=1,
        pixels=(1, 1),
        sizes=dict(
            img_size=(1, 1), patch_size=1, in_chans=1, num_classes=1, embed_dim=6, depth=1, num_heads=1, mlp_ratio=2.5
        ),
    ),
]


def draw(d):
    case = _CASES[d.index]
    images = d.normal(case["B"], case["sizes"]["in_chans"], *case["pixels"])
    return dict(images=images, sizes=case["sizes"], state=d.state(_vit_of(d.index)))


@functools.cache
def _vit_of(index):
    return ViT(**_CASES[index]["sizes"])


def probe(answer, see, images, sizes, state):
    model = see.build(answer, state, images.dtype, **sizes)
    see.twice("the result", model, images, axes="image class")
    leaf = images.clone().requires_grad_()
    result = model(leaf)
    see.gradient("`images`", result, leaf)
    for name in ("patch_embed.proj.weight", "tokens.cls_token", "tokens.pos_embed", "blocks.0.attn.qkv.weight"):
        see.gradient(f"`{name}`", result, model.get_parameter(name))
    see("the result when the tokens' variance is small", _shrink(model)(images))
    fresh = answer(**{**sizes, "embed_dim": 80, "num_heads": 2, "depth": 2})
    probe_new_model(see, fresh)
    for name in ("tokens.cls_token", "tokens.pos_embed"):
        value = fresh.get_parameter(name)
        see(f"how far a new model's `{name}` spreads", spread_in_words(value, 0.02))


def _shrink(model):
    """Make what enters the last norm small, so that its eps shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(("norm.", "head.")):
                parameter.mul_(1e-3)
    return model


EXERCISE = Exercise(
    id="ViT",
    cases=3,
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "shared-block",
            (
                "nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))",
                "nn.ModuleList([Block(embed_dim, num_heads, mlp_ratio)] * depth)",
            ),
            "All blocks are one and the same object: [block] * depth repeats a reference, so that the model has the "
            "weights of a single block.",
            "Call Block once for each layer, inside a loop or a comprehension.",
        ),
        Mistake(
            "python-list",
            (
                "nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))",
                "[Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)]",
            ),
            "The blocks are in a plain Python list: PyTorch does not see their parameters, so no optimiser trains them.",
            "nn.ModuleList takes the same list and registers what is in it.",
        ),
        Mistake(
            "one-block-short",
            ("for _ in range(depth)", "for _ in range(depth - 1)"),
            "There is one block too few: depth is the number of blocks.",
            "range(n) already gives n numbers.",
        ),
        Mistake(
            "mlp-ratio-dropped",
            ("Block(embed_dim, num_heads, mlp_ratio)", "Block(embed_dim, num_heads)"),
            "mlp_ratio does not reach the blocks: every MLP has the default width.",
            "Block takes it as its third argument.",
        ),
        Mistake(
            "one-head",
            ("Block(embed_dim, num_heads, mlp_ratio)", "Block(embed_dim, 1, mlp_ratio)"),
            "num_heads does not reach the blocks: the attention has one head. The parameters look the same, the "
            "result does not.",
            "Block takes it as its second argument.",
        ),
        Mistake(
            "positions-off-by-one",
            ("TokenPrep(self.patch_embed.num_patches,", "TokenPrep(self.patch_embed.num_patches + 1,"),
            "There is one position too many: TokenPrep is told the number of patches and adds the class token itself.",
            "PatchEmbed knows the number of patches.",
        ),
        Mistake(
            "depth-is-heads",
            ("for _ in range(depth)", "for _ in range(num_heads)"),
            "There are num_heads blocks; there must be depth of them.",
            "The two are equal in ViT-B, but not in ViT-S.",
        ),
        Mistake(
            "tokens-arguments-exchanged",
            (
                "TokenPrep(self.patch_embed.num_patches, embed_dim)",
                "TokenPrep(embed_dim, self.patch_embed.num_patches)",
            ),
            "TokenPrep's arguments are exchanged: it takes the number of patches first, then embed_dim.",
            "Name the arguments when you call it, and their order no longer matters.",
        ),
        Mistake(
            "no-norm-module",
            (
                ("        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)\n", ""),
                ("self.norm(x)[:, 0]", "x[:, 0]"),
            ),
            "There is no last norm: the pre-norm stream grows from block to block, and self.norm evens it out before "
            "the head.",
            "Make self.norm beside self.head, and apply it after the last block.",
        ),
        Mistake(
            "no-last-norm",
            ("self.norm(x)[:, 0]", "x[:, 0]"),
            "self.norm is made but never used: the last norm comes after the blocks, before the head.",
            "In a pre-norm model nothing else normalises what the last block leaves.",
        ),
        Mistake(
            "norm-before-blocks",
            (
                ("self.tokens(self.patch_embed(images))", "self.norm(self.tokens(self.patch_embed(images)))"),
                ("self.norm(x)[:, 0]", "x[:, 0]"),
            ),
            "self.norm comes before the blocks; it must come after the last one.",
            "The blocks bring their own norms. This one belongs to the head.",
        ),
        Mistake(
            "norm-in-the-loop",
            (
                ("            x = block(x)", "            x = self.norm(block(x))"),
                ("self.norm(x)[:, 0]", "x[:, 0]"),
            ),
            "self.norm is applied after every block; it comes once, after the last one.",
            "The blocks bring their own norms. This one stands outside the loop.",
        ),
        Mistake(
            "residual-around-blocks",
            ("x = block(x)", "x = x + block(x)"),
            "Each block's result is added to the tokens; a block has its residuals inside, and gives the new tokens.",
            "Hand on what a block gives as it is.",
        ),
        Mistake(
            "positions-twice",
            ("self.tokens(self.patch_embed(images))", "self.tokens(self.patch_embed(images)) + self.tokens.pos_embed"),
            "The positions are added twice: self.tokens does it already.",
            "TokenPrep puts the class token in front and adds the positions.",
        ),
        Mistake(
            "default-eps",
            ("self.norm = nn.LayerNorm(embed_dim, eps=1e-6)", "self.norm = nn.LayerNorm(embed_dim)"),
            "The last norm uses PyTorch's eps of 1e-5; the text asks for 1e-6.",
            "nn.LayerNorm takes eps as an argument.",
        ),
        Mistake(
            "mean-of-tokens",
            ("self.norm(x)[:, 0]", "self.norm(x).mean(dim=1)"),
            "The head reads the mean of all tokens; it must read the class token alone.",
            "TokenPrep puts the class token first.",
        ),
        Mistake(
            "mean-of-patches",
            ("self.norm(x)[:, 0]", "self.norm(x)[:, 1:].mean(dim=1)"),
            "The head reads the mean of the patches; it must read the class token alone.",
            "TokenPrep puts the class token first. (A mean makes a good model too, but another one.)",
        ),
        Mistake(
            "first-patch",
            ("self.norm(x)[:, 0]", "self.norm(x)[:, 1]"),
            "The head reads the first patch; the class token stands at index 0.",
            "Python counts from zero.",
        ),
        Mistake(
            "last-token",
            ("self.norm(x)[:, 0]", "self.norm(x)[:, -1]"),
            "The head reads the last patch; the class token stands first.",
            "TokenPrep puts the class token before the patches.",
        ),
        Mistake(
            "every-token",
            ("self.norm(x)[:, 0]", "self.norm(x)"),
            "The head is applied to every token: the result has a row of logits per token, not one per image.",
            "Pick the class token along the axis of the tokens before the head.",
        ),
        Mistake(
            "first-image",
            ("self.norm(x)[:, 0]", "self.norm(x)[0]"),
            "Index 0 was taken along the batch: the result is about the first image only.",
            "The axes are (B, N+1, D): the tokens are the second one.",
        ),
        Mistake(
            "no-tokens",
            ("self.tokens(self.patch_embed(images))", "self.patch_embed(images)"),
            "self.tokens is never used: there is no class token, and no position is added.",
            "After the patches are embedded, self.tokens adds what is missing.",
        ),
        Mistake(
            "blocks-unused",
            ("            x = block(x)", "            block(x)"),
            "Each block's result is lost: what reaches the head never went through the blocks.",
            "A module returns a new tensor: assign it.",
        ),
        Mistake(
            "blocks-reversed",
            ("for block in self.blocks:", "for block in reversed(self.blocks):"),
            "The blocks run from the last to the first.",
            "Iterate over self.blocks as it is.",
        ),
        Mistake(
            "one-block-run",
            ("for block in self.blocks:", "for block in self.blocks[:1]:"),
            "Only the first block is run.",
            "Every block takes what the one before it left.",
        ),
        Mistake(
            "softmaxed",
            ("return self.head(cls_out)", "return self.head(cls_out).softmax(dim=-1)"),
            "It returns probabilities; a classifier returns logits, and the loss takes the softmax itself.",
            "The head's output is the result: nothing comes after it.",
        ),
        Mistake(
            "log-softmaxed",
            ("return self.head(cls_out)", "return self.head(cls_out).log_softmax(dim=-1)"),
            "It returns log-probabilities; a classifier returns logits, and the loss takes the log-softmax itself.",
            "The head's output is the result: nothing comes after it.",
        ),
        Mistake(
            "sigmoid",
            ("return self.head(cls_out)", "return self.head(cls_out).sigmoid()"),
            "A sigmoid was taken of the logits; a classifier returns them as they are.",
            "The head's output is the result: nothing comes after it.",
        ),
        Mistake(
            "softmax-over-images",
            ("return self.head(cls_out)", "return self.head(cls_out).softmax(dim=0)"),
            "It returns a softmax, and along the images at that; a classifier returns logits.",
            "The head's output is the result: nothing comes after it.",
        ),
        Mistake(
            "first-of-a-pair",
            ("x = block(x)", "x = block(x)[0]"),
            "`block(x)[0]` is the first image of the batch: a block gives a tensor, not a pair.",
            "What a block gives has the shape that it was given: hand it on as it is.",
        ),
        Mistake(
            "unpacked",
            ("x = block(x)", "x, _ = block(x)"),
            "`x, _ = block(x)` takes the batch apart image by image: a block gives a tensor, not a pair.",
            "What a block gives has the shape that it was given: hand it on as it is.",
        ),
        Mistake(
            "list-called",
            (
                "        for block in self.blocks:\n            x = block(x)\n",
                "        x = self.blocks(x)\n",
            ),
            "self.blocks is called as if it were a module; an nn.ModuleList is a list and has no forward.",
            "A loop runs one block after the other.",
        ),
        Mistake(
            "pair-returned",
            ("return self.head(cls_out)", "return self.head(cls_out), x"),
            "It returns a pair; a classifier returns the logits alone, for the loss takes a tensor.",
            "What happens inside can be read from outside: lab 06 shows how.",
        ),
        Mistake(
            "zero-head",
            ("self.apply(init_weights)", "self.apply(init_weights)\n        nn.init.zeros_(self.head.weight)"),
            "A new model's head starts with zeros; here it is drawn like every linear layer.",
            "The given last line draws all of them: leave it the last one.",
        ),
        Mistake(
            "no-init",
            ("self.apply(init_weights)", "pass"),
            "A new model's linear layers do not start as init_weights draws them (a truncated normal with standard deviation "
            "0.02, biases 0): the given last line of __init__ is missing or changed.",
            "Leave self.apply(init_weights) at the end, after all modules are made.",
        ),
    ),
    hints=(
        "__init__ makes the parts, forward sends the images through them in the same order: patches, tokens, blocks, "
        "norm, head. The head sees one token only.",
        "images (B, C, H, W) -> patch_embed (B, N, D) -> tokens (B, N+1, D) -> each block (B, N+1, D) -> norm -> the class "
        "token's row (B, D) -> head (B, K). Each block is a Block of its own, kept in an nn.ModuleList.",
        "self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)); in forward, "
        "x = self.tokens(self.patch_embed(images)), then x = block(x) for each block, then self.head(self.norm(x)[:, 0]).",
    ),
)
