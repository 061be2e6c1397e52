"""A model and a recipe that suit a data set and a device, when the user does not say."""

import math

from ..reference.vit import VIT_SIZES

SIZES = {
    "nano": dict(embed_dim=64, depth=4, num_heads=4),  # 0.2 M parameters: minutes on a laptop
    "micro": dict(embed_dim=128, depth=4, num_heads=4),
    "mini": dict(embed_dim=192, depth=6, num_heads=3),  # 2.7 M: the usual size for CIFAR-10 exercises
    "tiny": VIT_SIZES["Ti"],
    "small": VIT_SIZES["S"],
    "base": VIT_SIZES["B"],
}


def default_size(data, device):
    """Return the name in `SIZES` of a model that learns `data` on `device` in minutes."""
    if data.name == "shapes":
        return "nano"
    return "micro" if device.type == "cpu" else "mini"


def choose_patch_size(img_size, device):
    """Return the smallest patch side that cuts the image evenly into no more patches than the device takes well.

    A laptop gets up to 100 patches, a GPU up to 196 (224 pixels in patches of 16): cost grows with the number of
    patches, and small patches see more detail. Returns None when the sides have no divisor in common that gives at
    least 9 patches.
    """
    H, W = img_size
    most = 100 if device.type == "cpu" else 196
    for P in range(2, math.gcd(H, W) + 1):
        if H % P == 0 and W % P == 0 and 9 <= (H // P) * (W // P) <= most:
            return P
    return None


def nearest_even_size(img_size):
    """Return (H, W) near `img_size` that some patch size cuts into about 64 patches."""
    H, W = img_size
    P = max(2, round(math.sqrt(H * W / 64)))
    return max(P, round(H / P) * P), max(P, round(W / P) * P)


def default_recipe(data, model_config, epochs):
    """Return the fields of a `TrainConfig` that depend on the data, the model and the length of the run.

    The rate falls with the width: 1e-3 suits 192 channels and 3e-4 is too low for them. Short runs want little
    augmentation: crop by 2 and flip on 32 pixels, twice the crop from 20 epochs on. `shapes` has mirrored classes
    and endless variety of its own, so nothing is flipped or cropped there.
    """
    steps = len(data.train) // 30  # a small folder still gets some 30 steps in each epoch
    recipe = dict(batch_size=min(128, max(16, steps)), peak_lr=min(2e-3, 0.2 / model_config["embed_dim"]))
    if data.name != "shapes":
        recipe |= dict(flip=True, crop=max(1, min(data.img_size) // (16 if epochs < 20 else 8)))
    return recipe
