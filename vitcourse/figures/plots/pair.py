"""Two results side by side: the right one and the learner's."""

import numpy as np
from matplotlib.figure import Figure  # not pyplot: a notebook would show the figure once more


def draw_pair(right, theirs):
    """Draw two results of one kind on one scale.

    Args:
        right, theirs: arrays of the same shape: (H, W) numbers, (H, W, 3) an image in 0..1, (N, P, P, 3) patches in
            order, or (n,) a curve.

    Returns:
        A matplotlib Figure, or None when the two look the same.

    Raises:
        ValueError: for other shapes, or when the two differ in shape.
    """
    right, theirs = np.asarray(right, dtype=float), np.asarray(theirs, dtype=float)
    if right.shape != theirs.shape or right.ndim not in (1, 2, 3, 4):
        raise ValueError(f"the right one has shape {right.shape}, theirs {theirs.shape}")
    if np.allclose(right, theirs, equal_nan=True):
        return None
    if right.ndim == 1:
        return _curves(right, theirs)
    if right.ndim == 4:
        right, theirs = _sheet(right), _sheet(theirs)
    aspect = right.shape[0] / right.shape[1] if right.ndim == 3 else 0.8
    figure = Figure(figsize=(5.6, 2.7 * aspect + 0.35), dpi=100, layout="constrained")
    low, high = right.min(), right.max()
    for axes, picture, title in zip(figure.subplots(1, 2), (right, theirs), ("right", "yours"), strict=True):
        if picture.ndim == 3:
            axes.imshow(picture.clip(0, 1), interpolation="nearest")
        else:
            axes.imshow(picture, vmin=low, vmax=high, cmap="viridis", interpolation="nearest", aspect="auto")
        axes.set_title(title, fontsize=10)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure


def _curves(right, theirs):
    figure = Figure(figsize=(5.6, 2.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.plot(right, label="right", linewidth=2)
    axes.plot(theirs, label="yours", linewidth=2, linestyle="--")
    axes.legend(frameon=False)
    return figure


def _sheet(patches):
    """Patches (N, P, P, 3) in one line of at most 8, then the next: one white pixel between them."""
    count, height, width, _ = patches.shape
    columns = min(8, count)
    rows = -(-count // columns)
    sheet = np.ones((rows * (height + 1) - 1, columns * (width + 1) - 1, 3))
    for number, patch in enumerate(patches):
        top, left = (number // columns) * (height + 1), (number % columns) * (width + 1)
        sheet[top : top + height, left : left + width] = patch
    return sheet
