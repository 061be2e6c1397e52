"""Learning from a teacher: the objective that `fit` takes."""

import inspect

import torch

from ..reference.deit import hard_distillation_loss


class Distillation:
    """The objective of a student with a teacher: `fit(student, data, config, objective=Distillation(teacher))`.

    The teacher sees the very images that the student sees, augmented and mixed, and is put in evaluation mode, without
    gradients. A student that returns one tensor of logits in training mode, as `ViT` does, learns from both with it.

    Args:
        teacher: images (B, C, H, W) -> logits (B, K), on the device of the data.
        loss: `hard_distillation_loss`, `soft_distillation_loss`, or one that takes the same four arguments.
        options: more arguments of the loss: `temperature`, `alpha`.
    """

    def __init__(self, teacher, loss=hard_distillation_loss, **options):
        inspect.signature(loss).bind(None, None, None, None, **options)  # a wrong name is said now
        self.teacher, self.loss, self.options = teacher.eval().requires_grad_(False), loss, options
        # Plain values tell one run from another when a checkpoint is read.
        self.said = f"{getattr(loss, '__name__', loss)} {options}"
        self.checksum = f"{sum(float(p.double().abs().sum()) for p in teacher.parameters()):.3f}"

    def __call__(self, model, images, targets):
        """Return the loss () of `model` on images (B, C, H, W) with targets (B, K)."""
        with torch.no_grad():
            teacher_logits = self.teacher(images).float()
        logits = model(images)
        cls_logits, dist_logits = (logits, logits) if isinstance(logits, torch.Tensor) else logits
        return self.loss(cls_logits.float(), dist_logits.float(), teacher_logits, targets, **self.options)
