"""What several exercises of lab 07 share."""

import torch
import torch.nn.functional as F


def draw_logits(d):
    """More images than classes and the other way round; the teacher disagrees with truth and student in places."""
    B, K = [(5, 3), (3, 7), (1, 4)][d.index]
    names = ("cls_logits", "dist_logits", "teacher_logits")
    return {name: d.normal(B, K, scale=2.0) for name in names} | dict(targets=d.distribution(B, K))


def probe_loss(answer, see, words, cls_logits, dist_logits, teacher_logits, targets, **more):
    see.twice(f"the result{words}", answer, cls_logits, dist_logits, teacher_logits, targets, **more)
    for name, logits in (("cls_logits", cls_logits), ("dist_logits", dist_logits)):
        leaf = logits.clone().requires_grad_()
        given = {"cls_logits": cls_logits, "dist_logits": dist_logits, name: leaf}
        see.gradient(f"`{name}`", answer(**given, teacher_logits=teacher_logits, targets=targets, **more), leaf)
    teacher, student = teacher_logits.clone().requires_grad_(), cls_logits.clone().requires_grad_()
    loss = answer(student, dist_logits, teacher, targets, **more)
    (gradient,) = torch.autograd.grad(loss.sum(), teacher, allow_unused=True)
    see("whether a gradient flows into the teacher's logits", gradient is not None and bool(gradient.any()))
    K = targets.shape[1]
    one_hot = F.one_hot(torch.arange(len(targets)) % K, K).to(targets.dtype)
    see("the result for one-hot targets", answer(cls_logits, dist_logits, teacher_logits, one_hot, **more))
    see(
        "the result for a single image",
        answer(cls_logits[:1], dist_logits[:1], teacher_logits[:1], targets[:1], **more),
    )
    thousands = 1000 * dist_logits, 1000 * teacher_logits
    see("the result for logits in the thousands", answer(1000 * cls_logits, *thousands, targets, **more))
    see("the result with one tensor for both tokens", answer(cls_logits, cls_logits, teacher_logits, targets, **more))
