"""Lab 06: what the checker feeds to the four measures of attention and positions, and the known mistakes.

The weights that are drawn are rows of a softmax, as a model's are, so that a right answer may rely on it. They are not
symmetric, and the grids are not square.
"""

import torch

from . import pictures
from .base import Exercise
from .maps_attention import MAP_MISTAKES, ROLLOUT_MISTAKES
from .maps_places import DISTANCE_MISTAKES, SIMILARITY_MISTAKES

_WEIGHT_CASES = [dict(B=2, h=3, grid=(2, 4), patch_size=3), dict(B=3, h=2, grid=(5, 2), patch_size=4)]
_ROLLOUT_CASES = [dict(L=3, B=2, h=3, N=6), dict(L=4, B=3, h=2, N=5)]
_POSITION_CASES = [dict(grid=(2, 4), D=5), dict(grid=(5, 3), D=8)]


def _scores(weights):
    """What the weights are the softmax of. Gradients are taken here: the weights cannot leave sum 1, and two right
    formulas (add the identity and scale, or mix half and half) have other derivatives off it."""
    return weights.log().requires_grad_()


def _draw_map(d):
    case = _WEIGHT_CASES[d.index]
    T = 1 + case["grid"][0] * case["grid"][1]
    return dict(weights=d.distribution(case["B"], case["h"], T, T), grid=case["grid"])


def _probe_map(answer, see, weights, grid):
    see("the result", answer(weights, grid))
    see("the result for one image and one head", answer(weights[-1:, :1], grid))
    scores = _scores(weights)
    see.gradient("the scores behind `weights`", answer(scores.softmax(dim=-1), grid), scores)


def _draw_rollout(d):
    case = _ROLLOUT_CASES[d.index]
    T = 1 + case["N"]
    return dict(weights=d.distribution(case["L"], case["B"], case["h"], T, T))


def _probe_rollout(answer, see, weights):
    layers = list(weights)
    see("the result", answer(layers))
    see(
        "whether the caller's list is as it was", len(layers) == len(weights) and all(map(torch.equal, layers, weights))
    )
    see("the result for the first layer alone", answer(list(weights[:1])))
    see("the result for one image and one head", answer(list(weights[:, -1:, :1])))
    scores = _scores(weights)
    see.gradient("the scores behind the weights", answer(list(scores.softmax(dim=-1))), scores)


def _draw_distance(d):
    return _draw_map(d) | dict(patch_size=_WEIGHT_CASES[d.index]["patch_size"])


def _probe_distance(answer, see, weights, grid, patch_size):
    see("the result", answer(weights, grid, patch_size))
    see("the result for patches twice as large", answer(weights, grid, 2 * patch_size))
    see("the result for one image and one head", answer(weights[-1:, :1], grid, patch_size))
    scores = _scores(weights)
    see.gradient("the scores behind `weights`", answer(scores.softmax(dim=-1), grid, patch_size), scores)


def _draw_similarity(d):
    case = _POSITION_CASES[d.index]
    N = case["grid"][0] * case["grid"][1]
    lengths = torch.linspace(0.02, 2, 1 + N, dtype=d.dtype)[None, :, None]  # lengths must not count, so they differ
    return dict(pos_embed=d.normal(1, 1 + N, case["D"]) * lengths, grid=case["grid"])


def _probe_similarity(answer, see, pos_embed, grid):
    see("the result", answer(pos_embed, grid))
    leaf = pos_embed.clone().requires_grad_()
    see.gradient("`pos_embed`", answer(leaf, grid), leaf)


EXERCISES = (
    Exercise(
        id="cls_attention_map",
        draw=_draw_map,
        probe=_probe_map,
        mistakes=MAP_MISTAKES,
        hints=(
            "Row i of the weights says how token i shares its attention out. The class token is token 0, and you want "
            "what it gives to the patches: one row, without what it pays to itself.",
            "weights (B, h, 1+N, 1+N) -> the class token's row on the patches (B, h, N) -> the mean of the heads "
            "(B, N) -> (B, rows, cols).",
            "weights[:, :, 0, 1:].mean(dim=1).reshape(len(weights), *grid).",
        ),
        picture=pictures.cls_map,
    ),
    Exercise(
        id="attention_rollout",
        draw=_draw_rollout,
        probe=_probe_rollout,
        mistakes=ROLLOUT_MISTAKES,
        hints=(
            "A matrix whose rows sum to 1 says what a token is made of. Of two layers, what is the output made of, in "
            "terms of the first layer's input? That is a product of matrices. The residual makes each token half itself.",
            "Each layer: (B, h, T, T) -> the heads' mean (B, T, T) -> half of it plus half the (T, T) identity. The "
            "product keeps (B, T, T); at the end the class token's row on the patches, (B, N).",
            "Start with rollout = torch.eye(T); for each layer, the first one first: "
            "rollout = (0.5 * weights.mean(dim=1) + 0.5 * torch.eye(T)) @ rollout; then rollout[:, 0, 1:].",
        ),
    ),
    Exercise(
        id="mean_attention_distance",
        draw=_draw_distance,
        probe=_probe_distance,
        mistakes=DISTANCE_MISTAKES,
        hints=(
            "For one query patch: the distance to each patch, times the attention it gets, summed. That is a mean only "
            "if the weights sum to 1, and they no longer do when the class token's share is taken away.",
            "Patches among themselves (B, h, N, N), rows scaled to 1; a table of distances (N, N) in pixels; their "
            "product summed over the last axis (B, h, N); the mean over images and queries (h,).",
            "w = weights[:, :, 1:, 1:]; w = w / w.sum(-1, keepdim=True); places[i] = (i // cols, i % cols) * patch_size; "
            "distances = (places[:, None] - places[None]).norm(dim=-1); (w * distances).sum(-1).mean(dim=(0, 2)).",
        ),
    ),
    Exercise(
        id="position_similarity",
        draw=_draw_similarity,
        probe=_probe_similarity,
        mistakes=SIMILARITY_MISTAKES,
        hints=(
            "The cosine of the angle between two vectors is their scalar product when both have length 1. So make the "
            "lengths 1 first; then one matrix product compares all pairs.",
            "pos_embed (1, 1+N, D) -> the patches' vectors (N, D), each of length 1 -> all pairs (N, N) -> "
            "(rows, cols, rows, cols).",
            "v = F.normalize(pos_embed[0, 1:], dim=-1); (v @ v.T).reshape(*grid, *grid).",
        ),
        picture=pictures.similarity_maps,
    ),
)
