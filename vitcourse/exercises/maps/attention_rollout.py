"""Lab 06: what the checker feeds to attention_rollout, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake
from .common import scores_behind

_CASES = [
    dict(L=3, B=4, h=5, N=6),
    dict(L=4, B=5, h=3, N=7),
    dict(L=1, B=3, h=4, N=5),  # here and below stands what a squeeze() would eat
    dict(L=3, B=1, h=1, N=4),
    dict(L=4, B=3, h=5, N=1),
]


def draw(d):
    case = _CASES[d.index]
    T = 1 + case["N"]
    return dict(weights=d.distribution(case["L"], case["B"], case["h"], T, T))


def probe(answer, see, weights):
    layers = list(weights)
    see.twice("the result", lambda weights: answer(list(weights)), weights, axes="image patch")
    answer(layers)  # the list itself
    see(
        "whether the caller's list is as it was", len(layers) == len(weights) and all(map(torch.equal, layers, weights))
    )
    see("the result for the first layer alone", answer(list(weights[:1])))
    see("the result for one image and one head", answer(list(weights[:, -1:, :1])))
    see("the result for the layers backwards", answer(list(weights.flip(0))))
    scores = scores_behind(weights)
    see.gradient("the scores behind the weights", answer(list(scores.softmax(dim=-1))), scores)


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


EXERCISE = Exercise(
    id="attention_rollout",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
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
            "rollout-for-identity",
            (_MIX, "(0.5 * attention + 0.5 * rollout) @ rollout"),
            "The product so far is mixed in where the identity belongs.",
            "In each layer a token is half itself: that is the identity, in every layer anew.",
        ),
        Mistake(
            "residual-not-multiplied",
            (_MIX, "0.5 * (attention @ rollout) + 0.5 * identity"),
            "The identity is added after the product; half of what a token was before the layer must stay, not half of what "
            "it was at the start.",
            "Mix first, multiply then.",
        ),
        Mistake(
            "transposed",
            (_MIX, "(0.5 * attention + 0.5 * identity).transpose(1, 2) @ rollout"),
            "The matrices are transposed; a row is what a token is made of, so that they are multiplied as they are.",
            "Rows sum to 1, and so must the product's rows.",
        ),
        Mistake(
            "softmax-again",
            ("weights.mean(dim=1)", "weights.mean(dim=1).softmax(dim=-1)"),
            "A softmax was taken of the weights; they are the result of one already.",
            "What the model returns as weights needs no more softmax.",
        ),
        Mistake(
            "head-sum",
            ("weights.mean(dim=1)", "weights.sum(dim=1)"),
            "It sums over the heads; it must be their mean.",
            "The rows of the mixture must sum to 1.",
        ),
        Mistake(
            "head-min",
            ("weights.mean(dim=1)", "weights.amin(dim=1)"),
            "It takes the smallest of the heads; it must be their mean.",
            "With the smallest the rows no longer sum to 1. It is used too, but it is not what is asked for.",
        ),
        Mistake(
            "first-layer-skipped",
            ("for weights in weights_per_layer:", "for weights in weights_per_layer[1:]:"),
            "The first layer is left out.",
            "Start from the identity and take every layer.",
        ),
        Mistake(
            "last-layer-skipped",
            ("for weights in weights_per_layer:", "for weights in weights_per_layer[:-1]:"),
            "The last layer is left out.",
            "Every layer is in the product.",
        ),
        Mistake(
            "sum-of-layers",
            (_MIX, "(0.5 * attention + 0.5 * identity) + rollout"),
            "The layers are added; they must be multiplied, for each reads what the one before has made.",
            "Start from the identity and multiply one layer after the other.",
        ),
        Mistake(
            "mixed-unevenly",
            (_MIX, "(0.9 * attention + 0.1 * identity) @ rollout"),
            "Attention and identity are mixed with 0.9 and 0.1; a token is half what it attends to and half itself.",
            "Both halves count alike.",
        ),
        Mistake(
            "residual-left-out-halved",
            (_MIX, "0.5 * attention @ rollout"),
            "Attention is halved, but the other half, the identity, is missing.",
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
            "last-row",
            ("rollout[:, 0, 1:]", "rollout[:, -1, 1:]"),
            "It takes the last token's row; the class token is token 0.",
            "Lab 02 put it in front of the patches.",
        ),
        Mistake(
            "mean-of-rows",
            ("rollout[:, 0, 1:]", "rollout.mean(dim=1)[:, 1:]"),
            "It averages the rows of all tokens; only the class token's row is asked for.",
            "The head reads the class token alone.",
        ),
        Mistake(
            "raw-last-layer",
            ("rollout[:, 0, 1:]", "weights_per_layer[-1].mean(dim=1)[:, 0, 1:]"),
            "It is the last layer's own attention; the product of all layers is asked for.",
            "Read the result from the product.",
        ),
        Mistake(
            "last-head",
            ("weights.mean(dim=1)", "weights[:, -1]"),
            "It follows the last head alone; it must be the mean of all heads.",
            "Axis 1 of the weights is the head.",
        ),
        Mistake(
            "mean-of-images",
            ("weights.mean(dim=1)", "weights.mean(dim=(0, 1)).expand(B, T, T)"),
            "The images are averaged too; each image has its own rollout.",
            "Axis 0 stays, axis 1 goes.",
        ),
        Mistake(
            "reversed-without-residual",
            (_MIX, "rollout @ attention"),
            "The residual is missing, and the product runs the wrong way: the first layer must stand on the right.",
            "Mix each layer's matrix with the identity; later layers come from the left.",
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
    ),
    hints=(
        "A matrix whose rows sum to 1 says what a token is made of. Of two layers, what is the output made of, in "
        "terms of the first layer's input? That is a product of matrices. The residual makes each token half itself.",
        "Each layer: (B, h, T, T) -> the heads' mean (B, T, T) -> half of it plus half the (T, T) identity. The "
        "product keeps (B, T, T); at the end the class token's row on the patches, (B, N).",
        "Start with rollout = torch.eye(T); for each layer, the first one first: "
        "rollout = (0.5 * weights.mean(dim=1) + 0.5 * torch.eye(T)) @ rollout; then rollout[:, 0, 1:].",
    ),
)
