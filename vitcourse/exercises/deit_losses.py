"""Lab 07: what the checker feeds to the two distillation losses, and the mistakes that it knows."""

import torch
import torch.nn.functional as F

from .base import Exercise, Mistake


def _draw(d):
    """More images than classes and the other way round; the teacher disagrees with truth and student in places."""
    B, K = [(5, 3), (3, 7)][d.index]
    names = ("cls_logits", "dist_logits", "teacher_logits")
    return {name: d.normal(B, K, scale=2.0) for name in names} | dict(targets=d.distribution(B, K))


def _draw_soft(d):
    return _draw(d) | dict(temperature=d.uniform(1.5, 2.5) + d.index, alpha=d.uniform(0.2, 0.4))


def _probe_hard(answer, see, **inputs):
    _probe(answer, see, "", **inputs)


def _probe_soft(answer, see, cls_logits, dist_logits, teacher_logits, targets, temperature, alpha):
    logits = dict(cls_logits=cls_logits, dist_logits=dist_logits, teacher_logits=teacher_logits, targets=targets)
    _probe(answer, see, "", **logits, temperature=temperature, alpha=alpha)
    see("the result with alpha = 0", answer(**logits, temperature=temperature, alpha=0.0))
    see("the result with alpha = 1", answer(**logits, temperature=temperature, alpha=1.0))
    see("the result at temperature 1", answer(**logits, temperature=1.0, alpha=alpha))
    see("the result with temperature and alpha left out", answer(**logits))


def _probe(answer, see, words, cls_logits, dist_logits, teacher_logits, targets, **more):
    see(f"the result{words}", answer(cls_logits, dist_logits, teacher_logits, targets, **more))
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


_CLS = "cls_loss = soft_cross_entropy(cls_logits, targets)"
_DIST = "dist_loss = F.cross_entropy(dist_logits, teacher_classes)"
_HALVES = "return (cls_loss + dist_loss) / 2"
_ARGMAX = "teacher_logits.argmax(dim=1)"

HARD = Exercise(
    id="hard_distillation_loss",
    draw=_draw,
    probe=_probe_hard,
    mistakes=(
        Mistake(
            "sum-not-half",
            (_HALVES, "return cls_loss + dist_loss"),
            "The two losses are added in full; each one counts for a half.",
            "Equation 3 has a one half before each term.",
        ),
        Mistake(
            "tokens-swapped",
            (
                (_CLS, "cls_loss = soft_cross_entropy(dist_logits, targets)"),
                ("(dist_logits, teacher", "(cls_logits, teacher"),
            ),
            "The tokens are exchanged: the class token learns from the targets, the distillation token from the teacher.",
            "Each token has its own target.",
        ),
        Mistake(
            "cls-for-both",
            ("(dist_logits, teacher", "(cls_logits, teacher"),
            "dist_logits is never used: the distillation token learns from the teacher.",
            "With one tensor for both tokens the two would be the same; here there are two.",
        ),
        Mistake(
            "dist-for-both",
            (_CLS, "cls_loss = soft_cross_entropy(dist_logits, targets)"),
            "cls_logits is never used: the class token learns from the targets.",
            "Each token has its own target.",
        ),
        Mistake(
            "no-teacher",
            (_DIST, "dist_loss = soft_cross_entropy(dist_logits, targets)"),
            "The teacher is never asked: the distillation token learns from the targets, like the class token.",
            "The distillation token's target is the class that the teacher names.",
        ),
        Mistake(
            "no-truth",
            (_CLS, "cls_loss = F.cross_entropy(cls_logits, teacher_classes)"),
            "The targets are never used: the class token learns from them, not from the teacher.",
            "Only the distillation token listens to the teacher.",
        ),
        Mistake(
            "only-the-teacher",
            (_HALVES, "return dist_loss"),
            "Only the teacher's half is returned; the class token learns nothing.",
            "The loss has two halves.",
        ),
        Mistake(
            "only-the-truth",
            (_HALVES, "return cls_loss"),
            "Only the truth's half is returned; the distillation token learns nothing.",
            "The loss has two halves.",
        ),
        Mistake(
            "soft-labels",
            (_DIST, "dist_loss = soft_cross_entropy(dist_logits, teacher_logits.softmax(dim=1).detach())"),
            "The teacher's probabilities are the target; hard distillation takes only its decision, the class with the most.",
            "Which class has the largest of the teacher's logits?",
        ),
        Mistake(
            "teacher-logits-as-target",
            (_DIST, "dist_loss = F.cross_entropy(dist_logits, teacher_logits.detach())"),
            "The teacher's raw logits are used as if they were probabilities.",
            "F.cross_entropy takes class numbers as well: it wants one for each image.",
        ),
        Mistake(
            "argmin",
            (_ARGMAX, "teacher_logits.argmin(dim=1)"),
            "The class with the teacher's smallest logit is taken; it is the one with the largest.",
            "argmax finds the largest.",
        ),
        Mistake(
            "students-own-class",
            (_ARGMAX, "dist_logits.argmax(dim=1)"),
            "The student is made its own teacher: the class must come from teacher_logits.",
            "Whose decision should the distillation token learn?",
        ),
        Mistake(
            "hard-truth",
            (_CLS, "cls_loss = F.cross_entropy(cls_logits, targets.argmax(dim=1))"),
            "The targets are turned into single classes; after mixup and smoothing they are distributions, and stay so.",
            "Only the teacher's answer is made hard.",
        ),
        Mistake(
            "summed-over-batch",
            (
                (_CLS, "cls_loss = len(cls_logits) * soft_cross_entropy(cls_logits, targets)"),
                (_DIST, 'dist_loss = F.cross_entropy(dist_logits, teacher_classes, reduction="sum")'),
            ),
            "The losses are summed over the images; both are means over the batch.",
            "The learning rate should not depend on the batch size.",
        ),
        Mistake(
            "probabilities-in",
            (_DIST, "dist_loss = F.cross_entropy(dist_logits.softmax(dim=1), teacher_classes)"),
            "F.cross_entropy is given probabilities; it takes logits and applies the softmax itself.",
            "Hand the logits over as they are.",
        ),
        Mistake(
            "detached",
            (_DIST, "dist_loss = F.cross_entropy(dist_logits.detach(), teacher_classes)"),
            "The student's logits are detached: the distillation token would never learn. It is the teacher who gets no "
            "gradient.",
            "Leave the student in the graph.",
        ),
    ),
    hints=(
        "Two ordinary classification losses, one for each token, each for a half. The second one takes the teacher's "
        "decision as if it were the label.",
        "teacher_logits (B, K) become class numbers (B,). soft_cross_entropy takes (B, K) and (B, K), F.cross_entropy "
        "(B, K) and (B,); both give ().",
        "teacher_logits.argmax(dim=1) is the teacher's decision. Then 0.5 * soft_cross_entropy(cls_logits, targets) + 0.5 * "
        "F.cross_entropy(dist_logits, decision).",
    ),
)

_T = "(teacher_logits.detach() / temperature).log_softmax(dim=1)"
_S = "(dist_logits / temperature).log_softmax(dim=1)"
_KL = "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()"
_SUM = "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence"

SOFT = Exercise(
    id="soft_distillation_loss",
    draw=_draw_soft,
    probe=_probe_soft,
    mistakes=(
        Mistake(
            "no-temperature-squared",
            (_SUM, "return (1 - alpha) * cls_loss + alpha * divergence"),
            "The factor temperature**2 is missing before the divergence.",
            "A high temperature makes the divergence and its gradient small; the factor gives the size back.",
        ),
        Mistake(
            "temperature-once",
            (_SUM, "return (1 - alpha) * cls_loss + alpha * temperature * divergence"),
            "The divergence is multiplied by the temperature once; the factor is its square.",
            "One factor comes from the student's logits, one from the difference of two soft distributions.",
        ),
        Mistake(
            "weights-swapped",
            (_SUM, "return alpha * cls_loss + (1 - alpha) * temperature**2 * divergence"),
            "The weights are exchanged: alpha belongs to the divergence, 1 - alpha to the truth.",
            "With alpha = 0 nobody asks the teacher.",
        ),
        Mistake(
            "truth-in-full",
            (_SUM, "return cls_loss + alpha * temperature**2 * divergence"),
            "The loss against the truth is not weighted; its weight is 1 - alpha.",
            "The two weights add up to one.",
        ),
        Mistake(
            "no-alpha",
            (_SUM, "return (1 - alpha) * cls_loss + temperature**2 * divergence"),
            "The divergence is not weighted by alpha.",
            "The two weights add up to one.",
        ),
        Mistake(
            "half-and-half",
            (_SUM, "return 0.5 * cls_loss + 0.5 * temperature**2 * divergence"),
            "Both terms count for a half, as in the hard loss; here alpha decides.",
            "alpha is an argument: use it.",
        ),
        Mistake(
            "no-temperature",
            ((_T, "teacher_logits.detach().log_softmax(dim=1)"), (_S, "dist_logits.log_softmax(dim=1)")),
            "The logits are not divided by the temperature before the softmax.",
            "Both distributions are softened.",
        ),
        Mistake(
            "hot-teacher-only",
            (_S, "dist_logits.log_softmax(dim=1)"),
            "Only the teacher's logits are divided by the temperature; the student's are too.",
            "Two distributions are compared at the same temperature.",
        ),
        Mistake(
            "hot-student-only",
            (_T, "teacher_logits.detach().log_softmax(dim=1)"),
            "Only the student's logits are divided by the temperature; the teacher's are too.",
            "Two distributions are compared at the same temperature.",
        ),
        Mistake(
            "times-temperature",
            (
                (_T, "(teacher_logits.detach() * temperature).log_softmax(dim=1)"),
                (_S, "(dist_logits * temperature).log_softmax(dim=1)"),
            ),
            "The logits are multiplied by the temperature; they are divided by it.",
            "A high temperature brings the probabilities nearer to each other.",
        ),
        Mistake(
            "divergence-reversed",
            (_KL, "(student_log_p.exp() * (student_log_p - teacher_log_p)).sum(dim=1).mean()"),
            "The divergence is the wrong way round: the teacher's probabilities are the weights, p * (log p - log q).",
            "The student pays where the teacher sees probability. F.kl_div(log q, p) has the student first, and means KL(p || q).",
        ),
        Mistake(
            "mean-over-classes",
            (_KL, "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).mean()"),
            "The divergence is averaged over the classes too; it is a sum over the classes and a mean over the images.",
            'F.kl_div does the right thing with reduction="batchmean", not with its default.',
        ),
        Mistake(
            "summed-over-batch",
            (_KL, "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum()"),
            "The divergence is summed over the images; it is their mean.",
            "Sum over the classes, then average over the images.",
        ),
        Mistake(
            "cross-entropy-to-teacher",
            (_KL, "-(teacher_log_p.exp() * student_log_p).sum(dim=1).mean()"),
            "This is the cross-entropy to the teacher's probabilities. Its gradient is the same, but the divergence also "
            "subtracts the teacher's entropy, so that it is zero when both agree.",
            "KL(p || q) weighs the difference of two logarithms.",
        ),
        Mistake(
            "no-log-of-teacher",
            (_KL, "(teacher_log_p * (teacher_log_p - student_log_p)).sum(dim=1).mean()"),
            "The weights are the teacher's log-probabilities; they are its probabilities.",
            "Undo the logarithm with exp().",
        ),
        Mistake(
            "gradient-to-teacher",
            (_T, "(teacher_logits / temperature).log_softmax(dim=1)"),
            "A gradient flows into the teacher's logits: the teacher would be pulled towards the student.",
            "detach() cuts a tensor off from the graph.",
        ),
        Mistake(
            "student-detached",
            (_S, "(dist_logits.detach() / temperature).log_softmax(dim=1)"),
            "The student's logits are detached: the distillation token would never learn. It is the teacher who gets no "
            "gradient.",
            "Leave the student in the graph.",
        ),
        Mistake(
            "tokens-swapped",
            (
                (_S, "(cls_logits / temperature).log_softmax(dim=1)"),
                ("soft_cross_entropy(cls_logits, targets)", "soft_cross_entropy(dist_logits, targets)"),
            ),
            "The tokens are exchanged: the class token learns from the targets, the distillation token from the teacher.",
            "Each token has its own target.",
        ),
        Mistake(
            "cls-for-both",
            (_S, "(cls_logits / temperature).log_softmax(dim=1)"),
            "dist_logits is never used: the distillation token learns from the teacher.",
            "Each token has its own target.",
        ),
        Mistake(
            "truth-softened",
            ("soft_cross_entropy(cls_logits, targets)", "soft_cross_entropy(cls_logits / temperature, targets)"),
            "The temperature is applied to the class token's logits too; the loss against the truth has none.",
            "Only the comparison with the teacher is softened.",
        ),
        Mistake(
            "hard-teacher",
            (
                _KL,
                "F.cross_entropy(dist_logits / temperature, teacher_logits.argmax(dim=1))",
            ),
            "The teacher's decision is the target; here all its probabilities are.",
            "That was the hard loss.",
        ),
        Mistake(
            "softmax-axis",
            (
                (_T, "(teacher_logits.detach() / temperature).log_softmax(dim=0)"),
                (_S, "(dist_logits / temperature).log_softmax(dim=0)"),
            ),
            "The softmax runs over the images; it runs over the classes.",
            "The axes are (B, K): the classes are number 1.",
        ),
    ),
    hints=(
        "Soften both distributions with the temperature, measure how far the student's is from the teacher's, and add it "
        "to the ordinary loss, weighted. The teacher is a given: cut its logits off from the graph.",
        "The two log-softmaxes are (B, K). The divergence is summed over the K classes, (B,), and averaged over the "
        "images, ().",
        "With log p and log q from (logits / temperature).log_softmax(dim=1), the divergence is (log p).exp() * (log p - log q), "
        "summed over dim=1, then .mean(). Its weight is alpha * temperature**2. teacher_logits.detach() for the teacher.",
    ),
)
