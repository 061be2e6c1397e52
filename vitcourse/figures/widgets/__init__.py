"""Explorers: sliders, and pictures that can be clicked, over your own functions, models and images. One call each."""

from .attention import explore_attention
from .augmentations import augmentation_gallery
from .panel import Explorer
from .patches import explore_patches
from .positions import explore_positions

__all__ = ["Explorer", "augmentation_gallery", "explore_attention", "explore_patches", "explore_positions"]
