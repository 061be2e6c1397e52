"""Explorers: sliders, and pictures that can be clicked, over your own functions, models and images. One call each."""

from .panel import Explorer
from .patches import explore_patches

__all__ = ["Explorer", "explore_patches"]
