"""Lab 02's known mistakes with position tables: sine-cosine and resampled (kept apart for length)."""

import torch
import torch.nn.functional as F

from ..reference.tokens import sincos_positions
from .base import Mistake


def _by_patch_number(grid, embed_dim):
    """The one-dimensional table of 2017, over the patch's number."""
    rows, cols = grid
    if embed_dim % 4:
        raise ValueError(f"embed_dim must be a multiple of 4, got {embed_dim}")
    half = embed_dim // 2
    angles = torch.arange(rows * cols)[:, None] * 10000.0 ** (-torch.arange(half) / half)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _sum_of_two(grid, embed_dim):
    """A row code and a column code of length D each, added."""
    rows, cols = grid
    if embed_dim % 4:
        raise ValueError(f"embed_dim must be a multiple of 4, got {embed_dim}")
    half = embed_dim // 2
    frequencies = 10000.0 ** (-torch.arange(half) / half)
    row_angles, col_angles = (torch.arange(n)[:, None] * frequencies for n in (rows, cols))
    row_code = torch.cat([row_angles.sin(), row_angles.cos()], dim=1).repeat_interleave(cols, dim=0)
    return row_code + torch.cat([col_angles.sin(), col_angles.cos()], dim=1).repeat(rows, 1)


def _no_size_check(grid, embed_dim):
    """Without the given test: a length that 4 does not divide is cut in silence."""
    return sincos_positions(grid, embed_dim - embed_dim % 4)


SINCOS_MISTAKES = (
    Mistake(
        "column-order",
        (
            ("row_half.repeat_interleave(cols, dim=0)", "row_half.repeat(cols, 1)"),
            ("col_half.repeat(rows, 1)", "col_half.repeat_interleave(rows, dim=0)"),
        ),
        "The table runs column by column; it must run row by row, as the patches do.",
        "For the first cols entries the row is 0 and the column counts 0, 1, 2, …",
    ),
    Mistake(
        "both-repeated-alike",
        ("row_half.repeat_interleave(cols, dim=0)", "row_half.repeat(cols, 1)"),
        "Row codes and column codes are repeated in the same way, so that their pairs do not walk the grid.",
        "One of the two must change slowly: each row's vector comes cols times in succession.",
    ),
    Mistake(
        "both-interleaved",
        ("col_half.repeat(rows, 1)", "col_half.repeat_interleave(rows, dim=0)"),
        "Row codes and column codes are repeated in the same way, so that their pairs do not walk the grid.",
        "One of the two must change quickly: all columns in order, and again for each row.",
    ),
    Mistake(
        "column-half-first",
        ("torch.cat([row_half, col_half], dim=1)", "torch.cat([col_half, row_half], dim=1)"),
        "The halves are exchanged: the first half of each vector encodes the row, the second the column.",
        "Everywhere in this course rows come before columns.",
    ),
    Mistake(
        "interleaved",
        (
            ("torch.cat([row_angles.sin(), row_angles.cos()], dim=1)", "_mix(row_angles)"),
            ("torch.cat([col_angles.sin(), col_angles.cos()], dim=1)", "_mix(col_angles)"),
            (
                "    rows, cols = grid\n",
                "    rows, cols = grid\n\n    def _mix(a):\n        return torch.stack([a.sin(), a.cos()], dim=2).flatten(1)\n\n",
            ),
        ),
        "Sines and cosines alternate; all sines of a half come first, then all its cosines.",
        "The 2017 formula alternates, MoCo v3 and MAE do not. Join two blocks.",
    ),
    Mistake(
        "cosine-first",
        (
            ("[row_angles.sin(), row_angles.cos()]", "[row_angles.cos(), row_angles.sin()]"),
            ("[col_angles.sin(), col_angles.cos()]", "[col_angles.cos(), col_angles.sin()]"),
        ),
        "The cosines come before the sines; it is sines first.",
        "At row 0 a half begins with zeros (sin 0), and ends with ones (cos 0).",
    ),
    Mistake(
        "exponent-over-half",
        ("-torch.arange(bands) / bands", "-torch.arange(bands) / (2 * bands)"),
        "The exponent is divided by D/2, as for a one-dimensional table; in two dimensions it is k / (D/4).",
        "Each half has D/4 frequencies, and they spread over the whole range from 1 towards 1/10000.",
    ),
    Mistake(
        "exponent-over-all",
        ("-torch.arange(bands) / bands", "-torch.arange(bands) / embed_dim"),
        "The exponent is divided by D; it is k / (D/4).",
        "Each half has D/4 frequencies, and they spread over the whole range from 1 towards 1/10000.",
    ),
    Mistake(
        "exponent-to-the-end",
        ("-torch.arange(bands) / bands", "-torch.arange(bands) / (bands - 1)"),
        "The exponent reaches 1, because k is divided by D/4 - 1; it is k / (D/4), which stops short of it.",
        "Divide by the number of frequencies, not by the number of the last one.",
    ),
    Mistake(
        "positive-exponent",
        ("(-torch.arange(bands) / bands)", "(torch.arange(bands) / bands)"),
        "The frequencies grow up to 10000; they must fall: the exponent is negative.",
        "w_0 is 1, and every later one is smaller.",
    ),
    Mistake(
        "counts-from-one",
        (
            ("torch.arange(rows)[:, None]", "torch.arange(1, rows + 1)[:, None]"),
            ("torch.arange(cols)[:, None]", "torch.arange(1, cols + 1)[:, None]"),
        ),
        "Rows and columns are counted from 1; they start at 0.",
        "The first patch is at row 0, column 0: all its sines are 0 and all its cosines 1.",
    ),
    Mistake(
        "scaled-to-one",
        (
            ("torch.arange(rows)[:, None]", "torch.arange(rows)[:, None] / rows"),
            ("torch.arange(cols)[:, None]", "torch.arange(cols)[:, None] / cols"),
        ),
        "The positions are scaled to run from 0 to 1; they must be the plain numbers 0, 1, 2 and so on.",
        "One patch to the right is always the same step, whatever the size of the grid.",
    ),
    Mistake(
        "one-dimensional",
        _by_patch_number,
        "The table encodes the patch's number 0 … N-1; it must encode row and column apart.",
        "A patch's neighbour below is cols numbers away, but only one row. Give each its half of the vector.",
    ),
    Mistake(
        "added-not-joined",
        _sum_of_two,
        "Row and column are both spread over all D numbers and added; each must have its own half.",
        "Make codes of length D/2 and join them along the last axis.",
    ),
    Mistake(
        "batch-axis",
        ("return torch.cat([row_half, col_half], dim=1)", "return torch.cat([row_half, col_half], dim=1)[None]"),
        "The table has a batch axis in front; it must be (N, D).",
        "Who uses the table adds the axis when it is needed.",
    ),
    Mistake(
        "class-slot",
        (
            "return torch.cat([row_half, col_half], dim=1)",
            "return F.pad(torch.cat([row_half, col_half], dim=1), (0, 0, 1, 0))",
        ),
        "The table has a slot for the class token; it must hold the N patches alone.",
        "The class token has no place in the image, and so no row in this table.",
    ),
    Mistake(
        "not-flattened",
        (
            "return torch.cat([row_half, col_half], dim=1)",
            "return torch.cat([row_half, col_half], dim=1).unflatten(0, (rows, cols))",
        ),
        "The table is a grid (rows, cols, D); it must be a list of N = rows*cols vectors, row by row.",
        "Merge the first two axes.",
    ),
    Mistake(
        "learnable",
        (
            "return torch.cat([row_half, col_half], dim=1)",
            "return torch.cat([row_half, col_half], dim=1).requires_grad_()",
        ),
        "The table asks for a gradient; it is a fixed table of numbers.",
        "Return a plain tensor. Who wants to train it can put it into an nn.Parameter.",
    ),
    Mistake(
        "no-size-check",
        _no_size_check,
        "When 4 does not divide embed_dim there must be a ValueError that names it.",
        "Keep the test that the cell came with.",
    ),
)


def _along_the_sequence(pos_embed, old_grid, new_grid):
    """Resize the row of N positions as if it were a line."""
    line = pos_embed[:, 1:].transpose(1, 2)
    line = F.interpolate(line, size=new_grid[0] * new_grid[1], mode="linear", align_corners=False)
    return torch.cat([pos_embed[:, :1], line.transpose(1, 2)], dim=1)


_RESIZE = 'size=tuple(new_grid), mode="bicubic", align_corners=False'

RESAMPLE_MISTAKES = (
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
        ("torch.cat([cls_slot, patch_slots], dim=1)", "torch.cat([torch.zeros_like(cls_slot), patch_slots], dim=1)"),
        "The class token's slot became zero; it must stay as it was.",
        "That slot was learned like the others. Only its neighbours change.",
    ),
    Mistake(
        "along-the-sequence",
        _along_the_sequence,
        "The positions were resized as a line of N numbers; they are a grid of rows and columns.",
        "The patch below is cols slots away in the list, but next door in the image. Lay the grid out first.",
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
)
