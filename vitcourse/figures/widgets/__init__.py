"""Explorers: sliders, and pictures that can be clicked, over your own functions, models and images. One call each."""

from .explore_attention import explore_attention
from .explore_augmentations import augmentation_gallery
from .explore_patches import explore_patches
from .explore_positions import explore_positions
from .panel import Explorer

__all__ = ["Explorer", "augmentation_gallery", "explore_attention", "explore_patches", "explore_positions"]
