"""Lab 07: what the checker feeds to hard_distillation_loss, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from .common import draw_logits, probe_loss


def probe(answer, see, **inputs):
    probe_loss(answer, see, "", **inputs)


_CLS = "cls_loss = soft_cross_entropy(cls_logits, targets)"
_DIST = "dist_loss = F.cross_entropy(dist_logits, teacher_classes)"
_HALVES = "return (cls_loss + dist_loss) / 2"
_ARGMAX = "teacher_logits.argmax(dim=1)"


EXERCISE = Exercise(
    id="hard_distillation_loss",
    cases=3,
    draw=draw_logits,
    probe=probe,
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
            "truth-as-teacher",
            (_ARGMAX, "targets.argmax(dim=1)"),
            "The distillation token's class is taken from the targets; it must be the teacher's decision.",
            "Whose decision should the distillation token learn?",
        ),
        Mistake(
            "class-tokens-own-class",
            (_ARGMAX, "cls_logits.argmax(dim=1)"),
            "The class token is made the teacher: the class must come from teacher_logits.",
            "Whose decision should the distillation token learn?",
        ),
        Mistake(
            "smoothed-decision",
            (_DIST, "dist_loss = F.cross_entropy(dist_logits, teacher_classes, label_smoothing=0.1)"),
            "The teacher's decision is smoothed; here it is taken as it is.",
            "Equation 3 has the plain cross-entropy.",
        ),
        Mistake(
            "truth-negative",
            (_HALVES, "return (dist_loss - cls_loss) / 2"),
            "The truth's half has the wrong sign: both losses are added.",
            "A cross-entropy is positive: it has its minus inside.",
        ),
        Mistake(
            "per-image",
            (
                (_CLS, "cls_loss = -(targets * cls_logits.log_softmax(dim=1)).sum(dim=1)"),
                (_DIST, 'dist_loss = F.cross_entropy(dist_logits, teacher_classes, reduction="none")'),
            ),
            "It is a loss for each image; it must be their mean.",
            "A loss is one number.",
        ),
        Mistake(
            "truth-over-classes",
            (_CLS, "cls_loss = -(targets * cls_logits.log_softmax(dim=1)).mean()"),
            "The truth's half is averaged over the classes too; it is a sum over the classes and a mean over the images.",
            "soft_cross_entropy of lab 05 does the right thing.",
        ),
        Mistake(
            "softmax-over-images",
            (_CLS, "cls_loss = -(targets * cls_logits.log_softmax(dim=0)).sum(dim=1).mean()"),
            "The class token's softmax runs over the images; it runs over the classes.",
            "The axes are (B, K): the classes are number 1.",
        ),
        Mistake(
            "truth-detached",
            (_CLS, "cls_loss = soft_cross_entropy(cls_logits.detach(), targets)"),
            "The class token's logits are detached: it would never learn. It is the teacher who gets no gradient.",
            "Leave the student in the graph.",
        ),
        Mistake(
            "mean-of-the-logits",
            (
                (_CLS, "cls_loss = soft_cross_entropy((cls_logits + dist_logits) / 2, targets)"),
                (_DIST, "dist_loss = F.cross_entropy((cls_logits + dist_logits) / 2, teacher_classes)"),
            ),
            "Both losses read the mean of the two logits; each token has its own target.",
            "The mean is for evaluation. In training the two tokens are kept apart.",
        ),
        Mistake(
            "as-python-number",
            (_HALVES, "return float((cls_loss + dist_loss) / 2)"),
            "It returns a Python number; it must be the tensor, for the gradient flows through it.",
            "No .item() and no float() here.",
        ),
        Mistake(
            "mean-twice",
            (_HALVES, "return (cls_loss + dist_loss) / 2 / len(targets)"),
            "The losses are divided by the number of images once more; they are means over the batch already.",
            "soft_cross_entropy and F.cross_entropy take the mean themselves.",
        ),
        Mistake(
            "weights-of-the-soft-loss",
            (_HALVES, "return 0.9 * cls_loss + 0.1 * dist_loss"),
            "The halves are weighted with 0.9 and 0.1, as in the soft loss; here each one counts for a half.",
            "Equation 3 has a one half before each term.",
        ),
        Mistake(
            "truth-from-probabilities",
            (_CLS, "cls_loss = soft_cross_entropy(cls_logits.softmax(dim=1), targets)"),
            "soft_cross_entropy is given probabilities; it takes logits and applies the softmax itself.",
            "Hand the logits over as they are.",
        ),
        Mistake(
            "log-of-softmax",
            (_CLS, "cls_loss = -(targets * cls_logits.softmax(dim=1).log()).sum(dim=1).mean()"),
            "For large logits a probability underflows to 0, and the logarithm of 0 is infinite; log_softmax does both steps at once.",
            "There is a function for the logarithm of a softmax, and the ready-made losses use it.",
        ),
        Mistake(
            "argmax-over-images",
            (_ARGMAX, "teacher_logits.argmax(dim=0)"),
            "The teacher's argmax runs over the images; it must run over the classes, one for each image.",
            "The axes are (B, K): the classes are number 1.",
        ),
        Mistake(
            "argmax-of-everything",
            (_ARGMAX, "teacher_logits.argmax()"),
            "The teacher's argmax is one number for the whole batch; it must be one for each image.",
            "argmax takes an axis; the classes are number 1.",
        ),
        Mistake(
            "values-for-classes",
            (_ARGMAX, "teacher_logits.max(dim=1)[0]"),
            "max(dim=1)[0] is the largest logit itself; the class is where it stands.",
            "max gives values and indices; argmax gives the indices alone.",
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
