"""Lab 02: what the checker feeds to resample_positions, and the mistakes that it knows."""

import torch
import torch.nn.functional as F

from ..base import Exercise, Mistake
from ..pictures import cut, sample_image

_CASES = [
    dict(D=9, old_grid=(2, 3), new_grid=(4, 5)),
    dict(D=4, old_grid=(5, 1), new_grid=(3, 7)),
    dict(D=1, old_grid=(1, 4), new_grid=(7, 3)),
    dict(D=6, old_grid=(7, 3), new_grid=(1, 4)),
    dict(D=8, old_grid=(3, 5), new_grid=(6, 1)),
]


def draw(d):
    case = _CASES[d.index]
    rows, cols = case["old_grid"]
    return dict(pos_embed=d.normal(1, 1 + rows * cols, case["D"]), old_grid=case["old_grid"], new_grid=case["new_grid"])


def probe(answer, see, pos_embed, old_grid, new_grid):
    axes = "table slot feature"
    see.twice("the result", answer, pos_embed, old_grid, new_grid, axes=axes)
    leaf = pos_embed.clone().requires_grad_()
    see.gradient("`pos_embed`", answer(leaf, old_grid, new_grid), leaf)
    see("the result for a grid that stays the same", answer(pos_embed, old_grid, old_grid), axes=axes)
    see("the result for the grid on its side", answer(pos_embed, old_grid, old_grid[::-1]), axes=axes)
    for dtype in (torch.float16, torch.bfloat16):
        short = str(dtype).removeprefix("torch.")
        result = answer(pos_embed.to(dtype), old_grid, new_grid)
        # Wide, because a resize inside may round to 8 bits at every step or only at the end.
        see(f"the result for {short} positions", result, rtol=0.05, atol=0.05)


def picture(answer):
    """One channel of the patch positions on the new grid."""
    positions = torch.cat([torch.zeros(1, 3), cut(sample_image(4, 6), 1)])[None]
    return answer(positions, (4, 6), (8, 12))[0, 1:].reshape(8, 12, 3)


def _along_the_sequence(pos_embed, old_grid, new_grid):
    """Resize the row of N positions as if it were a line."""
    line = pos_embed[:, 1:].transpose(1, 2)
    line = F.interpolate(line, size=new_grid[0] * new_grid[1], mode="linear", align_corners=False)
    return torch.cat([pos_embed[:, :1], line.transpose(1, 2)], dim=1)


def _nearest_along_the_sequence(pos_embed, old_grid, new_grid):
    """Copy from the row of N positions as if it were a line."""
    line = F.interpolate(pos_embed[:, 1:].transpose(1, 2), size=new_grid[0] * new_grid[1])
    return torch.cat([pos_embed[:, :1], line.transpose(1, 2)], dim=1)


def _as_one_channel(pos_embed, old_grid, new_grid):
    """Resize the table (N, D) as if it were the image."""
    size = (new_grid[0] * new_grid[1], pos_embed.shape[-1])
    image = F.interpolate(pos_embed[:, None, 1:], size=size, mode="bicubic")
    return torch.cat([pos_embed[:, :1], image[:, 0]], dim=1)


_RESIZE = 'size=tuple(new_grid), mode="bicubic", align_corners=False'


EXERCISE = Exercise(
    id="resample_positions",
    draw=draw,
    probe=probe,
    cases=len(_CASES),
    dtype_named=True,
    picture=picture,
    mistakes=(
        Mistake(
            "bilinear",
            (_RESIZE, 'size=tuple(new_grid), mode="bilinear", align_corners=False'),
            "The positions are resized bilinearly; it must be bicubic.",
            "See F.interpolate's argument mode.",
        ),
        Mistake(
            "nearest",
            (_RESIZE, "size=tuple(new_grid)"),
            "The positions are copied from the nearest old one, which is F.interpolate's default; it must be bicubic.",
            "Patches that share one position cannot be told apart. See F.interpolate's argument mode.",
        ),
        Mistake(
            "align-corners",
            (_RESIZE, 'size=tuple(new_grid), mode="bicubic", align_corners=True'),
            "The corners' centres were pinned to each other (align_corners=True); leave it False.",
            "A patch has an area. What must match are the outer edges of the two grids, not the centres of corner patches.",
        ),
        Mistake(
            "antialias",
            (_RESIZE, _RESIZE + ", antialias=True"),
            "It resizes with antialias=True, for which torch uses another cubic curve, also where the grid grows; leave it off.",
            "Both are bicubic, but not the same numbers. F.interpolate's default is what is asked for.",
        ),
        Mistake(
            "old-grid-swapped",
            ("reshape(1, *old_grid, D)", "reshape(1, *old_grid[::-1], D)"),
            "The old positions were laid out with rows and columns exchanged; grid is (rows, cols).",
            "Square grids forgive this; other grids do not. The column changes fastest.",
        ),
        Mistake(
            "new-grid-swapped",
            ("size=tuple(new_grid)", "size=tuple(new_grid)[::-1]"),
            "The new grid was taken as (cols, rows); it is (rows, cols).",
            "F.interpolate's size is (height, width) too.",
        ),
        Mistake(
            "both-grids-swapped",
            (
                ("reshape(1, *old_grid, D)", "reshape(1, *old_grid[::-1], D)"),
                ("size=tuple(new_grid)", "size=tuple(new_grid)[::-1]"),
            ),
            "Both grids were taken as (cols, rows); they are (rows, cols).",
            "Square grids forgive this; other grids do not. The column changes fastest.",
        ),
        Mistake(
            "reshaped-not-permuted",
            ("reshape(1, *old_grid, D).permute(0, 3, 1, 2)", "reshape(1, D, *old_grid)"),
            "A reshape to (1, D, rows, cols) has the right shape but mixes the numbers of different positions.",
            "First (1, rows, cols, D), then move the last axis to the place where an image has its channels.",
        ),
        Mistake(
            "flattened-not-transposed",
            ("image.flatten(2).transpose(1, 2)", "image.reshape(1, -1, D)"),
            "On the way back the channels were not moved behind the grid again: reshape re-cuts the numbers.",
            "Merge the grid's two axes, then exchange two axes.",
        ),
        Mistake(
            "column-order",
            ("image.flatten(2).transpose(1, 2)", "image.transpose(2, 3).flatten(2).transpose(1, 2)"),
            "The new positions run column by column; they must run row by row.",
            "flatten(2) alone already reads the grid row by row.",
        ),
        Mistake(
            "class-slot-lost",
            ("return torch.cat([cls_slot, patch_slots], dim=1)", "return patch_slots"),
            "The class token's slot is gone: there must be 1 + new_rows*new_cols positions.",
            "What you set aside must come back in front.",
        ),
        Mistake(
            "class-slot-last",
            ("torch.cat([cls_slot, patch_slots], dim=1)", "torch.cat([patch_slots, cls_slot], dim=1)"),
            "The class token's slot came back at the end; it must be the first.",
            "The order of the list given to torch.cat is the order of the slots.",
        ),
        Mistake(
            "last-slot-as-class",
            (
                "cls_slot, patch_slots = pos_embed[:, :1], pos_embed[:, 1:]",
                "patch_slots, cls_slot = pos_embed.split((pos_embed.shape[1] - 1, 1), 1)",
            ),
            "The last slot was set aside; the class token's is the first.",
            "Slot 0 is the class token's, and patch i has slot i + 1.",
        ),
        Mistake(
            "class-slot-zeroed",
            (
                "torch.cat([cls_slot, patch_slots], dim=1)",
                "torch.cat([torch.zeros_like(cls_slot), patch_slots], dim=1)",
            ),
            "The class token's slot became zero; it must stay as it was.",
            "That slot was learned like the others. Only its neighbours change.",
        ),
        Mistake(
            "area",
            (_RESIZE, 'size=tuple(new_grid), mode="area"'),
            "The positions are averaged over areas; it must be bicubic.",
            "See F.interpolate's argument mode.",
        ),
        Mistake(
            "cut-off-or-repeated",
            (
                "    cls_slot, patch_slots",
                "    n = new_grid[0] * new_grid[1]\n    return pos_embed[:, [0, *(1 + i % (pos_embed.shape[1] - 1) for i in range(n))]]\n    cls_slot, patch_slots",
            ),
            "The list of positions is cut off or repeated until the number fits; it must be resized as a picture is.",
            "Lay the positions out on the old grid first.",
        ),
        Mistake(
            "class-slot-is-the-mean",
            (
                "torch.cat([cls_slot, patch_slots], dim=1)",
                "torch.cat([patch_slots.mean(1, keepdim=True), patch_slots], dim=1)",
            ),
            "The class token's slot became the mean of the others; it must stay as it was.",
            "What you set aside comes back unchanged.",
        ),
        Mistake(
            "image-returned",
            ("return torch.cat([cls_slot, patch_slots], dim=1)", "return image"),
            "The image (1, D, new rows, new cols) is returned; it must be a list of slots again, the class token's in front.",
            "Merge the grid's two axes, exchange two axes, and put the class slot in front.",
        ),
        Mistake(
            "grid-unchanged",
            (
                "return torch",
                "if old_grid[0] * old_grid[1] == new_grid[0] * new_grid[1]:\n        return pos_embed\n    return torch",
            ),
            "Nothing is done where the number of positions stays: a grid on its side has as many, but other places.",
            "Compare the grids, not the numbers of patches.",
        ),
        Mistake(
            "along-the-sequence",
            _along_the_sequence,
            "The positions were resized as a line of N numbers; they are a grid of rows and columns.",
            "The patch below is cols slots away in the list, but next door in the image. Lay the grid out first.",
        ),
        Mistake(
            "nearest-along-the-sequence",
            _nearest_along_the_sequence,
            "The positions were copied along a line of N numbers; they are a grid of rows and columns.",
            "The patch below is cols slots away in the list, but next door in the image. Lay the grid out first.",
        ),
        Mistake(
            "one-channel",
            _as_one_channel,
            "The table (N, D) was resized as an image of one channel; it must be an image of rows x cols pixels with D channels.",
            "Split N into the old grid, and move D to the place of the channels.",
        ),
        Mistake(
            "old-grid-by-columns",
            ("reshape(1, *old_grid, D).permute(0, 3, 1, 2)", "reshape(1, *old_grid[::-1], D).permute(0, 3, 2, 1)"),
            "The old positions are read column by column; they run row by row.",
            "The column changes fastest.",
        ),
        Mistake(
            "padded-with-zeros",
            (
                "    cls_slot, patch_slots",
                "    n = new_grid[0] * new_grid[1]\n    return F.pad(pos_embed, (0, 0, 0, n + 1 - pos_embed.shape[1]))\n    cls_slot, patch_slots",
            ),
            "The list of positions is filled up with zeros or cut off; it must be resized as a picture is.",
            "Lay the positions out on the old grid first.",
        ),
        Mistake(
            "square-only",
            (
                "    cls_slot, patch_slots",
                "    old_grid = (int((pos_embed.shape[1] - 1) ** 0.5),) * 2\n    cls_slot, patch_slots",
            ),
            "The old grid is taken to be square (the root of N); it is given as (rows, cols).",
            "Six patches can be 2 x 3 or 3 x 2: N alone does not tell. Use old_grid.",
        ),
        Mistake(
            "class-slot-in-the-image",
            ("pos_embed[:, :1], pos_embed[:, 1:]", "pos_embed[:, :1], pos_embed"),
            "The class token's slot was laid out with the patches: there is one number too many for the grid.",
            "Cut the slot off before you make the image.",
        ),
        Mistake(
            "frozen",
            (
                "return torch.cat([cls_slot, patch_slots], dim=1)",
                "return torch.cat([cls_slot, patch_slots], dim=1).detach()",
            ),
            "The result is cut off from the graph: positions that were just resized could not learn on.",
            "No .data, .detach() or no_grad here: who wants none switches gradients off outside.",
        ),
        Mistake(
            "other-dtype",
            ("image = F.interpolate(image,", "image = F.interpolate(image.float(),"),
            "The result is float32, whatever came in; it must have the dtype of pos_embed.",
            "If you compute in float32, cast back at the end with .to(pos_embed.dtype).",
        ),
    ),
    hints=(
        "A table of positions is a small image: rows x cols pixels with D channels. Resize it as you would resize a "
        "photograph. The class token was never in the image, so set its slot aside.",
        "(1, rows*cols, D) -> (1, rows, cols, D) -> (1, D, rows, cols) -> resized (1, D, new_rows, new_cols) -> "
        "(1, D, new_rows*new_cols) -> (1, new_rows*new_cols, D); then the class slot in front again.",
        "pos_embed[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2); F.interpolate(…, size=tuple(new_grid), "
        'mode="bicubic", align_corners=False); .flatten(2).transpose(1, 2); torch.cat([pos_embed[:, :1], …], dim=1).',
    ),
)
