"""The course's plan: which lab holds which exercise. What an exercise checks is in the module of its own
in the folder of its lab: `exercises/attention/multi_head_attention.py` holds the check of MultiHeadAttention.

This file imports nothing heavy, so that the build and the command line can read the plan at once.
"""

import re
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Lab:
    """One lab: its number, the stem that finds its files, its title, the minutes it takes, its exercises in order."""

    number: int
    stem: str
    title: str
    minutes: int
    exercises: tuple[str, ...]

    @property
    def file_stem(self):
        """The name of the lab's notebook without its ending: `03_attention`."""
        return f"{self.number:02d}_{self.stem}"


LABS = (
    Lab(0, "welcome", "Welcome", 20, ("count_tokens",)),
    Lab(1, "patches", "Patches", 60, ("patchify", "unpatchify", "PatchEmbed")),
    Lab(2, "tokens", "Tokens and positions", 75, ("TokenPrep", "sincos_positions", "resample_positions")),
    Lab(3, "attention", "Attention", 75, ("scaled_dot_product", "MultiHeadAttention")),
    Lab(4, "vit", "Blocks and the Vision Transformer", 90, ("Block", "ViT", "count_vit_parameters")),
    Lab(
        5,
        "recipe",
        "Training",
        90,
        ("parameter_groups", "warmup_cosine", "mixup", "cutmix", "soft_cross_entropy", "train_one_epoch"),
    ),
    Lab(
        6,
        "maps",
        "Seeing what the model sees",
        75,
        ("cls_attention_map", "attention_rollout", "mean_attention_distance", "position_similarity"),
    ),
    Lab(7, "deit", "Distillation", 75, ("DistilledViT", "hard_distillation_loss", "soft_distillation_loss")),
    Lab(
        8,
        "swin",
        "Swin windows",
        90,
        (
            "window_partition",
            "window_reverse",
            "relative_position_index",
            "shifted_window_mask",
            "WindowAttention",
            "SwinBlock",
            "PatchMerging",
            "SpatialReductionAttention",
        ),
    ),
)


def exercise_ids():
    """All exercise ids, in the order in which a learner meets them."""
    return [name for lab in LABS for name in lab.exercises]


def lab_of(exercise_id):
    """The lab that holds an exercise.

    Raises:
        KeyError: with the near names, when there is no such exercise.
    """
    for lab in LABS:
        if exercise_id in lab.exercises:
            return lab
    raise KeyError(f"there is no exercise {exercise_id!r}; the exercises are: {', '.join(exercise_ids())}")


def module_name(exercise_id):
    """The name of an exercise's file: its id in snake case, so `vit` for ViT, `patch_embed` for PatchEmbed."""
    # a word begins with a capital letter before a small one, so that the T of ViT does not stand alone
    return re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z][a-z])", "_", exercise_id).lower()


def get_exercise(exercise_id):
    """The `Exercise` of that id, from its module in its lab's folder (see `exercises.base`)."""
    return import_module(f"{__name__}.{lab_of(exercise_id).stem}.{module_name(exercise_id)}").EXERCISE
