"""The kinds of model that `vitcourse train --model NAME` trains and `load_run` reads back.

To add one:
1. Write the module in `reference/`. Its constructor takes `img_size` as (height, width), `in_chans` and `num_classes`,
   its `forward` images (B, C, H, W) -> logits (B, K) in evaluation mode.
2. Add a `Kind` to `KINDS`. `configure` puts its arguments together from the data, the size and options such as
   --embed-dim; all of them must survive JSON, where tuples become lists.
3. The name must stand in `cli.MODELS`; a new option for the model in `cli.MODEL_OPTIONS`.

A kind that trains on more than labels gets its objective from what `train.PREPARATIONS` names.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..reference.deit import ConvTeacher, DistilledViT
from ..reference.stem import ConvStemViT
from ..reference.swin_model import SwinTransformer
from ..reference.vit import ViT
from ..training.config import TrainingError
from .defaults import SIZES, choose_patch_size, default_patch_size, default_recipe, default_size, nearest_even_size


@dataclass(frozen=True)
class Kind:
    """One kind of model.

    Args:
        title: as a sentence calls it, "ViT".
        build: the class; its keyword arguments are the model's configuration.
        sizes: size names, out of `cli.SIZES`, to keyword arguments.
        size: (data, device) -> the size that suits them.
        describe: (model, model_config) -> the words that come after the title.
        patch_size: (data, device) -> the patch size that suits them, None when the images do not divide; left out by
            a kind that has no argument `patch_size`.
        recipe: (data, model_config, epochs) -> the fields of `TrainConfig` that suit them.
        epochs: passes over the training images when the user does not say.
    """

    title: str
    build: Callable
    sizes: Mapping[str, dict]
    size: Callable
    describe: Callable
    patch_size: Callable | None = None
    recipe: Callable = default_recipe
    epochs: int = 10


def find_kind(name):
    """Return a kind by its name.

    Raises:
        TrainingError: when there is none of this name.
    """
    if name not in KINDS:
        raise TrainingError(f"There is no model {name!r}: choose one of {', '.join(KINDS)}.")
    return KINDS[name]


def new_img_size(kind, data, device, options):
    """Return the (H, W) that the images must be resized to before this kind of model can take them, or None."""
    if kind.patch_size is None or "patch_size" in options or kind.patch_size(data, device) is not None:
        return None
    return nearest_even_size(data.img_size)


def configure(kind, data, device, size=None, options=None):
    """Return the keyword arguments of the model that suits the data and the device.

    Args:
        kind: a `Kind`.
        data: an `ImageData` of images that need no resizing.
        device: a torch.device.
        size: a name in `kind.sizes`; None is what suits.
        options: arguments that replace those of the size.

    Raises:
        TrainingError: for a size or an option that the kind does not have.
    """
    size, options = size or kind.size(data, device), options or {}
    if size not in kind.sizes:
        raise TrainingError(f"{kind.title} has no size {size!r}: choose one of {', '.join(kind.sizes)}.")
    unknown = [name for name in options if name not in inspect.signature(kind.build).parameters]
    if unknown:
        raise TrainingError(f"{kind.title} has no {unknown[0]}: leave out --{unknown[0].replace('_', '-')}.")
    config = dict(img_size=list(data.img_size), in_chans=data.in_chans, num_classes=data.num_classes)
    if kind.patch_size is not None and "patch_size" not in options:
        config["patch_size"] = kind.patch_size(data, device)
    return config | kind.sizes[size] | options


def describe_vit(model, config):
    """Return patches, width, blocks and heads in words."""
    words = "patch {patch_size} ({N} patches), width {embed_dim}, {depth} blocks, {num_heads} heads"
    return words.format(N=model.patch_embed.num_patches, **config)


STEM_SIZES = {
    "nano": dict(embed_dim=64, depth=2, num_heads=4),
    "micro": dict(embed_dim=128, depth=3, num_heads=4),
    "mini": dict(embed_dim=192, depth=4, num_heads=3),  # 2.4 M parameters, in under half the time of the ViT's mini
}


def stem_patch_size(data, device):
    """Return the largest power of two that leaves at least 16 tokens: the stem has seen the details before them."""
    fitting = [P for P in (2, 4, 8, 16, 32) if not any(side % P for side in data.img_size)]
    return max((P for P in fitting if P == 2 or math.prod(side // P for side in data.img_size) >= 16), default=None)


def describe_stem(model, config):
    """Return tokens, width, blocks and heads in words."""
    words = "with a convolutional stem ({N} tokens), width {embed_dim}, {depth} blocks, {num_heads} heads"
    return words.format(N=model.patch_embed.num_patches, **config)


CONV_SIZES = {
    "nano": dict(width=16),  # 27 thousand parameters: enough for `shapes`
    "micro": dict(width=32),
    "mini": dict(width=64),
}


def build_conv(img_size, in_chans, num_classes, width):
    """Return a `ConvTeacher`, which takes images of any size."""
    return ConvTeacher(in_chans, num_classes, width)


def describe_conv(model, config):
    """Return layers and width in words."""
    return "4 convolutions, width {width}".format(**config)


def conv_recipe(data, model_config, epochs):
    """Return what `default_recipe` does, with the higher rate that a network with batch norm takes."""
    return default_recipe(data, {"embed_dim": 64}, epochs) | dict(peak_lr=1e-2)


SWIN = {
    "nano": dict(embed_dim=32, depths=[2, 2], heads=[2, 4], window_size=4),  # the ViT's nano's operations
    "micro": dict(embed_dim=48, depths=[2, 2, 2], heads=[3, 6, 12], window_size=4),
    "mini": dict(embed_dim=64, depths=[2, 6, 2], heads=[2, 4, 8], window_size=4),  # 3.0 M parameters
    "tiny": dict(embed_dim=96, depths=[2, 2, 6, 2], heads=[3, 6, 12, 24], window_size=7),  # the paper's Swin-T
}


def build_swin(img_size, patch_size, in_chans, num_classes, embed_dim, depths, heads, window_size, mlp_ratio=4.0):
    """Return a `SwinTransformer`; `heads` has a number for each stage, which `--num-heads` cannot say."""
    sizes = dict(embed_dim=embed_dim, depths=depths, num_heads=heads, window_size=window_size, mlp_ratio=mlp_ratio)
    return SwinTransformer(img_size, patch_size, in_chans, num_classes, **sizes)


def swin_patch_size(data, device):
    """Return a patch size that leaves more tokens than a ViT's: attention in windows grows with their number only.

    A laptop gets up to 256 tokens, a GPU up to 3,136, the paper's (224 pixels in patches of 4); `shapes` has 64.
    """
    if data.name == "shapes":
        return choose_patch_size(data.img_size, device, most=64)
    return choose_patch_size(data.img_size, device, most=256 if device.type == "cpu" else 3136)


def describe_swin(model, config):
    """Return patches, each stage's map and width, blocks and window in words."""
    stages = [stage.blocks[0] for stage in model.layers]
    maps = ", ".join("{}×{}".format(*block.grid) + f" of width {block.norm1.normalized_shape[0]}" for block in stages)
    blocks = "+".join(str(len(stage.blocks)) for stage in model.layers)
    return f"patch {config['patch_size']} (maps {maps}), {blocks} blocks, windows of {config['window_size']}"


KINDS = {
    "vit": Kind("ViT", ViT, SIZES, default_size, describe_vit, patch_size=default_patch_size),
    "stem": Kind("ViT", ConvStemViT, STEM_SIZES, default_size, describe_stem, patch_size=stem_patch_size),
    "deit": Kind("DeiT", DistilledViT, SIZES, default_size, describe_vit, patch_size=default_patch_size),
    # On `shapes` 10 epochs leave Swin at 82 %, where 20 reach 99 % (one seed).
    "swin": Kind("Swin", build_swin, SWIN, default_size, describe_swin, patch_size=swin_patch_size, epochs=20),
    "conv": Kind("CNN", build_conv, CONV_SIZES, default_size, describe_conv, recipe=conv_recipe),
}
