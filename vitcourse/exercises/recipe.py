"""Lab 05: its exercises, each with what the checker feeds to an answer and the mistakes that it knows."""

from .recipe_epoch import TRAIN_ONE_EPOCH
from .recipe_groups import PARAMETER_GROUPS
from .recipe_loss import SOFT_CROSS_ENTROPY
from .recipe_mixing import CUTMIX, MIXUP
from .recipe_schedule import WARMUP_COSINE

EXERCISES = (PARAMETER_GROUPS, WARMUP_COSINE, MIXUP, CUTMIX, SOFT_CROSS_ENTROPY, TRAIN_ONE_EPOCH)
