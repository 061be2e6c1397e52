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


def default_patch_size(data, device):
    """Return a patch size for the data: 8 for `shapes`, where big plain objects need few patches, else by the sides."""
    if data.name == "shapes" and all(side % 8 == 0 for side in data.img_size):
        return 8
    return choose_patch_size(data.img_size, device)


def choose_patch_size(img_size, device, most=None):
    """Return the smallest patch side that cuts the image evenly into no more patches than the device takes well.

    A laptop gets up to 100 patches, a GPU up to 196 (224 pixels in patches of 16), unless `most` says otherwise: cost
    grows with the number of patches, and small patches see more detail. Returns None when the sides have no divisor in
    common that gives at least 9 patches.
    """
    H, W = img_size
    most = most or (100 if device.type == "cpu" else 196)
    for P in range(2, math.gcd(H, W) + 1):
        if H % P == 0 and W % P == 0 and 9 <= (H // P) * (W // P) <= most:
            return P
    return None


def nearest_even_size(img_size):
    """Return (H, W) near `img_size` that a power of two cuts into 9 to 81 patches; a `ConvStem` takes no other."""
    P = 2
    while True:
        rows, cols = (max(3 if P == 2 else 2, (side + P // 2) // P) for side in img_size)
        if rows * cols <= 81:
            return rows * P, cols * P
        P *= 2


def default_recipe(data, model_config, epochs):
    """Return the fields of a `TrainConfig` that depend on the data, the model and the length of the run.

    The rate falls with the width: 1e-3 suits 192 channels on CIFAR-10, and 3e-4 is too low for them. `shapes` in its
    patches of 8 takes 3e-3, and no class of it changes when it is mirrored. On photographs short runs want little
    augmentation: flips, and shifts by 2 of 32 pixels; twice that from 20 epochs on.
    """
    if data.name == "shapes":
        recipe = dict(batch_size=100, peak_lr=min(3e-3, 0.2 / model_config["embed_dim"]), flip=True)
    else:
        crop = max(1, min(data.img_size) // (16 if epochs < 20 else 8))
        recipe = dict(batch_size=128, peak_lr=min(2e-3, 0.2 / model_config["embed_dim"]), flip=True, crop=crop)
    # A small folder still gets some 30 steps in each epoch.
    recipe["batch_size"] = min(recipe["batch_size"], max(16, len(data.train) // 30))
    return recipe
