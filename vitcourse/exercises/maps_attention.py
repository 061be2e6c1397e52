"""Lab 06's known mistakes with the class token's map and with rollout (kept apart for length)."""

import torch

from .base import Mistake

_ROW = "weights[:, :, 0, 1:]"
_LAID_OUT = "from_cls.mean(dim=1).reshape(B, *grid)"


def _class_row_of_all(weights, grid):
    """The mean of all tokens' rows: how much attention a patch gets from everybody."""
    return weights[:, :, :, 1:].mean(dim=(1, 2)).reshape(-1, *grid)


def _in_place_map(weights, grid):
    weights[:, :, 0, 0] = 0
    return weights[:, :, 0, 1:].mean(dim=1).reshape(-1, *grid)


MAP_MISTAKES = (
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
)

_MIX = "(0.5 * attention + 0.5 * identity) @ rollout"


def _mean_of_layers(weights_per_layer):
    """Layers averaged in place of multiplied."""
    mixed = [0.5 * w.mean(dim=1) + 0.5 * torch.eye(w.shape[-1]).to(w) for w in weights_per_layer]
    return torch.stack(mixed).mean(dim=0)[:, 0, 1:]


def _heads_apart(weights_per_layer):
    """Each head followed for itself, the mean at the end."""
    product = torch.eye(weights_per_layer[0].shape[-1]).to(weights_per_layer[0])
    for w in weights_per_layer:
        product = (0.5 * w + 0.5 * torch.eye(w.shape[-1]).to(w)) @ product
    return product.mean(dim=1)[:, 0, 1:]


def _reversed_list(weights_per_layer):
    """Right, and it turns the caller's list round on the way."""
    weights_per_layer.reverse()
    T = weights_per_layer[0].shape[-1]
    product = torch.eye(T).to(weights_per_layer[0])
    for w in weights_per_layer:
        product = product @ (0.5 * w.mean(dim=1) + 0.5 * torch.eye(T).to(w))
    return product[:, 0, 1:]


def _in_place_rollout(weights_per_layer):
    T = weights_per_layer[0].shape[-1]
    product = torch.eye(T).to(weights_per_layer[0])
    for w in weights_per_layer:
        w += torch.eye(T).to(w)
        product = (w / 2).mean(dim=1) @ product
    return product[:, 0, 1:]


def _one_residual(weights_per_layer):
    """The plain product of the layers, and the identity mixed in once at the end."""
    T = weights_per_layer[0].shape[-1]
    product = torch.eye(T).to(weights_per_layer[0])
    for w in weights_per_layer:
        product = w.mean(dim=1) @ product
    return (0.5 * product + 0.5 * torch.eye(T).to(product))[:, 0, 1:]


ROLLOUT_MISTAKES = (
    Mistake(
        "order-reversed",
        (_MIX, "rollout @ (0.5 * attention + 0.5 * identity)"),
        "The product runs the wrong way: the first layer must stand on the right, the last on the left.",
        "The last layer's class token asks first; its row must be multiplied with the layer before, and so on down.",
    ),
    Mistake(
        "no-residual",
        (_MIX, "attention @ rollout"),
        "The residual is missing: in each layer a token is half itself.",
        "Mix each layer's matrix with the identity before you multiply.",
    ),
    Mistake(
        "not-halved",
        (_MIX, "(attention + identity) @ rollout"),
        "The identity is added, but the sum is not halved: the rows sum to 2, after two layers to 4.",
        "Half attention, half identity; then the rows sum to 1 as before.",
    ),
    Mistake(
        "attention-not-halved",
        (_MIX, "(attention + 0.5 * identity) @ rollout"),
        "Only the identity is halved; a token is half what it attends to and half itself.",
        "The rows of the mixture must sum to 1.",
    ),
    Mistake(
        "identity-not-halved",
        (_MIX, "(0.5 * attention + identity) @ rollout"),
        "Only the attention is halved; a token is half what it attends to and half itself.",
        "The rows of the mixture must sum to 1.",
    ),
    Mistake(
        "one-residual",
        _one_residual,
        "The identity is mixed in once, at the end; every layer has its residual.",
        "Mix first, multiply then, layer by layer.",
    ),
    Mistake(
        "ones-for-identity",
        ("torch.eye(T).to(weights_per_layer[0])", "torch.ones(T, T).to(weights_per_layer[0])"),
        "The residual is a matrix of ones; it must be the identity: a token is itself, not the sum of all.",
        "torch.eye makes the identity.",
    ),
    Mistake(
        "elementwise",
        (_MIX, "(0.5 * attention + 0.5 * identity) * rollout"),
        "The layers are multiplied element by element; it must be the product of matrices.",
        "* multiplies entries, @ multiplies matrices.",
    ),
    Mistake(
        "mean-of-layers",
        _mean_of_layers,
        "The layers are averaged; they must be multiplied, for each reads what the one before has made.",
        "Start from the identity and multiply one layer after the other.",
    ),
    Mistake(
        "last-layer-only",
        (_MIX, "0.5 * attention + 0.5 * identity"),
        "Only the last layer is left: each round replaces the product in place of extending it.",
        "The product so far must be on the right side of the assignment too.",
    ),
    Mistake(
        "first-layer-twice",
        ("rollout = identity.expand(B, T, T)", "rollout = 0.5 * weights_per_layer[0].mean(dim=1) + 0.5 * identity"),
        "The first layer is in the product twice: as the start, and again in the loop.",
        "Start from the identity, or let the loop begin with the second layer.",
    ),
    Mistake(
        "head-max",
        ("weights.mean(dim=1)", "weights.amax(dim=1)"),
        "It takes the largest of the heads; it must be their mean.",
        "With the largest the rows no longer sum to 1. It is used too, but it is not what is asked for.",
    ),
    Mistake(
        "first-head",
        ("weights.mean(dim=1)", "weights[:, 0]"),
        "It follows the first head alone; it must be the mean of all heads.",
        "Axis 1 of the weights is the head.",
    ),
    Mistake(
        "heads-apart",
        _heads_apart,
        "Each head is followed for itself through all layers; the heads must be averaged in each layer.",
        "A head does not read the same head of the layer before: after attention, proj mixes them all.",
    ),
    Mistake(
        "first-image",
        ("weights.mean(dim=1)", "weights[:1].mean(dim=1)"),
        "All images have the first image's rollout.",
        "Keep axis 0 as it is.",
    ),
    Mistake(
        "column-not-row",
        ("rollout[:, 0, 1:]", "rollout[:, 1:, 0]"),
        "It takes the class token's column, how much of it is in each patch; it must be its row.",
        "A row says what a token is made of.",
    ),
    Mistake(
        "class-column-kept",
        ("rollout[:, 0, 1:]", "rollout[:, 0]"),
        "The class token's own share is still there: the result must be (B, N), patches only.",
        "Leave out column 0.",
    ),
    Mistake(
        "last-patch-lost",
        ("rollout[:, 0, 1:]", "rollout[:, 0, :-1]"),
        "The class token's own share comes first and the last patch is lost.",
        "Column 0 is the class token's own; the patches are columns 1 to N.",
    ),
    Mistake(
        "all-rows",
        ("rollout[:, 0, 1:]", "rollout[:, 1:, 1:].mean(dim=1)"),
        "It averages what all patches are made of; only the class token's row is asked for.",
        "The head reads the class token alone.",
    ),
    Mistake(
        "scaled-to-one",
        ("rollout[:, 0, 1:]", "rollout[:, 0, 1:] / rollout[:, 0, 1:].sum(dim=-1, keepdim=True)"),
        "The row is scaled to sum to 1 over the patches; it must be the product's row as it is.",
        "What is missing to 1 is how much of the class token has stayed itself.",
    ),
    Mistake(
        "list-turned-round",
        _reversed_list,
        "It turns the caller's list round (reverse, pop or sort change the list itself).",
        "reversed(…) gives the layers backwards and leaves the list alone.",
    ),
    Mistake(
        "in-place",
        _in_place_rollout,
        "It writes into the layers' weights (with += or an assignment to a slice); the caller still needs them.",
        "a + b makes a new tensor; a += b writes into the one that was handed in.",
    ),
    Mistake(
        "cut-off",
        ("rollout[:, 0, 1:]", "rollout[:, 0, 1:].detach()"),
        "The result is cut off from the graph: nobody could train with such a map.",
        "No .data, .detach() or no_grad here: who wants no gradient switches it off outside.",
    ),
)
