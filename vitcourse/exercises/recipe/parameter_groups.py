"""Lab 05: what the checker feeds to parameter_groups, and the mistakes that it knows."""

import torch
from torch import nn

from ...reference import recipe as reference
from ..base import Exercise, Mistake


class _Tokens(nn.Module):
    def __init__(self, d, width):
        super().__init__()
        self.cls_token = nn.Parameter(d.normal(1, 1, width))
        self.pos_embed = nn.Parameter(d.normal(1, 5, width))


class _Zoo(nn.Module):
    """One parameter of every kind, under the names that models give them; `frozen` has no gradient."""

    def __init__(self, d):
        super().__init__()
        width = d.integer(4, 9)
        self.proj = nn.Conv2d((3, 1)[d.index], width, (2, 3), bias=d.index == 0)
        self.tokens = _Tokens(d, width)
        self.dist_token = nn.Parameter(d.normal(1, 1, width))
        if d.index == 0:
            self.norm1, self.bn = nn.LayerNorm(width), nn.BatchNorm1d(width)
        else:
            self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.LayerNorm(width))
        self.token_mixer = nn.Linear(width, 3)
        self.frozen = nn.Linear(width, 2).requires_grad_(False)
        self.head = nn.Linear(width, (11, 1)[d.index])  # with one class the matrix has one row
        self.to(d.dtype)


def draw(d):
    return dict(model=_Zoo(d), weight_decay=d.uniform(0.06, 0.3))


def probe(answer, see, model, weight_decay):
    before = [(parameter.clone(), parameter.requires_grad) for parameter in model.parameters()]
    groups = answer(model, weight_decay)
    see("the type of the result", _kind(groups))
    see("the number of groups", len(groups))
    see("`weight_decay` of the first group", groups[0].get("weight_decay"))
    see("`weight_decay` of the second group", groups[1].get("weight_decay"))
    right = reference.parameter_groups(model, weight_decay)
    see("the sorting of the parameters", _misplaced(model, groups, right))
    again = answer(model, weight_decay)
    see("the sorting of the parameters in a second call", _misplaced(model, again, right))
    now = zip(model.parameters(), before, strict=True)
    same = all(torch.equal(new, old) and new.requires_grad == needed for new, (old, needed) in now)
    see("whether the model is as it was", same)


def _kind(groups):
    if not isinstance(groups, list | tuple):
        return "None" if groups is None else type(groups).__name__
    right = all(isinstance(group, dict) and isinstance(group.get("params"), list | tuple) for group in groups)
    return "a list of dicts, each with a list of params" if right else "a list of other things"


def _misplaced(model, groups, right_groups):
    """In words, which parameters are not in the group where they belong."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = _places(groups, names)
    right = _places(right_groups, names)
    says = {
        (): "is in no group",
        (0,): "decays",
        (1,): "does not decay",
        (0, 1): "is in both groups",
    }
    wrong = [
        f"{name} {says.get(tuple(found[name]), 'is there twice')}" for name in found if found[name] != right.get(name)
    ]
    return ", ".join(wrong) or "every parameter is in its group"


def _places(groups, names):
    places = {name: [] for name in names.values()}
    for place, group in enumerate(groups):
        for parameter in group["params"]:
            places.setdefault(
                names.get(id(parameter), f"a {type(parameter).__name__} that is no parameter"), []
            ).append(place)
    return places


_SORT = "parameter.ndim <= 1 or is_token"


EXERCISE = Exercise(
    id="parameter_groups",
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "tokens-and-positions-decay",
            ("parameter.ndim <= 1 or is_token", "parameter.ndim <= 1"),
            "The class token and the positions decay: they have three axes, so counting axes does not find them.",
            "These two kinds of parameter you know by their names.",
        ),
        Mistake(
            "only-the-class-token",
            ('name.endswith("_token")', 'name.endswith("cls_token")'),
            "The class token is found, but not the other kinds of token: `dist_token` decays.",
            "Every name that ends in `_token` belongs to the second group.",
        ),
        Mistake(
            "positions-decay",
            (' or name.endswith("pos_embed")', ""),
            "The positions `pos_embed` decay: a position pulled towards zero forgets where it is.",
            "They need a test of their own: their name does not end in `_token`.",
        ),
        Mistake(
            "full-name-compared",
            (
                'name.endswith("_token") or name.endswith("pos_embed")',
                'name in ("cls_token", "dist_token", "pos_embed")',
            ),
            "The names are compared as a whole, but inside a model they carry a path: `tokens.cls_token`.",
            "Look at the end of the name only.",
        ),
        Mistake(
            "norms-decay",
            ("parameter.ndim <= 1", 'name.endswith("bias")'),
            "The norms' scales decay. Biases are found by name, but a norm's scale is called `weight`.",
            "What do biases and norm scales have in common, that no matrix has? Look at their shape.",
        ),
        Mistake(
            "biases-decay",
            ("parameter.ndim <= 1", '"norm" in name or "bn" in name'),
            "The biases of linear layers and convolutions decay; only those of the norms are left out.",
            "Every bias belongs to the second group, wherever it is.",
        ),
        Mistake(
            "convolutions-do-not-decay",
            ("parameter.ndim <= 1", "parameter.ndim != 2"),
            "The convolution's weight does not decay. It has four axes, and it is a matrix in disguise (lab 01).",
            "Ask for one axis or fewer, rather than for exactly two.",
        ),
        Mistake(
            "any-token-in-the-name",
            ('name.endswith("_token")', '"token" in name'),
            "Every name with “token” in it is taken for a token: `token_mixer.weight` is the matrix of a linear layer.",
            "`_token` stands at the end of a token's name.",
        ),
        Mistake(
            "groups-exchanged",
            (
                ("            no_decay.append(parameter)", "            KEEP.append(parameter)"),
                ("            decay.append(parameter)", "            no_decay.append(parameter)"),
                ("            KEEP.append(parameter)", "            decay.append(parameter)"),
            ),
            "The two groups are exchanged: the biases decay and the matrices do not.",
            "Decay is for the matrices.",
        ),
        Mistake(
            "order-of-the-groups",
            (
                ('        {"params": decay, "weight_decay": weight_decay},\n', ""),
                (
                    '{"params": no_decay, "weight_decay": 0.0},',
                    '{"params": no_decay, "weight_decay": 0.0}, {"params": decay, "weight_decay": weight_decay},',
                ),
            ),
            "The groups stand in the other order: the decaying one comes first.",
            "Exchange the two entries of the list that you return.",
        ),
        Mistake(
            "frozen-parameters",
            ("if not parameter.requires_grad:", "if False:"),
            "Frozen parameters are handed to the optimizer; a parameter with requires_grad=False belongs to no group.",
            "Skip them at the top of the loop.",
        ),
        Mistake(
            "both-decay",
            ('no_decay, "weight_decay": 0.0', 'no_decay, "weight_decay": weight_decay'),
            "Both groups decay; the second one's `weight_decay` is 0.",
            "The second group exists so that its decay can be zero.",
        ),
        Mistake(
            "second-group-by-default",
            ('no_decay, "weight_decay": 0.0', "no_decay"),
            "The second group has no `weight_decay` of its own, so the optimizer's default holds: AdamW's is 0.01.",
            "Say zero where you mean zero.",
        ),
        Mistake(
            "fixed-decay",
            ('"params": decay, "weight_decay": weight_decay', '"params": decay, "weight_decay": 0.05'),
            "The first group's `weight_decay` is a fixed number, not the argument.",
            "The caller says how strong the decay is.",
        ),
        Mistake(
            "norms-by-name",
            (_SORT, '"bias" in name or "norm" in name or is_token'),
            "Norms are found by their name, but a norm can have any name: in an nn.Sequential it is `layers.0`.",
            "What do biases and norm scales have in common, that no matrix has? Look at their shape.",
        ),
        Mistake(
            "one-row-matrix",
            (_SORT, "parameter.squeeze().ndim <= 1 or is_token"),
            "A matrix of one row does not decay: squeeze takes its axis of length 1 away, and then it looks like a bias.",
            "Count the axes as they are: with one class the head's weight is (1, D), which is a matrix.",
        ),
        Mistake(
            "stops-at-the-first-frozen",
            ("            continue\n", "            break\n"),
            "The loop ends at the first frozen parameter, and those after it are in no group.",
            "continue goes on with the next one; break leaves the loop.",
        ),
        Mistake(
            "frozen-do-not-decay",
            ("            continue\n", "            no_decay.append(parameter)\n            continue\n"),
            "Frozen parameters are put into the second group; they belong to neither.",
            "Skip what has requires_grad=False.",
        ),
        Mistake(
            "names-in-the-groups",
            (
                ("            decay.append(parameter)", "            decay.append(name)"),
                ("            no_decay.append(parameter)", "            no_decay.append(name)"),
            ),
            "The groups hold names; an optimizer needs the parameters themselves.",
            "named_parameters() yields pairs: sort by the first, append the second.",
        ),
        Mistake(
            "pairs-in-the-groups",
            (
                ("            decay.append(parameter)", "            decay.append((name, parameter))"),
                ("            no_decay.append(parameter)", "            no_decay.append((name, parameter))"),
            ),
            "The groups hold pairs of a name and a parameter; here they hold the parameters alone.",
            "named_parameters() yields pairs: sort by the first, append the second.",
        ),
        Mistake(
            "data-in-the-groups",
            (
                ("            decay.append(parameter)", "            decay.append(parameter.data)"),
                ("            no_decay.append(parameter)", "            no_decay.append(parameter.data)"),
            ),
            "The groups hold other tensors than the model's parameters (.data, detach or clone): they would never get a gradient.",
            "Append the very objects that named_parameters() yields.",
        ),
        Mistake(
            "first-level-only",
            ("in model.named_parameters():", "in model.named_parameters(recurse=False):"),
            "Only the model's own parameters are there; those of its modules are missing.",
            "named_parameters() goes into all modules by itself: leave recurse as it is.",
        ),
        Mistake(
            "one-group",
            ('{"params": no_decay, "weight_decay": 0.0},', ""),
            "There is one group; the parameters that do not decay need a group of their own, or no optimizer step changes them.",
            "The list holds two dicts.",
        ),
        Mistake(
            "tokens-in-both-groups",
            (
                (
                    "if parameter.ndim <= 1 or is_token:",
                    "if is_token:\n            no_decay.append(parameter)\n        if parameter.ndim <= 1:",
                ),
            ),
            "Tokens and positions are in both groups: two tests follow each other, and both apply.",
            "Each parameter goes one way: one if, with or, and one else.",
        ),
        Mistake(
            "head-does-not-decay",
            (_SORT, 'parameter.ndim <= 1 or is_token or name.startswith("head")'),
            "The head does not decay; its weight is the matrix of a linear layer as any other.",
            "Only three kinds are spared: what has one axis, tokens, positions.",
        ),
        Mistake(
            "only-biases",
            (_SORT, 'name.endswith("bias")'),
            "Only the biases are spared: the norms' scales, the tokens and the positions decay.",
            "Three kinds must not decay. How can you tell each of them?",
        ),
        Mistake(
            "two-lists",
            ("    return [\n", "    return decay, no_decay\n    [\n"),
            "It returns two lists; an optimizer needs a list of two dicts, each with its own `weight_decay`.",
            'A group is {"params": …, "weight_decay": …}.',
        ),
        Mistake(
            "a-dict-of-lists",
            ("    return [\n", '    return {"decay": decay, "no_decay": no_decay}\n    [\n'),
            "It returns one dict; an optimizer needs a list of two, each with `params` and `weight_decay`.",
            'A group is {"params": …, "weight_decay": …}.',
        ),
        Mistake(
            "one-axis-decays",
            (_SORT, "is_token"),
            "Biases and norms decay: only the tokens and the positions are spared.",
            "What do biases and norm scales have in common, that no matrix has? Look at their shape.",
        ),
        Mistake(
            "spared-ones-in-both-groups",
            (
                "            no_decay.append(parameter)\n        else:\n",
                "            no_decay.append(parameter)\n        if True:\n",
            ),
            "What does not decay is in both groups: each parameter belongs to one.",
            "The second append needs an else (or a continue before it).",
        ),
        Mistake(
            "another-key",
            ('"params": decay, "weight_decay"', '"params": decay, "decay"'),
            "The first group has no `weight_decay`: the optimizer knows it by that key only.",
            "Each group is a dict with the keys `params` and `weight_decay`.",
        ),
    ),
    hints=(
        "Walk over the names and parameters. Three kinds must not decay: what has one axis, the tokens, the positions.",
        "model.named_parameters() yields (name, parameter). A bias and a norm's scale have ndim 1; a token's name ends in "
        "_token, the positions' in pos_embed. Skip what has requires_grad=False. Return a list of two dicts.",
        'Two empty lists; for each trainable parameter one test, parameter.ndim <= 1 or name.endswith(("_token", "pos_embed")), '
        'says into which it goes. Each list becomes {"params": …, "weight_decay": …}.',
    ),
)
