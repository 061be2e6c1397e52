"""Lab 08: what the checker feeds to SwinBlock and PatchMerging, and the mistakes that it knows."""

import functools

from ..reference.swin import PatchMerging, SwinBlock
from . import pictures
from .base import Exercise, Mistake

# The window divides neither grid; in case 1 one window covers the rows, so that only the columns are shifted.
# D * mlp_ratio is no whole number: rounding up shows in the parameters' shapes.
_BLOCK_CASES = [
    dict(B=2, sizes=dict(embed_dim=6, num_heads=3, grid=(5, 8), window_size=3, shifted=True, mlp_ratio=2.3)),
    dict(B=3, sizes=dict(embed_dim=8, num_heads=2, grid=[4, 9], window_size=4, shifted=True, mlp_ratio=1.7)),
]


def _draw_block(d):
    case = _BLOCK_CASES[d.index]
    x = d.normal(case["B"], *case["sizes"]["grid"], case["sizes"]["embed_dim"])
    return dict(x=x, sizes=case["sizes"], state=d.state(_block_of(d.index)))


@functools.cache
def _block_of(index):
    """The reference's block of a case: only its parameters' names and shapes are read, so one is enough."""
    return SwinBlock(**_BLOCK_CASES[index]["sizes"])


def _probe_block(answer, see, x, sizes, state):
    plain = see.build(answer, state, x.dtype, **{**sizes, "shifted": False})
    see("the result of a block that is not shifted", plain(x))
    block = see.build(answer, state, x.dtype, **sizes)
    see("the result", block(x))
    see("the result for one map", block(x[:1]))
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", block(leaf), leaf)
    for name in ("attn.relative_position_bias_table", "attn.qkv.weight", "mlp.fc1.weight", "norm1.weight"):
        see.gradient(f"`{name}`", block(x), block.get_parameter(name))
    see("the names in its state dict", sorted(block.state_dict()))
    see.raises("for a map of another size", block, x.transpose(1, 2))
    # the parameters' shapes tell how far the window shrank: see.build compares them
    small = {**sizes, "grid": (2, 3)}
    table = answer(**small).attn.relative_position_bias_table
    see("the shape of the bias table for a grid of 2 x 3 tokens", tuple(table.shape))


_MERGING_CASES = [dict(B=2, H=4, W=6, D=3), dict(B=3, H=5, W=3, D=4)]


def _draw_merging(d):
    B, H, W, D = _MERGING_CASES[d.index].values()
    return dict(x=d.normal(B, H, W, D), embed_dim=D, state=d.state(PatchMerging(D)))


def _probe_merging(answer, see, x, embed_dim, state):
    module = see.build(answer, state, x.dtype, embed_dim=embed_dim)
    see("the result", module(x))
    see("the result for one map of 2 x 2 tokens", module(x[:1, :2, :2]))
    see("the result for tokens of small variance", module(3e-3 * x))  # about as large as eps = 1e-5
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", module(leaf), leaf)
    see.gradient("`norm.weight`", module(x), module.norm.weight)
    see.gradient("`reduction.weight`", module(x), module.reduction.weight)


_ROLL = "rolled = padded.roll((-down, -right), dims=(1, 2))"
_BACK = "attended = rolled.roll((down, right), dims=(1, 2))[:, :H, :W]"
_ADD_ATTENTION = "x = x + attended"
_ADD_MLP = "return x + self.mlp(self.norm2(x))"
_FOUR = "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]"
_HALVES = "top, bottom = x[:, 0::2], x[:, 1::2]"

EXERCISES = (
    Exercise(
        id="SwinBlock",
        draw=_draw_block,
        probe=_probe_block,
        mistakes=(
            Mistake(
                "no-roll",
                ((_ROLL, "rolled = padded"), (_BACK, "attended = rolled[:, :H, :W]")),
                "The map is never rolled, so that every block cuts the same windows and nothing crosses their borders.",
                "In a shifted block the map moves before it is cut, and moves back after the windows are put together.",
            ),
            Mistake(
                "roll-down",
                (
                    (_ROLL, _ROLL.replace("-down, -right", "down, right")),
                    (_BACK, _BACK.replace("(down, right)", "(-down, -right)")),
                ),
                "The map is rolled down and right; it moves up and left, and the mask is made for that.",
                "torch.roll moves towards higher indices when the number is positive.",
            ),
            Mistake(
                "not-rolled-back",
                (_BACK, "attended = rolled[:, :H, :W]"),
                "The map is never rolled back: each token is given what another token attended to.",
                "After the windows are put together, undo the roll.",
            ),
            Mistake(
                "rolled-on",
                (_BACK, _BACK.replace("(down, right)", "(-down, -right)")),
                "The map is rolled the same way twice; the second roll must undo the first.",
                "The way back has the opposite signs.",
            ),
            Mistake(
                "axes-exchanged",
                (
                    (_ROLL, _ROLL.replace("-down, -right", "-right, -down")),
                    (_BACK, _BACK.replace("(down, right)", "(right, down)")),
                ),
                "The two shifts are exchanged: the first belongs to the rows (axis 1), the second to the columns (axis 2).",
                "self.shift is (down, right).",
            ),
            Mistake(
                "wrong-dims",
                (
                    (_ROLL, _ROLL.replace("dims=(1, 2)", "dims=(2, 3)")),
                    (_BACK, _BACK.replace("dims=(1, 2)", "dims=(2, 3)")),
                ),
                "The roll moves columns and channels; rows and columns are the axes 1 and 2 of (B, H, W, D).",
                "Name the axes in torch.roll's dims, and count from the batch.",
            ),
            Mistake(
                "no-mask",
                ("self.attn(windows, self.attn_mask)", "self.attn(windows)"),
                "The mask is not handed to the attention: tokens of opposite edges look at each other.",
                "self.attn_mask is None where it is not needed, so it can always be handed over.",
            ),
            Mistake(
                "rolled-before-padding",
                (
                    (
                        _ROLL,
                        "rolled = F.pad(normed.roll((-down, -right), dims=(1, 2)), (0, 0, 0, self.padded[1] - W, 0, self.padded[0] - H))",
                    ),
                    (_BACK, "attended = rolled[:, :H, :W].roll((down, right), dims=(1, 2))"),
                ),
                "The map is rolled first and padded after it (so does timm); then the seam is not where the mask has it.",
                "Roll `padded`, and cut the padding off after the way back.",
            ),
            Mistake(
                "cut-before-rolling-back",
                (_BACK, "attended = rolled[:, :H, :W].roll((down, right), dims=(1, 2))"),
                "The padding is cut off before the roll back; by then it is not at the bottom and the right.",
                "Undo the steps in the opposite order: it was padded first, so it is cut last.",
            ),
            Mistake(
                "padding-kept",
                (_BACK, "attended = rolled.roll((down, right), dims=(1, 2))"),
                "The padding is still there when the attention's result is added: the sizes do not match.",
                "Keep the first H rows and W columns.",
            ),
            Mistake(
                "not-padded",
                (
                    (_ROLL, "rolled = normed.roll((-down, -right), dims=(1, 2))"),
                    ("window_reverse(windows, M, self.padded)", "window_reverse(windows, M, self.grid)"),
                ),
                "The map is cut without its padding, so that the windows do not fit into it.",
                "The given line makes `padded`: roll and cut that.",
            ),
            Mistake(
                "reversed-to-grid",
                ("window_reverse(windows, M, self.padded)", "window_reverse(windows, M, (H, W))"),
                "The windows are put back on a grid of H x W tokens; they were cut from the padded map.",
                "self.padded is the size that window_partition saw.",
            ),
            Mistake(
                "not-flattened",
                (
                    ("window_partition(rolled, M).flatten(1, 2)", "window_partition(rolled, M)"),
                    ("self.attn(windows, self.attn_mask).unflatten(1, (M, M))", "self.attn(windows, self.attn_mask)"),
                ),
                "The attention is given windows of four axes; it takes (B*nW, M², D).",
                "Merge the two axes inside a window before the attention, and split them after it.",
            ),
            Mistake(
                "no-norm1",
                ("padded = F.pad(normed,", "padded = F.pad(x,"),
                "norm1 is not used: attention must see the normalised tokens.",
                "The given lines normalise before they pad. Leave them as they are.",
            ),
            Mistake(
                "residual-of-normed",
                (_ADD_ATTENTION, "x = normed + attended"),
                "Attention's result is added to the normalised tokens; it is added to the tokens as they came in.",
                "The residual stream itself is never normalised.",
            ),
            Mistake(
                "no-attention-residual",
                (_ADD_ATTENTION, "x = attended"),
                "The first residual is missing: attention's result replaces the tokens; it must be added to them.",
                "The tokens go on unchanged, and attention adds what it found.",
            ),
            Mistake(
                "no-mlp-residual",
                (_ADD_MLP, "return self.mlp(self.norm2(x))"),
                "The second residual is missing: the MLP's result replaces the tokens; it must be added to them.",
                "Both branches add to the stream, the MLP too.",
            ),
            Mistake(
                "no-mlp",
                (_ADD_MLP, "return x"),
                "The MLP is missing: a block ends with norm2 and the MLP, added to the tokens.",
                "The second half is the same as in lab 04's Block.",
            ),
            Mistake(
                "no-norm2",
                (_ADD_MLP, "return x + self.mlp(x)"),
                "norm2 is never used: the MLP must see the normalised tokens.",
                "There are two norms, one for each branch.",
            ),
            Mistake(
                "norm1-twice",
                (_ADD_MLP, "return x + self.mlp(self.norm1(x))"),
                "norm1 is used twice; the MLP has a norm of its own, norm2.",
                "Each norm has its own learned scale and shift.",
            ),
        ),
        hints=(
            "Move, cut, attend, put together, move back: every step before the attention has one after it that undoes it. "
            "Then add, and go on as in Block.",
            "padded (B, H', W', D) -> rolled -> windows (B*nW, M, M, D) -> (B*nW, M², D) -> attention -> (B*nW, M, M, D) -> "
            "(B, H', W', D) -> rolled back -> its first H rows and W columns.",
            "padded.roll((-down, -right), dims=(1, 2)); window_partition(…, M).flatten(1, 2); self.attn(…, self.attn_mask); "
            ".unflatten(1, (M, M)); window_reverse(…, M, self.padded); .roll((down, right), dims=(1, 2))[:, :H, :W].",
        ),
    ),
    Exercise(
        id="PatchMerging",
        draw=_draw_merging,
        probe=_probe_merging,
        picture=pictures.merged_order,
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
        ),
        hints=(
            "Four slices of the map, each with every second row and every second column, are the four corners of all squares "
            "at once.",
            "Four times (B, H/2, W/2, D), joined along the last axis -> (B, H/2, W/2, 4*D) -> norm -> reduction -> "
            "(B, H/2, W/2, 2*D).",
            "x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]; torch.cat(…, dim=-1); "
            "self.reduction(self.norm(…)).",
        ),
    ),
)
