"""Lab 06: what the checker feeds to cls_attention_map, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake
from ..pictures import sample_image
from .common import WEIGHT_CASES, draw_map, scores_behind


def probe(answer, see, weights, grid):
    see.twice("the result", answer, weights, grid, axes="image row column")
    see("the result for one image and one head", answer(weights[-1:, :1], grid))
    scores = scores_behind(weights)
    see.gradient("the scores behind `weights`", answer(scores.softmax(dim=-1), grid), scores)


def picture(answer):
    """The map of weights whose class token looks at the brighter patches more."""
    brightness = sample_image(8, 12).mean(dim=0).flatten()  # a patch for each pixel
    rng = torch.Generator().manual_seed(0)
    weights = torch.rand(1, 2, 97, 97, generator=rng)
    weights[0, :, 0, 1:] = brightness
    return answer(weights / weights.sum(dim=-1, keepdim=True), (8, 12))[0]


_ROW = "weights[:, :, 0, 1:]"
_LAID_OUT = "from_cls.mean(dim=1).reshape(B, *grid)"


def _class_row_of_all(weights, grid):
    """The mean of all tokens' rows: how much attention a patch gets from everybody."""
    return weights[:, :, :, 1:].mean(dim=(1, 2)).reshape(-1, *grid)


def _in_place_map(weights, grid):
    weights[:, :, 0, 0] = 0
    return weights[:, :, 0, 1:].mean(dim=1).reshape(-1, *grid)


EXERCISE = Exercise(
    id="cls_attention_map",
    cases=len(WEIGHT_CASES),
    draw=draw_map,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "column-not-row",
            (_ROW, "weights[:, :, 1:, 0]"),
            "It takes the class token's column, how much each patch looks at the class token; it must be its row.",
            "A row belongs to the token that asks: rows sum to 1, columns do not.",
        ),
        Mistake(
            "class-column-kept",
            (_ROW, "weights[:, :, 0, :-1]"),
            "The map starts with what the class token pays to itself, and the last patch is lost.",
            "Column 0 is the class token's own; the patches are columns 1 to N.",
        ),
        Mistake(
            "rows-of-the-patches",
            (_ROW, "weights[:, :, 1:, 1:].mean(dim=2)"),
            "It averages what all patches look at; only the class token's row is asked for.",
            "The class token is token 0.",
        ),
        Mistake(
            "attention-received",
            (_ROW, "weights[:, :, :, 1:].sum(dim=2)"),
            "It adds up all the attention that each patch gets; only what the class token pays is asked for.",
            "Take one row, that of the class token.",
        ),
        Mistake(
            "row-and-column",
            (_ROW, "(weights[:, :, 0, 1:] + weights[:, :, 1:, 0]) / 2"),
            "It averages the class token's row and its column; only the row is asked for.",
            "A row belongs to the token that asks.",
        ),
        Mistake(
            "head-min",
            ("from_cls.mean(dim=1)", "from_cls.amin(dim=1)"),
            "It takes the smallest of the heads; it must be their mean.",
            "Every head counts alike.",
        ),
        Mistake(
            "head-product",
            ("from_cls.mean(dim=1)", "from_cls.prod(dim=1)"),
            "It multiplies the heads; it must be their mean.",
            "Every head counts alike.",
        ),
        Mistake(
            "last-head",
            ("from_cls.mean(dim=1)", "from_cls[:, -1]"),
            "It is the last head's map; it must be the mean of all heads.",
            "Axis 1 of the weights is the head.",
        ),
        Mistake(
            "summed-over-images",
            (_LAID_OUT, "from_cls.mean(dim=(0, 1)).reshape(1, *grid)"),
            "It averages over the images as well; each image has its own map.",
            "Axis 0 stays, axis 1 goes.",
        ),
        Mistake(
            "heads-and-images-mixed",
            (_LAID_OUT, "from_cls.transpose(0, 1).reshape(B, -1, from_cls.shape[-1]).mean(dim=1).reshape(B, *grid)"),
            "The heads and the images are mixed up by a reshape, so that a map holds heads of several images.",
            "Leave axes 0 and 1 in their places and average over axis 1.",
        ),
        Mistake(
            "smallest-to-largest",
            (
                _LAID_OUT,
                "(lambda m: ((m - m.amin(1, True)) / (m.amax(1, True) - m.amin(1, True)).clamp(min=1e-6)).reshape(B, *grid))"
                "(from_cls.mean(dim=1))",
            ),
            "The map is stretched from 0 to 1; it must hold the weights as they are.",
            "Scaling for the eye is the plot's business.",
        ),
        Mistake(
            "all-columns",
            (_ROW, "weights[:, :, 0]"),
            "The class token's own column is still there: 1+N numbers do not fit a grid of N patches.",
            "Leave out column 0.",
        ),
        Mistake(
            "class-token-last",
            (_ROW, "weights[:, :, -1, :-1]"),
            "The last token is taken for the class token; the class token is token 0.",
            "Lab 02 put it in front of the patches.",
        ),
        Mistake(
            "first-patch-row",
            (_ROW, "weights[:, :, 1, 1:]"),
            "It takes the row of token 1, which is the first patch; the class token is token 0.",
            "Count the tokens from 0.",
        ),
        Mistake(
            "last-row",
            (_ROW, "weights[:, :, -1, 1:]"),
            "It takes the last token's row; the class token is token 0.",
            "Lab 02 put it in front of the patches.",
        ),
        Mistake(
            "mean-of-all-rows",
            _class_row_of_all,
            "It averages the rows of all tokens; only the class token's row is asked for.",
            "The head of the model reads the class token alone, so its row is the one that counts.",
        ),
        Mistake(
            "head-max",
            ("from_cls.mean(dim=1)", "from_cls.amax(dim=1)"),
            "It takes the largest of the heads; it must be their mean.",
            "With the largest, the map's sum would no longer be a share.",
        ),
        Mistake(
            "head-median",
            ("from_cls.mean(dim=1)", "from_cls.median(dim=1).values"),
            "It takes the median of the heads; it must be their mean.",
            "Every head counts alike.",
        ),
        Mistake(
            "head-sum",
            ("from_cls.mean(dim=1)", "from_cls.sum(dim=1)"),
            "It sums over the heads; it must be their mean, so that a map sums to at most 1.",
            "The map of a model with more heads must not be brighter for that.",
        ),
        Mistake(
            "first-head",
            ("from_cls.mean(dim=1)", "from_cls[:, 0]"),
            "It is the first head's map; it must be the mean of all heads.",
            "Axis 1 of the weights is the head.",
        ),
        Mistake(
            "mean-of-the-images",
            (_LAID_OUT, "from_cls.mean(dim=0).reshape(-1, *grid)"),
            "It averages over the images and keeps the heads; each image must have its own map, the mean of its heads.",
            "Axis 0 is the image, axis 1 the head.",
        ),
        Mistake(
            "first-image",
            (_LAID_OUT, "from_cls[:1].mean(dim=1).reshape(1, *grid).repeat(B, 1, 1)"),
            "All images have the first image's map.",
            "Keep axis 0 as it is.",
        ),
        Mistake(
            "heads-kept",
            (_LAID_OUT, "from_cls.reshape(B, -1, *grid)"),
            "The heads are still apart; the map must be their mean.",
            "Axis 1 has to go.",
        ),
        Mistake(
            "scaled-to-one",
            (_LAID_OUT, "(from_cls / from_cls.sum(dim=-1, keepdim=True)).mean(dim=1).reshape(B, *grid)"),
            "Each head's row is scaled to sum to 1; the map must keep the share that falls on patches.",
            "How much the class token pays to itself is a finding too: leave it visible in the sum.",
        ),
        Mistake(
            "map-scaled-to-one",
            (_LAID_OUT, "(from_cls.mean(dim=1) / from_cls.mean(dim=1).sum(dim=-1, keepdim=True)).reshape(B, *grid)"),
            "The map is scaled to sum to 1; it must keep the share that falls on patches.",
            "How much the class token pays to itself is a finding too: leave it visible in the sum.",
        ),
        Mistake(
            "scaled-to-the-maximum",
            (_LAID_OUT, "(from_cls.mean(dim=1) / from_cls.mean(dim=1).amax(dim=-1, keepdim=True)).reshape(B, *grid)"),
            "The map is divided by its largest value; it must hold the weights as they are.",
            "Scaling for the eye is the plot's business.",
        ),
        Mistake(
            "mean-taken-off",
            (_LAID_OUT, "(lambda m: (m - m.mean(dim=1, keepdim=True)).reshape(B, *grid))(from_cls.mean(dim=1))"),
            "The map's mean is taken off; it must hold the weights as they are.",
            "Scaling for the eye is the plot's business.",
        ),
        Mistake(
            "softmax-again",
            ("from_cls.mean(dim=1)", "from_cls.mean(dim=1).softmax(dim=-1)"),
            "A softmax was taken of the weights; they are the result of one already.",
            "What the model returns as weights needs no more softmax.",
        ),
        Mistake(
            "column-order",
            ("reshape(B, *grid)", "reshape(B, *grid[::-1]).transpose(1, 2)"),
            "The patches are laid out column by column; they must be laid out row by row.",
            "Patch 1 stands to the right of patch 0.",
        ),
        Mistake(
            "grid-exchanged",
            ("reshape(B, *grid)", "reshape(B, *grid[::-1])"),
            "Rows and columns of the grid are exchanged; grid is (rows, cols).",
            "Square grids forgive this; other grids do not.",
        ),
        Mistake(
            "not-laid-out",
            ("reshape(B, *grid)", "reshape(B, -1)"),
            "The patches are still a list of N; the map must be (B, rows, cols).",
            "The list runs row by row, so one reshape is enough.",
        ),
        Mistake(
            "in-place",
            _in_place_map,
            "It writes into `weights`; the caller still needs them.",
            "Take a slice without the class token's own weight in place of setting it to zero.",
        ),
        Mistake(
            "cut-off",
            (_LAID_OUT, _LAID_OUT + ".detach()"),
            "The result is cut off from the graph: nobody could train with such a map.",
            "No .data, .detach() or no_grad here: who wants no gradient switches it off outside.",
        ),
    ),
    hints=(
        "Row i of the weights says how token i shares its attention out. The class token is token 0, and you want "
        "what it gives to the patches: one row, without what it pays to itself.",
        "weights (B, h, 1+N, 1+N) -> the class token's row on the patches (B, h, N) -> the mean of the heads "
        "(B, N) -> (B, rows, cols).",
        "weights[:, :, 0, 1:].mean(dim=1).reshape(len(weights), *grid).",
    ),
)
