"""Lab 06: what the checker feeds to mean_attention_distance, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake
from .common import WEIGHT_CASES, draw_map, scores_behind


def draw(d):
    return draw_map(d) | dict(patch_size=WEIGHT_CASES[d.index]["patch_size"])


def probe(answer, see, weights, grid, patch_size):
    see.twice("the result", answer, weights, grid, patch_size, axes="head")
    see("the result for patches twice as large", answer(weights, grid, 2 * patch_size))
    see("the result for one image and one head", answer(weights[-1:, :1], grid, patch_size))
    scores = scores_behind(weights)
    see.gradient("the scores behind `weights`", answer(scores.softmax(dim=-1), grid, patch_size), scores)


_SCALED = "among_patches / among_patches.sum(dim=-1, keepdim=True)"
_AVERAGED = "(among_patches * distances).sum(dim=-1).mean(dim=(0, 2))"
_LENGTH = "(places[:, None] - places[None]).norm(dim=-1)"


def _class_token_in_the_corner(weights, grid, patch_size):
    """The class token counted as a token in the middle of the first patch."""
    number = torch.arange(grid[0] * grid[1])
    places = torch.stack([number // grid[1], number % grid[1]], dim=1).to(weights) * patch_size
    places = torch.cat([places[:1], places])
    return (weights * (places[:, None] - places[None]).norm(dim=-1)).sum(dim=-1).mean(dim=(0, 2))


EXERCISE = Exercise(
    id="mean_attention_distance",
    cases=len(WEIGHT_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
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
            "The columns are scaled to 1, or the weights are transposed; each query's row must sum to 1.",
            "The last axis of the weights runs over the keys.",
        ),
        Mistake(
            "scaled-by-another-row",
            (_SCALED, "among_patches / among_patches.sum(dim=-1)[:, :, None]"),
            "The sums stand along the wrong axis, so that each column is divided by the sum of the row with its number; each row must be divided by its own sum.",
            "keepdim=True leaves the sum where it was taken.",
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
            "half-a-patch",
            (_LENGTH, _LENGTH + " + patch_size / 2"),
            "Half a patch is added to every distance; from centre to centre it cancels out.",
            "A patch's distance to itself is 0.",
        ),
        Mistake(
            "own-patch-left-out",
            (
                _SCALED,
                "(lambda w: w / w.sum(dim=-1, keepdim=True).clamp(min=1e-9))"
                "(among_patches * (1 - torch.eye(rows * cols).to(weights)))",
            ),
            "A patch's attention to itself is left out; it counts too, with distance 0.",
            "Only the class token is left out.",
        ),
        Mistake(
            "most-attended",
            (_AVERAGED, "distances[torch.arange(rows * cols), among_patches.argmax(dim=-1)].mean(dim=(0, 2))"),
            "It is the distance to the patch that gets most; every patch counts, with its weight.",
            "Multiply the weights with the table of distances before you sum.",
        ),
        Mistake(
            "root-of-the-mean",
            (_AVERAGED, "(among_patches * distances**2).sum(dim=-1).sqrt().mean(dim=(0, 2))"),
            "It is the root of the mean square; the mean distance is asked for.",
            "Take the root for each pair of patches, and average then.",
        ),
        Mistake(
            "class-row-only",
            ("weights[:, :, 1:, 1:]", "weights[:, :, :1, 1:]"),
            "It takes the class token's row, which has no place; the patches' rows are asked for.",
            "Leave out row 0 and column 0.",
        ),
        Mistake(
            "summed-over-images",
            (_AVERAGED, "(among_patches * distances).sum(dim=-1).mean(dim=2).sum(dim=0)"),
            "The images' distances are summed; it must be their mean.",
            "A larger batch must not look farther.",
        ),
        Mistake(
            "over-the-diagonal",
            (_LENGTH, _LENGTH + " / (rows**2 + cols**2) ** 0.5"),
            "The distances are divided by the grid's diagonal; they must be in pixels.",
            "Two neighbouring patches' centres are patch_size pixels apart.",
        ),
        Mistake(
            "columns-exchanged",
            ("[number // cols, number % cols]", "[number // rows, number % rows]"),
            "Rows and columns of the grid are exchanged: places are worked out as number // rows and number % rows; it must "
            "be the number of columns.",
            "grid is (rows, cols), and row 1 begins after cols patches. Square grids forgive this.",
        ),
        Mistake(
            "by-patch-number",
            (_LENGTH, "(number[:, None] - number[None]).abs().to(weights) * patch_size"),
            "It measures along the list of patches, |i - j|; it must measure in the image.",
            "The patch below is cols numbers away, but only one patch.",
        ),
        Mistake(
            "rows-only",
            ("[number // cols, number % cols]", "[number // cols, 0 * number]"),
            "Only the rows count in the distance; the columns do too.",
            "A place is a pair: row and column.",
        ),
        Mistake(
            "columns-only",
            ("[number // cols, number % cols]", "[0 * number, number % cols]"),
            "Only the columns count in the distance; the rows do too.",
            "A place is a pair: row and column.",
        ),
        Mistake(
            "to-the-centre",
            (_LENGTH, "(places - places.mean(dim=0)).norm(dim=-1)"),
            "It measures from the middle of the image; a distance is between the patch that asks and the one that is looked at.",
            "The table of distances is (N, N): each patch against each.",
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
            "largest-of-queries",
            (_AVERAGED, "(among_patches * distances).sum(dim=-1).amax(dim=(0, 2))"),
            "It takes the largest of the queries' distances; it must be their mean.",
            "A sum over the keys, then a mean over images and queries.",
        ),
        Mistake(
            "median-of-queries",
            (_AVERAGED, "(among_patches * distances).sum(dim=-1).mean(dim=0).median(dim=-1).values"),
            "It takes the median of the queries' distances; it must be their mean.",
            "A sum over the keys, then a mean over images and queries.",
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
    ),
    hints=(
        "For one query patch: the distance to each patch, times the attention it gets, summed. That is a mean only "
        "if the weights sum to 1, and they no longer do when the class token's share is taken away.",
        "Patches among themselves (B, h, N, N), rows scaled to 1; a table of distances (N, N) in pixels; their "
        "product summed over the last axis (B, h, N); the mean over images and queries (h,).",
        "w = weights[:, :, 1:, 1:]; w = w / w.sum(-1, keepdim=True); places[i] = (i // cols, i % cols) * patch_size; "
        "distances = (places[:, None] - places[None]).norm(dim=-1); (w * distances).sum(-1).mean(dim=(0, 2)).",
    ),
)
