"""Lab 06: what the checker feeds to position_similarity, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake

_CASES = [
    dict(grid=(2, 4), D=5),
    dict(grid=(5, 3), D=8),
    dict(grid=(3, 1), D=7),  # here and below stands what a squeeze() would eat
    dict(grid=(1, 4), D=6),
]


def draw(d):
    case = _CASES[d.index]
    N = case["grid"][0] * case["grid"][1]
    lengths = torch.linspace(0.02, 2, 1 + N, dtype=d.dtype)[None, :, None]  # lengths must not count, so they differ
    return dict(pos_embed=d.normal(1, 1 + N, case["D"]) * lengths, grid=case["grid"])


def probe(answer, see, pos_embed, grid):
    see.twice("the result", answer, pos_embed, grid, axes="row column row-of-the-other column-of-the-other")
    leaf = pos_embed.clone().requires_grad_()
    see.gradient("`pos_embed`", answer(leaf, grid), leaf)


def picture(answer):
    """The maps of all positions of a small grid, laid out as the grid."""
    rows, cols = 4, 6
    y, x = torch.meshgrid(torch.arange(rows) / rows, torch.arange(cols) / cols, indexing="ij")
    waves = torch.stack([f(2 * k * axis) for axis in (y, x) for f in (torch.sin, torch.cos) for k in (0.5, 1, 2)])
    positions = torch.cat([torch.ones(1, 12), waves.flatten(1).T])[None]
    return answer(positions, (rows, cols)).permute(0, 2, 1, 3).reshape(rows * rows, cols * cols)


_COSINES = "cosines = vectors @ vectors.T"
_UNIT = "F.normalize(pos_embed[0, 1:], dim=-1)"


EXERCISE = Exercise(
    id="position_similarity",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "not-scaled",
            (_UNIT, "pos_embed[0, 1:]"),
            "It is the scalar product of the vectors as they are; for the cosine their lengths must be 1.",
            "A long vector would seem to be similar to everything.",
        ),
        Mistake(
            "scaled-once",
            (_COSINES, "cosines = vectors @ pos_embed[0, 1:].T"),
            "Only one of the two vectors is scaled to length 1; the cosine needs both.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "one-length-for-all",
            (_UNIT, "pos_embed[0, 1:] / pos_embed[0, 1:].norm(dim=-1).max()"),
            "All vectors are divided by one number; each must be divided by its own length.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "scaled-along-the-patches",
            (_UNIT, "F.normalize(pos_embed[0, 1:], dim=0)"),
            "The lengths were taken along the patches; each patch's vector, the last axis, must have length 1.",
            "The axes are (patch, number in the vector).",
        ),
        Mistake(
            "sum-for-length",
            (_UNIT, "pos_embed[0, 1:] / pos_embed[0, 1:].abs().sum(dim=-1, keepdim=True)"),
            "The vectors are divided by the sum of their absolute values; the length is the root of the sum of squares.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "squared-length",
            (_UNIT, "pos_embed[0, 1:] / (pos_embed[0, 1:] ** 2).sum(dim=-1, keepdim=True)"),
            "The vectors are divided by the square of their length: the root is missing.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "centred",
            (_UNIT, "F.normalize(pos_embed[0, 1:] - pos_embed[0, 1:].mean(dim=0), dim=-1)"),
            "The mean position is taken off first; the cosine is between the vectors as they are.",
            "It is a sensible measure too, but not the figure of the paper.",
        ),
        Mistake(
            "correlation",
            (_UNIT, "F.normalize(pos_embed[0, 1:] - pos_embed[0, 1:].mean(dim=1, keepdim=True), dim=-1)"),
            "Each vector's own mean is taken off: that is a correlation, not the cosine.",
            "Scale the vectors as they are.",
        ),
        Mistake(
            "euclidean",
            (_COSINES, "cosines = 1 - torch.cdist(vectors, vectors)"),
            "It is a distance between vectors; asked for is the cosine of the angle between them.",
            "The cosine of two vectors of length 1 is their scalar product.",
        ),
        Mistake(
            "absolute",
            (_COSINES, "cosines = (vectors @ vectors.T).abs()"),
            "The sign is lost; two positions that point in opposite directions have cosine -1.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "squared",
            (_COSINES, "cosines = (vectors @ vectors.T) ** 2"),
            "The cosines are squared; they must be as they are, with their sign.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "negative-cut",
            (_COSINES, "cosines = (vectors @ vectors.T).clamp(min=0)"),
            "Negative cosines are cut off at 0; two positions that point in opposite directions have cosine -1.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "no-diagonal",
            (_COSINES, "cosines = vectors @ vectors.T * (1 - torch.eye(len(vectors)).to(vectors))"),
            "A position's similarity to itself is set to 0; it is 1.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "softmax",
            (_COSINES, "cosines = (vectors @ vectors.T).softmax(dim=-1)"),
            "A softmax was taken of the cosines; these are no attention weights.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "softmax-of-everything",
            (_COSINES, "cosines = (vectors @ vectors.T).flatten().softmax(dim=0).reshape(len(vectors), -1)"),
            "A softmax was taken over all pairs; these are no attention weights.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "class-slot-kept",
            ("pos_embed[0, 1:]", "pos_embed[0]"),
            "The class token's slot is still there: it has no place in the grid.",
            "Leave out slot 0 before you compare.",
        ),
        Mistake(
            "last-slot-dropped",
            ("pos_embed[0, 1:]", "pos_embed[0, :-1]"),
            "The last slot is left out; the class token's is the first.",
            "Slot 0 is the class token's, and patch i has slot i + 1.",
        ),
        Mistake(
            "cdist",
            (_COSINES, "cosines = torch.cdist(vectors, vectors)"),
            "It is a distance between vectors; asked for is the cosine of the angle between them.",
            "The cosine of two vectors of length 1 is their scalar product.",
        ),
        Mistake(
            "one-minus",
            (_COSINES, "cosines = 1 - vectors @ vectors.T"),
            "It is one minus the cosine; the cosine itself is asked for.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "angle",
            (_COSINES, "cosines = (vectors @ vectors.T).clamp(-0.999999, 0.999999).arccos()"),
            "It is the angle; its cosine is asked for.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "from-0-to-1",
            (_COSINES, "cosines = (vectors @ vectors.T + 1) / 2"),
            "The cosines are moved to 0 … 1; they must be as they are, from -1 to 1.",
            "Leave the scalar products as they are.",
        ),
        Mistake(
            "divided-by-root-of-width",
            (_COSINES, "cosines = vectors @ vectors.T / vectors.shape[-1] ** 0.5"),
            "The scalar products are divided by the root of the width, as in attention; cosines are not.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "largest-for-length",
            (_UNIT, "F.normalize(pos_embed[0, 1:], p=float('inf'), dim=-1)"),
            "The vectors are divided by their largest value; the length is the root of the sum of squares.",
            "Every position must have similarity 1 with itself.",
        ),
        Mistake(
            "standardised",
            (_UNIT, "F.layer_norm(pos_embed[0, 1:], pos_embed.shape[-1:])"),
            "The vectors are normalised as LayerNorm does, mean 0 and variance 1; they must have length 1 instead.",
            "Scale the vectors as they are.",
        ),
        Mistake(
            "patches-transposed",
            ("cosines = vectors @ vectors.T", "cosines = vectors.T @ vectors"),
            "The product compares the D numbers, not the patches: it is (D, D), and must be (N, N).",
            "Rows times columns: the sum runs over the numbers in a vector.",
        ),
        Mistake(
            "row-order-of-one",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(*grid, *grid[::-1]).transpose(2, 3)"),
            "The second grid is laid out column by column; both are laid out row by row.",
            "Both axes run over the patches in the same order.",
        ),
        Mistake(
            "column-order",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(*grid[::-1], *grid[::-1]).permute(1, 0, 3, 2)"),
            "The patches are laid out column by column; they must be laid out row by row.",
            "Patch 1 stands to the right of patch 0.",
        ),
        Mistake(
            "grid-exchanged",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(*grid[::-1], *grid[::-1])"),
            "Rows and columns of the grid are exchanged; grid is (rows, cols).",
            "Square grids forgive this; other grids do not.",
        ),
        Mistake(
            "axes-paired",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(*grid, *grid).permute(0, 2, 1, 3)"),
            "The axes are (row, row, column, column); they must be (row, column) of one patch, then of the other.",
            "One reshape of the (N, N) table is enough.",
        ),
        Mistake(
            "not-laid-out",
            ("cosines.reshape(*grid, *grid)", "cosines"),
            "It is still a table (N, N); it must be (rows, cols, rows, cols).",
            "Both axes run over the patches row by row, and both become a grid.",
        ),
        Mistake(
            "half-laid-out",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(-1, *grid)"),
            "Only the second axis is a grid; the first must become one too: (rows, cols, rows, cols).",
            "Both axes run over the patches row by row.",
        ),
        Mistake(
            "cut-off",
            ("cosines.reshape(*grid, *grid)", "cosines.reshape(*grid, *grid).detach()"),
            "The result is cut off from the graph: nobody could train with it.",
            "No .data, .detach() or no_grad here: who wants no gradient switches it off outside.",
        ),
    ),
    hints=(
        "The cosine of the angle between two vectors is their scalar product when both have length 1. So make the "
        "lengths 1 first; then one matrix product compares all pairs.",
        "pos_embed (1, 1+N, D) -> the patches' vectors (N, D), each of length 1 -> all pairs (N, N) -> "
        "(rows, cols, rows, cols).",
        "v = F.normalize(pos_embed[0, 1:], dim=-1); (v @ v.T).reshape(*grid, *grid).",
    ),
)
