"""The functions of lab 05 that a run is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from ..reference import recipe


@dataclass(frozen=True)
class Pieces:
    """What `fit` takes of lab 05: the course's functions, or your own with the same arguments.

    `mixup` and `cutmix` mix the batches, `soft_cross_entropy` is the loss where no other objective is named,
    `parameter_groups` sorts the weights for the optimiser, `warmup_cosine` is the schedule "cosine".
    """

    parameter_groups: Callable = recipe.parameter_groups
    warmup_cosine: Callable = recipe.warmup_cosine
    mixup: Callable = recipe.mixup
    cutmix: Callable = recipe.cutmix
    soft_cross_entropy: Callable = recipe.soft_cross_entropy


COURSE = Pieces()
