"""Named recipes for CIFAR-10 and the plain ViT: patch 4, width 192, 6 blocks, 3 heads, 2.7 M parameters.

Each one says what was measured, by what, and what was not. `vitcourse train --recipe quick` runs one; options beside
it replace its fields.
"""

from dataclasses import dataclass

from .config import TrainConfig


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

RECIPES = {
    recipe.name: recipe
    for recipe in (
        # What labs on the net do: one rate from beginning to end, and one that is too low for this size.
        Recipe(
            "textbook",
            TrainConfig(epochs=5, peak_lr=3e-4, final_lr=3e-4, warmup=0.0, crop=4, flip=True, label_smoothing=0.1),
            expected="54.4 % after 5 epochs: one seed, this rate, crop and flip, measured outside of this command",
            cost="270 s an epoch on two CPU cores in bf16, measured outside of this command; on a GPU not measured yet",
        ),
        # A short run wants a high rate, most of it on the way down, and little augmentation.
        Recipe(
            "quick",
            TrainConfig(epochs=5, peak_lr=1e-3, crop=2, flip=True),
            expected="65.0 % with a straight line to zero in place of the cosine: one seed, measured outside of this "
            "command; with the cosine not measured yet",
            cost="270 s an epoch on two CPU cores in bf16, measured outside of this command; on a GPU not measured yet",
        ),
        # The longer the run, the more augmentation it can use.
        Recipe(
            "standard",
            TrainConfig(epochs=30, peak_lr=1e-3, crop=4, flip=True, rand_augment=1, magnitude=7),
            expected=NOT_MEASURED,
            cost=NOT_MEASURED,
        ),
        Recipe(
            "long",
            TrainConfig(
                epochs=100,
                peak_lr=1e-3,
                warmup=0.1,
                crop=4,
                flip=True,
                rand_augment=1,
                mixup=0.2,
                cutmix=1.0,
                label_smoothing=0.1,
            ),
            expected=NOT_MEASURED,
            cost=NOT_MEASURED,
        ),
    )
}
