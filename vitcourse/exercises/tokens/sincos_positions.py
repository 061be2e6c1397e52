"""Lab 02: what the checker feeds to sincos_positions, and the mistakes that it knows."""

import torch

from ...reference.tokens import sincos_positions
from ..base import Exercise, Mistake

_CASES = [dict(grid=(3, 5), embed_dim=16), dict(grid=(5, 1), embed_dim=12), dict(grid=(1, 7), embed_dim=8)]


def draw(d):
    return dict(_CASES[d.index])


def probe(answer, see, grid, embed_dim):
    axes = "position feature"
    see.twice("the result", answer, grid, embed_dim, axes=axes)
    see("the result for the grid on its side", answer((grid[1], grid[0]), embed_dim), axes=axes)
    see("the result for another grid", answer((grid[1], grid[0] + 2), embed_dim + 4), axes=axes)
    see("whether the result asks for a gradient", bool(answer(grid, embed_dim).requires_grad))
    for wrong in (embed_dim - 2, embed_dim + 1):  # even but no multiple of 4; odd
        see.raises(f"for embed_dim {wrong}", answer, grid, wrong, mentions=(wrong,))


def picture(answer):
    """The whole table, a row a position."""
    return answer((4, 6), 32)


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


EXERCISE = Exercise(
    id="sincos_positions",
    draw=draw,
    probe=probe,
    cases=3,
    picture=picture,
    mistakes=(
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
            "sines-of-both-first",
            (
                "torch.cat([row_half, col_half], dim=1)",
                "torch.cat([half[:, i * bands : (i + 1) * bands] for i in (0, 1) for half in (row_half, col_half)], dim=1)",
            ),
            "The sines of row and column come first, then the cosines of both; the first half is the row's alone, sines and cosines.",
            "Make each half whole, then join the two.",
        ),
        Mistake(
            "rows-only",
            (
                "col_angles = torch.arange(cols)[:, None] * frequencies",
                "col_angles = torch.zeros(cols)[:, None] * frequencies",
            ),
            "The column is never written down: all patches of a row get the same vector.",
            "The second half encodes the column, 0, 1, 2, ….",
        ),
        Mistake(
            "whole-division",
            ("10000.0 ** (-torch.arange(bands) / bands)", "10000.0 ** (-torch.arange(bands) // bands)"),
            "The exponent is divided with //, which gives whole numbers: all frequencies but the first are alike.",
            "Use / here.",
        ),
        Mistake(
            "exponent-from-one",
            ("10000.0 ** (-torch.arange(bands) / bands)", "10000.0 ** (-torch.arange(1, bands + 1) / bands)"),
            "k is counted from 1; it starts at 0, so that the first frequency is 1.",
            "arange(n) starts at 0.",
        ),
        Mistake(
            "exponent-doubled",
            ("10000.0 ** (-torch.arange(bands) / bands)", "10000.0 ** (-2 * torch.arange(bands) / bands)"),
            "The exponent is twice too large: it is k / (D/4), which stays below 1.",
            "Each half has D/4 frequencies, from 1 towards 1/10000.",
        ),
        Mistake(
            "base-e",
            ("10000.0 ** (-torch.arange(bands) / bands)", "torch.exp(-torch.arange(bands) / bands)"),
            "The base of the frequencies is e; it is 10000.",
            "exp(x * log(10000)) is 10000 ** x.",
        ),
        Mistake(
            "base-1000",
            ("10000.0 ** (-torch.arange(bands) / bands)", "1000.0 ** (-torch.arange(bands) / bands)"),
            "The base of the frequencies is 1000; it is 10000.",
            "Count the zeros.",
        ),
        Mistake(
            "frequencies-reversed",
            ("10000.0 ** (-torch.arange(bands) / bands)", "10000.0 ** (-torch.arange(bands) / bands).flip(0)"),
            "The frequencies run from the slowest to the fastest; the first one is 1, the fastest.",
            "w_0 is 1, and every later one is smaller.",
        ),
        Mistake(
            "full-turns",
            ("10000.0 ** (-torch.arange(bands) / bands)", "2 * torch.pi * 10000.0 ** (-torch.arange(bands) / bands)"),
            "The angles are multiplied by 2 pi; they are the position times the frequency, and nothing else.",
            "The angle of position 1 at w_0 is 1.",
        ),
        Mistake(
            "scaled-to-one-at-the-end",
            (
                ("torch.arange(rows)[:, None]", "torch.linspace(0, 1, rows)[:, None]"),
                ("torch.arange(cols)[:, None]", "torch.linspace(0, 1, cols)[:, None]"),
            ),
            "The positions run from 0 to 1; they must be the plain numbers 0, 1, 2 and so on.",
            "One patch to the right is always the same step, whatever the size of the grid.",
        ),
        Mistake(
            "sine-twice",
            (
                (
                    "torch.cat([row_angles.sin(), row_angles.cos()], dim=1)",
                    "torch.cat([row_angles.sin(), row_angles.sin()], dim=1)",
                ),
                (
                    "torch.cat([col_angles.sin(), col_angles.cos()], dim=1)",
                    "torch.cat([col_angles.sin(), col_angles.sin()], dim=1)",
                ),
            ),
            "Both parts of a half are sines; the second one holds the cosines.",
            "A hand of a clock has two coordinates.",
        ),
        Mistake(
            "transposed",
            ("return torch.cat([row_half, col_half], dim=1)", "return torch.cat([row_half, col_half], dim=1).T"),
            "The table is (D, N); it must be (N, D), a row for each position.",
            "Exchange the two axes, or join along the other one.",
        ),
        Mistake(
            "row-half-twice",
            ("torch.cat([row_half, col_half], dim=1)", "torch.cat([row_half, row_half], dim=1)"),
            "Both halves encode the row; the second one must encode the column.",
            "The two halves come from two tables.",
        ),
        Mistake(
            "column-half-twice",
            ("torch.cat([row_half, col_half], dim=1)", "torch.cat([col_half, col_half], dim=1)"),
            "Both halves encode the column; the first one must encode the row.",
            "The two halves come from two tables.",
        ),
        Mistake(
            "cosine-twice",
            (
                (
                    "torch.cat([row_angles.sin(), row_angles.cos()], dim=1)",
                    "torch.cat([row_angles.cos(), row_angles.cos()], dim=1)",
                ),
                (
                    "torch.cat([col_angles.sin(), col_angles.cos()], dim=1)",
                    "torch.cat([col_angles.cos(), col_angles.cos()], dim=1)",
                ),
            ),
            "Both parts of a half are cosines; the first one holds the sines.",
            "A hand of a clock has two coordinates.",
        ),
        Mistake(
            "halves-added",
            ("torch.cat([row_half, col_half], dim=1)", "row_half + col_half"),
            "The halves are added, so that each vector has only D/2 numbers; they stand side by side.",
            "Join them along the last axis.",
        ),
        Mistake(
            "centred",
            (
                ("torch.arange(rows)[:, None]", "(torch.arange(rows) - rows // 2)[:, None]"),
                ("torch.arange(cols)[:, None]", "(torch.arange(cols) - cols // 2)[:, None]"),
            ),
            "Rows and columns are counted from the middle of the grid; they start at 0.",
            "The first patch is at row 0, column 0: all its sines are 0 and all its cosines 1.",
        ),
        Mistake(
            "no-frequencies",
            ("10000.0 ** (-torch.arange(bands) / bands)", "torch.ones(bands)"),
            "All frequencies are 1; they fall from 1 towards 1/10000.",
            "Equal hands tell the same time: all numbers of a half would repeat two values.",
        ),
        Mistake(
            "linear-frequencies",
            ("10000.0 ** (-torch.arange(bands) / bands)", "torch.linspace(1, 1 / 10000, bands)"),
            "The frequencies fall by equal steps; each one is the one before times the same factor.",
            "A power of 10000 with a falling exponent.",
        ),
        Mistake(
            "degrees",
            ("10000.0 ** (-torch.arange(bands) / bands)", "torch.pi / 180 * 10000.0 ** (-torch.arange(bands) / bands)"),
            "The angles are taken for degrees; sin and cos take radians, and the angle is the position times the frequency.",
            "Leave out the factor pi / 180.",
        ),
        Mistake(
            "grid-exchanged",
            ("rows, cols = grid", "cols, rows = grid"),
            "The grid is taken as (cols, rows); it is (rows, cols).",
            "Everywhere in this course rows come before columns.",
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
    ),
    hints=(
        "Write the row's number and the column's number each by D/4 clocks that turn at different speeds, a sine and a "
        "cosine for each, and put the two next to each other. Make the codes of all rows and of all columns once, then copy them to "
        "every patch.",
        "frequencies (D/4,); angles of the rows (rows, D/4) and of the columns (cols, D/4); sines and cosines side by "
        "side (rows, D/2) and (cols, D/2); copied to all patches (N, D/2) each; joined (N, D). Row by row means "
        "that the row's code stays the same for cols patches.",
        "10000.0 ** (-torch.arange(D // 4) / (D // 4)); positions[:, None] * frequencies; torch.cat([sin, cos], dim=1); "
        "repeat_interleave(cols, dim=0) for the rows, repeat(rows, 1) for the columns; torch.cat of both along axis 1.",
    ),
)
