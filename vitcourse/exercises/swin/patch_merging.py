"""Lab 08: what the checker feeds to PatchMerging, and the mistakes that it knows."""

import torch

from ...reference.swin import PatchMerging
from ..base import Exercise, Mistake
from .common import channels_last

_CASES = [
    dict(B=5, H=4, W=6, D=3),
    dict(B=3, H=5, W=7, D=4),
    dict(B=1, H=1, W=4, D=2),
    dict(B=4, H=3, W=1, D=1),
]
AXES = "map row column channel"


def draw(d):
    B, H, W, D = _CASES[d.index].values()
    return dict(x=d.normal(B, H, W, D), embed_dim=D, state=d.state(PatchMerging(D)))


def probe(answer, see, x, embed_dim, state):
    module = see.build(answer, state, x.dtype, embed_dim=embed_dim)
    see.twice("the result", module, x, axes=AXES)
    see("the result for one map of 2 x 2 tokens", module(x[:1, :2, :2]), axes=AXES)
    see("the result for tokens of small variance", module(3e-3 * x), axes=AXES)  # about as large as eps = 1e-5
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", module(leaf), leaf)
    see.gradient("`norm.weight`", module(x), module.norm.weight)
    see.gradient("`reduction.weight`", module(x), module.reduction.weight)


def picture(answer):
    """The squares that it joins, read off a module that leaves their 4*D numbers as they are."""
    module = answer(3)
    module.norm, module.reduction = torch.nn.Identity(), torch.nn.Identity()
    four = module(channels_last(8, 12)[None])[0].detach()  # (4, 6, 12)
    return four.unflatten(-1, (2, 2, 3)).flatten(0, 1).transpose(1, 2)  # the lower left one came second


_FOUR = "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]"
_HALVES = "top, bottom = x[:, 0::2], x[:, 1::2]"


EXERCISE = Exercise(
    id="PatchMerging",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "reading-order",
            (_FOUR, "[top[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 0::2], bottom[:, :, 1::2]]"),
            "The four tokens stand in reading order; here it is top left, bottom left, top right, bottom right.",
            "A network trained from scratch would not mind. Checkpoints do: they hold the released code's order.",
        ),
        Mistake(
            "no-permute",
            ("x = torch.cat(four, dim=-1)", "x = x.reshape(B, x.shape[1] // 2, x.shape[2] // 2, 4 * D)"),
            "A reshape alone joins four neighbours of one row, or ends of rows, not a square of 2 x 2.",
            "The rows of a square lie far apart in memory. Take every second row and every second column.",
        ),
        Mistake(
            "interleaved",
            ("torch.cat(four, dim=-1)", "torch.stack(four, dim=-1).flatten(3)"),
            "The four tokens are interleaved channel by channel; each one stands whole beside the next.",
            "The last axis holds all D numbers of the first token, then all of the second.",
        ),
        Mistake(
            "quadrants",
            (
                (_HALVES, "h, w = x.shape[1] // 2, x.shape[2] // 2\n        top, bottom = x[:, :h], x[:, h:]"),
                (_FOUR, "[top[:, :, :w], bottom[:, :, :w], top[:, :, w:], bottom[:, :, w:]]"),
            ),
            "The four quarters of the map are joined, so that tokens from far apart become one; neighbours belong "
            "together.",
            "A slice with a step of 2 takes every second row.",
        ),
        Mistake(
            "odd-before-even",
            (_HALVES, "bottom, top = x[:, 0::2], x[:, 1::2]"),
            "Top and bottom are exchanged: row 0 of the map is a top row.",
            "Rows 0, 2, 4, … are the upper ones of their squares.",
        ),
        Mistake(
            "norm-after",
            (
                ("nn.LayerNorm(4 * embed_dim)", "nn.LayerNorm(2 * embed_dim)"),
                ("self.reduction(self.norm(x))", "self.norm(self.reduction(x))"),
            ),
            "The norm comes after the reduction (as in Swin's second version); here it comes before, over 4*D.",
            "`norm` has a scale for each of the 4*D numbers.",
        ),
        Mistake(
            "order-exchanged",
            ("self.reduction(self.norm(x))", "self.norm(self.reduction(x))"),
            "The reduction comes before the norm, which is made for 4*D numbers: first norm, then reduction.",
            "Read the sizes of the two modules: which of them takes 4*D and gives 4*D?",
        ),
        Mistake(
            "no-norm",
            ("self.reduction(self.norm(x))", "self.reduction(x)"),
            "The norm is never used: it comes before the reduction.",
            "Both modules of __init__ have their place in forward.",
        ),
        Mistake(
            "no-reduction",
            ("self.reduction(self.norm(x))", "self.norm(x)"),
            "The reduction is missing: the result has 4*D channels, and it must have 2*D.",
            "Both modules of __init__ have their place in forward.",
        ),
        Mistake(
            "bias",
            (", bias=False", ""),
            "`reduction` has a bias; it has none here, and checkpoints hold none.",
            "nn.Linear takes an argument for that.",
        ),
        Mistake(
            "odd-cropped",
            ("x = F.pad(x, (0, 0, 0, W % 2, 0, H % 2))", "x = x[:, : H // 2 * 2, : W // 2 * 2]"),
            "An odd row or column is dropped; the given line adds zeros instead, so that no token is lost.",
            "Leave the line with F.pad as it is.",
        ),
        Mistake(
            "around-the-square",
            (
                "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]",
                "[top[:, :, 0::2], bottom[:, :, 0::2], bottom[:, :, 1::2], top[:, :, 1::2]]",
            ),
            "The four tokens run around the square; here it is top left, bottom left, top right, bottom right.",
            "Left column from top to bottom, then the right one.",
        ),
        Mistake(
            "clockwise",
            (
                "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]",
                "[top[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2], bottom[:, :, 0::2]]",
            ),
            "The four tokens run clockwise; here it is top left, bottom left, top right, bottom right.",
            "Left column from top to bottom, then the right one.",
        ),
        Mistake(
            "right-before-left",
            (
                "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]",
                "[top[:, :, 1::2], bottom[:, :, 1::2], top[:, :, 0::2], bottom[:, :, 0::2]]",
            ),
            "Left and right are exchanged: column 0 of the map is a left column.",
            "Columns 0, 2, 4, … are the left ones of their squares.",
        ),
        Mistake(
            "mean-of-the-four",
            ("torch.cat(four, dim=-1)", "torch.stack(four).mean(0).repeat(1, 1, 1, 4)"),
            "The four tokens are averaged; they are put side by side, and the reduction learns how to weigh them.",
            "torch.cat along the last axis.",
        ),
        Mistake(
            "one-token",
            ("[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]", "[top[:, :, 0::2]] * 4"),
            "One token of each square stands there four times; the others are lost.",
            "Four slices, each with its own start.",
        ),
        Mistake(
            "left-column-twice",
            (
                "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]",
                "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 0::2], bottom[:, :, 0::2]]",
            ),
            "The left column of each square stands there twice; the right one is lost.",
            "Two of the four slices begin at column 1.",
        ),
        Mistake(
            "joined-as-rows",
            ("torch.cat(four, dim=-1)", "torch.cat(four, dim=1)"),
            "The four maps are joined along the rows; the channels are joined.",
            "dim=-1 is the channels' axis.",
        ),
        Mistake(
            "norm-twice",
            ("return self.reduction(self.norm(x))", "return self.reduction(self.norm(self.norm(x)))"),
            "The norm is applied twice.",
            "Once, before the reduction.",
        ),
        Mistake(
            "activation",
            ("return self.reduction(self.norm(x))", "return F.gelu(self.reduction(self.norm(x)))"),
            "There is an activation; PatchMerging has none.",
            "First norm, then reduction, no more.",
        ),
        Mistake(
            "padded-at-the-other-end",
            ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, W % 2, 0, H % 2, 0)"),
            "Zeros are added at the top and the left; the given line adds them at the bottom and the right.",
            "Leave the line with F.pad as it is.",
        ),
        Mistake(
            "only-rows-padded",
            ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, 0, 0, 0, H % 2)"),
            "Only the rows are padded; the number of columns can be odd too.",
            "Leave the line with F.pad as it is.",
        ),
        Mistake(
            "another-eps",
            ("nn.LayerNorm(4 * embed_dim)", "nn.LayerNorm(4 * embed_dim, eps=1e-6)"),
            "The norm's eps is not PyTorch's 1e-5: for tokens of small variance the result differs.",
            "nn.LayerNorm without an eps, as in the released Swin.",
        ),
    ),
    hints=(
        "Four slices of the map, each with every second row and every second column, are the four corners of all squares "
        "at once.",
        "Four times (B, H/2, W/2, D), joined along the last axis -> (B, H/2, W/2, 4*D) -> norm -> reduction -> "
        "(B, H/2, W/2, 2*D).",
        "x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]; torch.cat(…, dim=-1); "
        "self.reduction(self.norm(…)).",
    ),
)
