"""Lab 07: the exercises of distillation, gathered from the model's and the losses' modules."""

from .deit_losses import HARD, SOFT
from .deit_model import DISTILLED_VIT

EXERCISES = (DISTILLED_VIT, HARD, SOFT)
