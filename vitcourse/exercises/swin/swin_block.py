"""Lab 08: what the checker feeds to SwinBlock, and the mistakes that it knows."""

import functools

from ...reference.swin import SwinBlock
from ..base import Exercise, Mistake

# The window divides neither grid; in case 1 one window covers the rows, so that only the columns are shifted.
# D * mlp_ratio is no whole number: rounding up shows in the parameters' shapes.
_CASES = [
    dict(B=6, sizes=dict(embed_dim=14, num_heads=2, grid=(5, 11), window_size=3, shifted=True, mlp_ratio=2.3)),
    dict(B=3, sizes=dict(embed_dim=7, num_heads=7, grid=[4, 17], window_size=4, shifted=True, mlp_ratio=1.7)),
    dict(B=1, sizes=dict(embed_dim=5, num_heads=1, grid=(1, 1), window_size=3, shifted=True, mlp_ratio=1.3)),
]
AXES = "map row column channel"


def draw(d):
    case = _CASES[d.index]
    x = d.normal(case["B"], *case["sizes"]["grid"], case["sizes"]["embed_dim"])
    return dict(x=x, sizes=case["sizes"], state=d.state(_block_of(d.index)))


@functools.cache
def _block_of(index):
    """The reference's block of a case: only its parameters' names and shapes are read, so one is enough."""
    return SwinBlock(**_CASES[index]["sizes"])


def probe(answer, see, x, sizes, state):
    plain = see.build(answer, state, x.dtype, **{**sizes, "shifted": False})
    see("the result of a block that is not shifted", plain(x), axes=AXES)
    block = see.build(answer, state, x.dtype, **sizes)
    see.twice("the result", block, x, axes=AXES)
    see("the result for one map", block(x[:1]), axes=AXES)
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", block(leaf), leaf)
    names = ["attn.proj.weight", "attn.qkv.weight", "mlp.fc1.weight", "norm1.weight"]
    if x[0, ..., 0].numel() > 1:  # the weight of a window's only token is 1, whatever its bias is
        names.append("attn.relative_position_bias_table")
    result = block(x)
    for name in names:
        see.gradient(f"`{name}`", result, block.get_parameter(name))
    see("the names in its state dict", sorted(block.state_dict()))
    if x.shape[1] != x.shape[2]:
        see.raises("for a map of exchanged sides", block, x.transpose(1, 2))
    see.raises("for a map of another size", block, x.repeat(1, 2, 1, 1))
    # the parameters' shapes tell how far the window shrank: see.build compares them
    small = {**sizes, "grid": (2, 3)}
    table = answer(**small).attn.relative_position_bias_table
    see("the shape of the bias table for a grid of 2 x 3 tokens", tuple(table.shape))


_ROLL = "rolled = padded.roll((-down, -right), dims=(1, 2))"
_BACK = "attended = rolled.roll((down, right), dims=(1, 2))[:, :H, :W]"
_ADD_ATTENTION = "x = x + attended"
_ADD_MLP = "return x + self.mlp(self.norm2(x))"


EXERCISE = Exercise(
    id="SwinBlock",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
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
        Mistake(
            "attention-indexed",
            (
                "self.attn(windows, self.attn_mask).unflatten(1, (M, M))",
                "self.attn(windows, self.attn_mask)[0].unflatten(0, (M, M))",
            ),
            "[0] takes the first window alone: here attention returns the windows, not a pair as nn.MultiheadAttention does.",
            "self.attn(…) is the result.",
        ),
        Mistake(
            "attention-unpacked",
            (
                "windows = self.attn(windows, self.attn_mask).unflatten(1, (M, M))",
                "windows, _ = self.attn(windows, self.attn_mask)\n        windows = windows.unflatten(1, (M, M))",
            ),
            "The result is unpacked into two: here attention returns the windows, not a pair as nn.MultiheadAttention does.",
            "self.attn(…) is the result.",
        ),
        Mistake(
            "three-arguments",
            ("self.attn(windows, self.attn_mask)", "self.attn(windows, windows, windows)"),
            "Attention is given queries, keys and values; here it makes them itself from the windows.",
            "self.attn takes the windows and the mask.",
        ),
        Mistake(
            "mlp-residual-of-normed",
            ("return x + self.mlp(self.norm2(x))", "x = self.norm2(x)\n        return x + self.mlp(x)"),
            "The MLP's result is added to the normalised tokens; it is added to the tokens as they were.",
            "The residual stream itself is never normalised.",
        ),
        Mistake(
            "mlp-of-attended",
            ("return x + self.mlp(self.norm2(x))", "return x + self.mlp(self.norm2(attended))"),
            "The MLP sees attention's result alone; it sees the tokens with attention's result added.",
            "The second half begins with the sum.",
        ),
        Mistake(
            "parallel-halves",
            ("x = x + attended", "both = self.mlp(self.norm2(x))\n        return x + attended + both"),
            "Attention and MLP run side by side from the same tokens; here the MLP sees what attention has added.",
            "First one residual, then the other.",
        ),
        Mistake(
            "norm-after-the-mlp",
            ("return x + self.mlp(self.norm2(x))", "return x + self.norm2(self.mlp(x))"),
            "norm2 comes after the MLP; it comes before.",
            "Pre-norm: each branch normalises what it reads.",
        ),
        Mistake(
            "norms-exchanged",
            (
                ("normed = self.norm1(x)", "normed = self.norm2(x)"),
                ("return x + self.mlp(self.norm2(x))", "return x + self.mlp(self.norm1(x))"),
            ),
            "The two norms are exchanged: norm1 is attention's, norm2 the MLP's.",
            "They are numbered in the order of use.",
        ),
        Mistake(
            "normed-twice",
            ("self.attn(windows, self.attn_mask)", "self.attn(self.norm1(windows), self.attn_mask)"),
            "The tokens are normalised twice before attention; the given line does it already.",
            "`padded` is normalised.",
        ),
        Mistake(
            "flat-roll",
            (
                ("padded.roll((-down, -right), dims=(1, 2))", "padded.roll(-down)"),
                ("rolled.roll((down, right), dims=(1, 2))[:, :H, :W]", "rolled.roll(down)[:, :H, :W]"),
            ),
            "The roll runs over the flattened map, all maps and channels included: dims is missing.",
            "Name the two axes in torch.roll's dims.",
        ),
        Mistake(
            "put-back-by-a-reshape",
            ("window_reverse(windows, M, self.padded)", "windows.reshape(B, *self.padded, D)"),
            "The windows are put back by a reshape alone, which smears each over a line of the map.",
            "window_reverse is the inverse of window_partition.",
        ),
        Mistake(
            "cut-at-the-other-end",
            ("[:, :H, :W]", "[:, -H:, -W:]"),
            "The padding is cut off at the top and the left; it was added at the bottom and the right.",
            "The first H rows and W columns stay.",
        ),
        Mistake(
            "attention-twice",
            ("x = x + attended", "x = x + 2 * attended"),
            "Attention's result is added twice.",
            "Once.",
        ),
        Mistake(
            "tokens-twice",
            ("return x + self.mlp(self.norm2(x))", "return x + x + self.mlp(self.norm2(x))"),
            "The tokens are added twice in the second residual.",
            "x plus the MLP's result, no more.",
        ),
        Mistake(
            "mlp-residual-from-the-start",
            (
                ("x = x + attended", "start, x = x, x + attended"),
                ("return x + self.mlp(self.norm2(x))", "return start + self.mlp(self.norm2(x))"),
            ),
            "The MLP's result is added to the tokens that came in: attention's result is lost.",
            "Each residual adds to what the one before it gave.",
        ),
        Mistake(
            "only-rows-rolled-back",
            ("rolled.roll((down, right), dims=(1, 2))", "rolled.roll(down, dims=1)"),
            "Only the rows are rolled back; the columns moved too.",
            "The way back has both shifts, with the opposite signs.",
        ),
        Mistake(
            "mlp-twice",
            (
                "return x + self.mlp(self.norm2(x))",
                "x = x + self.mlp(self.norm2(x))\n        return x + self.mlp(self.norm2(x))",
            ),
            "The MLP runs twice.",
            "One attention, one MLP.",
        ),
        Mistake(
            "attention-subtracted",
            ("x = x + attended", "x = x - attended"),
            "Attention's result is subtracted; it is added.",
            "Plus.",
        ),
        Mistake(
            "mask-as-factor",
            (
                "self.attn(windows, self.attn_mask)",
                "self.attn(windows, None if self.attn_mask is None else self.attn_mask.exp())",
            ),
            "The mask is turned into 1 and 0; attention adds it to the scores as it is, 0 and -inf.",
            "Hand self.attn_mask on.",
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
)
