"""The sizes of lab 07's draws: see test_draws."""

from tests.exercises import draws_vit

_LOSS = dict(cls_logits="B K", dist_logits="B K", teacher_logits="B K", targets="B K")
_ONE_CLASS = {"K": "with one class every loss is 0, whatever is done"}
SIZES = {
    "DistilledViT": draws_vit.SIZES["ViT"],
    "hard_distillation_loss": _LOSS,
    "soft_distillation_loss": _LOSS,
}
MADE = {"DistilledViT": draws_vit.MADE["ViT"]}
NEVER_ONE = {
    "DistilledViT": draws_vit.NEVER_ONE["ViT"],
    "hard_distillation_loss": _ONE_CLASS,
    "soft_distillation_loss": _ONE_CLASS,
}
MAY_AGREE = {"DistilledViT": draws_vit.MAY_AGREE["ViT"]}
