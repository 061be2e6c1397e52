"""x"""
from .shapes import SHAPE_CLASSES, make_shapes
