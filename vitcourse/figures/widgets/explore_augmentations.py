"""The augmentation gallery: turn each augmentation up and down, and see what the model would be trained on."""

import ipywidgets as widgets
import torch

from ...data import augment
from ...reference import recipe as reference
from ..plots.explore_augment import draw_gallery, square
from .panel import Explorer, look, slider

DRAWS = 3  # rows of augmented images: one draw alone would not show what is random
MIXES = ("none", "mixup", "cutmix")


def augmentation_gallery(data, mixup=None, cutmix=None, count=8):
    """Show training images under the augmentations of `TrainConfig`, with a control for each.

    Args:
        data: an `ImageData`; its first training images are shown.
        mixup, cutmix: your own, (images, targets, lam, perm) and (images, targets, box, perm) -> images and targets;
            None takes the course's.
        count: how many images.

    Returns:
        `Explorer`; as the last line of a cell it shows itself.
    """
    images, targets = data.train.images[:count].cpu(), data.train.targets[:count].cpu()
    titles = [data.classes[int(target)] for target in targets]
    mixers = {"mixup": mixup or reference.mixup, "cutmix": cutmix or reference.cutmix}
    H, W = data.img_size

    def draw(luck, **settings):
        rows = {"as it is": square(images.float() / 255)}
        for number in range(DRAWS):
            generator = torch.Generator().manual_seed(DRAWS * luck + number)
            rows[f"draw {DRAWS * luck + number + 1}"] = square(
                augmented(images, targets, data, mixers, generator, **settings)
            )
        return draw_gallery(rows, titles), words(**settings)

    controls = {
        "crop": slider("crop, pixels", 0, min(H, W) // 4),
        "flip": widgets.Checkbox(value=False, description="flip", indent=False, layout=widgets.Layout(width="90px")),
        "rand_augment": slider("RandAugment, operations", 0, 4),
        "magnitude": slider("its magnitude", 0, 30, 9),
        "erasing": share_slider("erasing, probability", 0.0),
        "mix": widgets.ToggleButtons(
            options=MIXES,
            description="mix with",
            style={"button_width": "70px", "description_width": "initial"},
            layout=widgets.Layout(width="340px"),
        ),
        "keep": share_slider("share kept in a mix", 0.6),
        "luck": slider("luck", 0, 20),
    }
    lines = [["crop", "flip", "erasing", "luck"], ["rand_augment", "magnitude"], ["mix", "keep"]]
    return Explorer(controls, draw, "Images as they are, and below them as they were augmented", lines)


def share_slider(name, value):
    """A slider from 0 to 1."""
    return widgets.FloatSlider(value=value, min=0, max=1, step=0.05, **look(name))


def augmented(images, targets, data, mixers, generator, *, crop, flip, rand_augment, magnitude, erasing, mix, keep):
    """Augment images in the order of training: crop, flip, RandAugment, erase in normalised colours, mix.

    Args:
        images: (B, C, H, W) uint8; targets: (B,) int64; data: their `ImageData`.
        mixers: {"mixup": function, "cutmix": function}.
        generator: a CPU torch.Generator, the luck.
        keep: the share of each image that stays in a mix; the rest comes from its right neighbour.

    Returns:
        (B, C, H, W) float in 0..1, colours as they were before they were normalised.
    """
    images = augment.random_crop(images, crop, generator)
    if flip:
        images = augment.random_flip(images, generator)
    images = augment.rand_augment(images, rand_augment, magnitude, generator)
    mean, std = data.mean.cpu()[:, None, None], data.std.cpu()[:, None, None]
    images = augment.normalize(images, mean[:, 0, 0], std[:, 0, 0])
    if erasing:
        images = augment.random_erasing(images, erasing, generator)
    if mix != "none":
        one_hot = torch.nn.functional.one_hot(targets, data.num_classes).float()
        neighbours = torch.arange(len(images)).roll(-1)
        how = keep if mix == "mixup" else augment.random_box(images.shape[-2:], keep, generator)
        images, _ = mixers[mix](images, one_hot, how, neighbours)
    return (images * std + mean).clamp(0, 1)


def words(*, crop, flip, rand_augment, magnitude, erasing, mix, keep):
    """What the controls mean, as the line that sets it in training."""
    fields = [f"crop={crop}"] if crop else []
    fields += ["flip=True"] if flip else []
    fields += [f"rand_augment={rand_augment}, magnitude={magnitude}"] if rand_augment else []
    fields += [f"erasing={erasing:.2g}"] if erasing else []
    said = f"The same in training: TrainConfig({', '.join(fields)})." if fields else "Nothing is changed."
    if mix != "none":
        said = said if fields else "The images are only mixed."
        said += (
            f" {mix} keeps {keep:.0%} of each image and takes the rest from its right neighbour; the targets are mixed "
            f"in the same shares. In training {mix}=0.2 draws such a share for each batch."
        )
    return said
