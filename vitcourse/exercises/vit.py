"""Lab 04: its exercises, each with what the checker feeds to an answer and the mistakes that it knows."""

from .vit_block import BLOCK
from .vit_count import COUNT_VIT_PARAMETERS
from .vit_model import VIT

EXERCISES = (BLOCK, VIT, COUNT_VIT_PARAMETERS)
