"""The sizes of lab 05's draws: see test_draws."""

_IMAGES = dict(images="B C H W", targets="B K", perm="B")
SIZES = {
    "parameter_groups": {},
    "warmup_cosine": dict(total_steps="S", warmup_steps="w"),
    "mixup": _IMAGES,
    "cutmix": dict(**_IMAGES, box="-"),
    "soft_cross_entropy": dict(logits="B K", targets="B K"),
    "train_one_epoch": dict(images="N C H W", targets="N K", sizes="-"),
}
NEVER_ONE = {
    "warmup_cosine": {
        "S": "a run of one step has no rise and no fall; the probe asks for runs without either",
        "w": "as above",
    },
    "soft_cross_entropy": {"K": "the loss over one class is 0, whatever one writes"},
    "train_one_epoch": {"K": "as above"},
}
