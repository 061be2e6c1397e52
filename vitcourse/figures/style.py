"""The shared look of the course's figures."""

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler

# Okabe and Ito (2008): eight colours that people with any common colour blindness can tell apart. The yellow is too
# pale for lines on white and is left out.
BLUE, ORANGE, GREEN, PINK, SKY, RED, BLACK = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#000000",
)
CYCLE = (BLUE, ORANGE, GREEN, PINK, SKY, RED, BLACK)
SEQUENTIAL = "viridis"  # for amounts: even steps to the eye, also in grey
DIVERGING = "RdBu_r"  # for signed values, with zero in the middle
GREY = "#666666"  # for what is said in passing: 5.7 to 1 against white

RC = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "figure.facecolor": "white",  # also where the notebook is dark: labels stay readable
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#dddddd",
    "lines.linewidth": 2,
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "nearest",  # a pixel is a square
}


def use_style():
    """Set matplotlib's defaults to the course's look; call it once before drawing."""
    plt.rcParams.update(RC)


def style_context():
    """Return a context manager in which the course's look holds, for figures drawn outside a notebook."""
    return plt.rc_context(RC)


def bare(ax):
    """Take ticks and frame off an Axes that shows an image; returns it."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def to_array(values):
    """Turn a tensor on any device, or anything array-like, into a numpy array; its floats become float32."""
    if not hasattr(values, "detach"):
        return np.asarray(values)
    values = values.detach().cpu()
    return (values.float() if values.is_floating_point() else values).numpy()


def to_image(image):
    """Turn one image (C, H, W), uint8 or float in 0..1, on any device, into a numpy array that `imshow` takes.

    Returns:
        (H, W, 3), or (H, W) for one channel: draw that with `cmap="gray"`.
    """
    image = image.detach().cpu()
    image = image.float() / 255 if not image.is_floating_point() else image.float()
    image = image.clamp(0, 1).permute(1, 2, 0).numpy()
    return image[..., 0] if image.shape[-1] == 1 else image[..., :3]
