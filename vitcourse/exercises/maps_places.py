"""Lab 06's known mistakes with distances and with positions (kept apart for length)."""

import torch

from .base import Mistake

_SCALED = "among_patches / among_patches.sum(dim=-1, keepdim=True)"
_AVERAGED = "(among_patches * distances).sum(dim=-1).mean(dim=(0, 2))"
_LENGTH = "(places[:, None] - places[None]).norm(dim=-1)"


def _class_token_in_the_corner(weights, grid, patch_size):
    """The class token counted as a token in the middle of the first patch."""
    number = torch.arange(grid[0] * grid[1])
    places = torch.stack([number // grid[1], number % grid[1]], dim=1).to(weights) * patch_size
    places = torch.cat([places[:1], places])
    return (weights * (places[:, None] - places[None]).norm(dim=-1)).sum(dim=-1).mean(dim=(0, 2))


DISTANCE_MISTAKES = (
    Mistake(
        "rows-not-scaled",
        ("    among_patches = " + _SCALED + "\n", ""),
        "The rows no longer sum to 1 after the class token's column is gone; scale each back to 1.",
        "A head that looks at the class token most of the time would seem to look near.",
    ),
    Mistake(
        "class-token-in-the-corner",
        _class_token_in_the_corner,
        "The class token is counted as if it stood on the first patch; it has no place and must be left out.",
        "Leave out its row and its column, then scale what is left of each row to 1.",
    ),
    Mistake(
        "class-token-kept",
        ("weights[:, :, 1:, 1:]", "weights"),
        "The class token is still among the tokens; it has no place, so leave out its row and its column.",
        "Of (1+N) x (1+N) weights, N x N are between patches.",
    ),
    Mistake(
        "last-token-dropped",
        ("weights[:, :, 1:, 1:]", "weights[:, :, :-1, :-1]"),
        "The last token is left out; the class token is the first.",
        "Lab 02 put the class token in front of the patches.",
    ),
    Mistake(
        "columns-scaled",
        (_SCALED, "among_patches / among_patches.sum(dim=-2, keepdim=True)"),
        "The columns are scaled to 1; each query's row must be.",
        "The last axis of the weights runs over the keys.",
    ),
    Mistake(
        "all-scaled",
        (_SCALED, "among_patches / among_patches.sum(dim=(-2, -1), keepdim=True) * rows * cols"),
        "The weights of a head are scaled all together; each query's row must sum to 1 by itself.",
        "A query that looks at the class token a lot must not count less than the others.",
    ),
    Mistake(
        "softmax-again",
        (_SCALED, "among_patches.softmax(dim=-1)"),
        "A softmax was taken of the weights; divide each row by its sum in place of that.",
        "The weights are positive already; only their sum is not 1 any more.",
    ),
    Mistake(
        "in-patches",
        (".to(weights) * patch_size", ".to(weights)"),
        "The distance is in patches; it must be in pixels.",
        "Two neighbouring patches' centres are patch_size pixels apart.",
    ),
    Mistake(
        "area-for-side",
        (".to(weights) * patch_size", ".to(weights) * patch_size**2"),
        "The distances are multiplied by the patch's area; its side is what lies between two centres.",
        "Two neighbouring patches' centres are patch_size pixels apart.",
    ),
    Mistake(
        "columns-exchanged",
        ("[number // cols, number % cols]", "[number // rows, number % rows]"),
        "Places are worked out as number // rows and number % rows; it must be the number of columns.",
        "Row 1 begins after cols patches. Square grids forgive this.",
    ),
    Mistake(
        "by-patch-number",
        (_LENGTH, "(number[:, None] - number[None]).abs().to(weights) * patch_size"),
        "It measures along the list of patches, |i - j|; it must measure in the image.",
        "The patch below is cols numbers away, but only one patch.",
    ),
    Mistake(
        "city-blocks",
        (_LENGTH, "(places[:, None] - places[None]).abs().sum(dim=-1)"),
        "Rows and columns are added up (as in city blocks); the distance is the straight line.",
        "Pythagoras: the root of the sum of squares.",
    ),
    Mistake(
        "larger-of-two",
        (_LENGTH, "(places[:, None] - places[None]).abs().amax(dim=-1)"),
        "It takes the larger of the two differences; the distance is the straight line.",
        "Pythagoras: the root of the sum of squares.",
    ),
    Mistake(
        "root-forgotten",
        (_LENGTH, "((places[:, None] - places[None]) ** 2).sum(dim=-1)"),
        "The distances are squared: the root is missing.",
        "Pythagoras: the root of the sum of squares.",
    ),
    Mistake(
        "even-weights",
        (_AVERAGED, "(among_patches * 0 + distances).mean(dim=-1).mean(dim=(0, 2))"),
        "All patches count alike; each distance must be weighed by the attention.",
        "Multiply the weights with the table of distances before you sum.",
    ),
    Mistake(
        "keys-averaged",
        (_AVERAGED, "(among_patches * distances).mean(dim=-1).mean(dim=(0, 2))"),
        "It takes the mean over the keys; the weights sum to 1 already, so the weighted mean is a sum.",
        "Dividing by N once more makes every distance N times too small.",
    ),
    Mistake(
        "queries-summed",
        (_AVERAGED, "(among_patches * distances).sum(dim=(-2, -1)).mean(dim=0)"),
        "The distances of all queries are summed; it must be their mean.",
        "A sum over the keys, then a mean over the queries.",
    ),
    Mistake(
        "first-query",
        (_AVERAGED, "(among_patches * distances).sum(dim=-1)[:, :, 0].mean(dim=0)"),
        "It is the first patch's distance; it must be the mean over all query patches.",
        "A patch in the corner has all others far away.",
    ),
    Mistake(
        "first-image",
        (_AVERAGED, "(among_patches * distances).sum(dim=-1)[0].mean(dim=-1)"),
        "It is the first image's distance; it must be the mean over all images.",
        "Axis 0 is the image.",
    ),
    Mistake(
        "one-for-all-heads",
        (_AVERAGED, "(among_patches * distances).sum(dim=-1).mean()"),
        "It is one number for all heads; each head must have its own.",
        "Axis 1 is the head: leave it alone when you average.",
    ),
    Mistake(
        "per-image",
        (_AVERAGED, "(among_patches * distances).sum(dim=-1).mean(dim=2)"),
        "It is a number per image and head; it must be the mean over the images, one number per head.",
        "Average over axis 0 too.",
    ),
    Mistake(
        "mean-of-the-heads",
        (_AVERAGED, "(among_patches * distances).sum(dim=-1).mean(dim=(1, 2))"),
        "It averages over the heads and keeps the images; it must be the other way round.",
        "Axis 0 is the image, axis 1 the head.",
    ),
    Mistake(
        "cut-off",
        (_AVERAGED, _AVERAGED + ".detach()"),
        "The result is cut off from the graph: nobody could train a head to look near.",
        "No .data, .detach() or no_grad here: who wants no gradient switches it off outside.",
    ),
    Mistake(
        "in-place",
        (_SCALED, "among_patches.div_(among_patches.sum(dim=-1, keepdim=True))"),
        "It changes `weights` in place: a slice is a view, so /= or div_ writes into the caller's tensor.",
        "a / b makes a new tensor; a /= b writes into the one that was handed in.",
    ),
)

_COSINES = "cosines = vectors @ vectors.T"
_UNIT = "F.normalize(pos_embed[0, 1:], dim=-1)"

SIMILARITY_MISTAKES = (
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
        "softmax",
        (_COSINES, "cosines = (vectors @ vectors.T).softmax(dim=-1)"),
        "A softmax was taken of the cosines; these are no attention weights.",
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
)
