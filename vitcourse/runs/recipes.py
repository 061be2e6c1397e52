"""Named recipes for CIFAR-10, in two tracks of at most 2.7 M parameters.

The plain ViT (patch 4, width 192, 6 blocks, 3 heads) has `textbook`, `quick`, `quick-muon`, `standard` and `long`. The
ViT with a convolutional stem (16 tokens, width 192, 4 blocks, 3 heads) has those under `stem-…`. Each recipe says what
was measured, by what, and what was not. `vitcourse train --recipe quick` runs one; options beside it replace its parts.
"""

from dataclasses import dataclass, replace

from ..training.config import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """A recipe, with what is known about it.

    `config` is the `TrainConfig`; `model` a name in `models.KINDS`, `size` one of its sizes; `expected` the test
    accuracy after the last epoch, `cost` the time it takes, both with their source, or "not measured yet".
    """

    name: str
    config: TrainConfig
    expected: str
    cost: str
    model: str = "vit"
    size: str = "mini"
    patch_size: int | None = 4

    @property
    def command(self):
        """The command that runs it."""
        return f"vitcourse train --recipe {self.name}"


NOT_MEASURED = "not measured yet"

# What labs on the net do: one rate from beginning to end, and one that is too low for this size.
TEXTBOOK = TrainConfig(epochs=5, peak_lr=3e-4, final_lr=3e-4, warmup=0.0, crop=4, flip=True, label_smoothing=0.1)

# A short run wants a high rate, most of it on the way down, and little augmentation.
QUICK = TrainConfig(epochs=5, peak_lr=1e-3, schedule="linear", crop=2, flip=True)

# The longer the run, the more augmentation it can use.
STANDARD = TrainConfig(epochs=30, peak_lr=1e-3, crop=4, flip=True, rand_augment=1, magnitude=7)

# Mixed images are not what the model will see: it ends on whole ones. The average takes in 1000 steps, 3 of 100 epochs.
LONG = replace(
    STANDARD,
    epochs=100,
    warmup=0.1,
    magnitude=9,
    mixup=0.2,
    cutmix=1.0,
    mix_until=0.9,
    label_smoothing=0.1,
    ema=0.999,
)


STEM = dict(model="stem", patch_size=8)


def muon(config):
    """Return a recipe's configuration with Muon and the one rate that was tried with it."""
    return replace(config, optimizer="muon", peak_lr=2e-3)


def stem(config):
    """Return a recipe's configuration for the model with a stem.

    The rate is the one that was tried. Batch norm keeps averages of its own, which would not fit averaged weights.
    """
    return replace(config, peak_lr=2e-3, ema=0.0)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "textbook",
            TEXTBOOK,
            expected="54.4 % after 5 epochs: one seed, this rate, crop and flip, measured outside of this command",
            cost="270 s an epoch on two CPU cores in bf16, measured outside of this command; on a GPU not measured yet",
        ),
        Recipe(
            "quick",
            QUICK,
            expected="65.0 % after 5 epochs: one seed, measured outside of this command",
            cost="270 s an epoch on two CPU cores in bf16, measured outside of this command; on a GPU not measured yet",
        ),
        Recipe(
            "quick-muon",
            muon(QUICK),
            expected="not measured yet on all images. With 3 blocks, 5,000 images, 3 epochs in batches of 64, one seed "
            "measured on 2,000 other training images: 44.2 %; with AdamW 33.4 %, at 1e-3 as at 2e-3",
            cost="a step takes 1.1 times the processor time of quick's, measured on two CPU cores in fp32",
        ),
        Recipe("standard", STANDARD, expected=NOT_MEASURED, cost=NOT_MEASURED),
        Recipe("long", LONG, expected=NOT_MEASURED, cost=NOT_MEASURED),
        Recipe(
            "stem-quick",
            stem(QUICK),
            expected="not measured yet on all images. With 5,000 images, 3 epochs in batches of 64, one seed, measured "
            "on 2,000 other training images: 49.7 %; with a class token in place of the mean 38.6 %",
            cost="a step takes 0.37 of the processor time of quick's, measured on two CPU cores in fp32",
            **STEM,
        ),
        Recipe(
            "stem-quick-muon",
            muon(stem(QUICK)),
            expected="not measured yet on all images. With 5,000 images, 3 epochs in batches of 64, one seed, measured "
            "on 2,000 other training images: 56.7 %; with AdamW 49.7 %",
            cost="a step takes 0.42 of the processor time of quick's, measured on two CPU cores in fp32",
            **STEM,
        ),
        Recipe("stem-standard", stem(STANDARD), NOT_MEASURED, NOT_MEASURED, **STEM),
        Recipe("stem-long", stem(LONG), NOT_MEASURED, NOT_MEASURED, **STEM),
    )
}
