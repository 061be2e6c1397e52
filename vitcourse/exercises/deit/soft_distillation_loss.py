"""Lab 07: what the checker feeds to soft_distillation_loss, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from .common import draw_logits, probe_loss


def draw(d):
    return draw_logits(d) | dict(temperature=d.uniform(1.5, 2.5) + d.index, alpha=d.uniform(0.2, 0.4))


def probe(answer, see, cls_logits, dist_logits, teacher_logits, targets, temperature, alpha):
    logits = dict(cls_logits=cls_logits, dist_logits=dist_logits, teacher_logits=teacher_logits, targets=targets)
    probe_loss(answer, see, "", **logits, temperature=temperature, alpha=alpha)
    see("the result with alpha = 0", answer(**logits, temperature=temperature, alpha=0.0))
    see("the result with alpha = 1", answer(**logits, temperature=temperature, alpha=1.0))
    see("the result at temperature 1", answer(**logits, temperature=1.0, alpha=alpha))
    see("the result with temperature and alpha left out", answer(**logits))


_T = "(teacher_logits.detach() / temperature).log_softmax(dim=1)"
_S = "(dist_logits / temperature).log_softmax(dim=1)"
_KL = "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()"
_SUM = "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence"


EXERCISE = Exercise(
    id="soft_distillation_loss",
    cases=3,
    draw=draw,
    probe=probe,
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
            "only-the-teacher",
            (_SUM, "return alpha * temperature**2 * divergence"),
            "Only the divergence is returned; the loss against the truth is missing.",
            "The loss has two terms.",
        ),
        Mistake(
            "only-the-truth",
            (_SUM, "return (1 - alpha) * cls_loss"),
            "Only the loss against the truth is returned; the divergence is missing.",
            "The loss has two terms.",
        ),
        Mistake(
            "no-weights",
            (_SUM, "return cls_loss + divergence"),
            "Neither term has its weight: 1 - alpha for the truth, alpha * temperature**2 for the divergence.",
            "Equation 2 has a factor before each term.",
        ),
        Mistake(
            "temperature-on-both",
            (_SUM, "return ((1 - alpha) * cls_loss + alpha * divergence) * temperature**2"),
            "The loss against the truth is multiplied by temperature**2 too; the factor belongs to the divergence alone.",
            "Only the divergence was made small by the temperature.",
        ),
        Mistake(
            "alpha-fixed",
            (_SUM, "return 0.9 * cls_loss + 0.1 * temperature**2 * divergence"),
            "alpha is taken to be 0.1; it is an argument.",
            "0.1 is only its default.",
        ),
        Mistake(
            "temperature-fixed",
            (
                (_T, "(teacher_logits.detach() / 3.0).log_softmax(dim=1)"),
                (_S, "(dist_logits / 3.0).log_softmax(dim=1)"),
            ),
            "The logits are divided by 3 whatever the temperature; it is an argument.",
            "3 is only its default.",
        ),
        Mistake(
            "log-of-softmax",
            (_S, "(dist_logits / temperature).softmax(dim=1).log()"),
            "For large logits the student's logarithm is not finite: exp overflows, or a probability underflows to 0; log_softmax does both steps at once.",
            "There is a function for the logarithm of a softmax.",
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
            "kl-div-to-logarithms",
            (_KL, 'F.kl_div(teacher_log_p.exp(), student_log_p, reduction="batchmean")'),
            "F.kl_div's second argument holds logarithms; it must be the teacher's probabilities, and the first one the "
            "student's log-probabilities.",
            "F.kl_div(log q, p) means KL(p || q). (With log_target=True the second one is a logarithm too.)",
        ),
        Mistake(
            "kl-div-without-log",
            (_KL, 'F.kl_div(student_log_p.exp(), teacher_log_p.exp(), reduction="batchmean")'),
            "F.kl_div is given the student's probabilities; its first argument must be their logarithms.",
            "log_softmax in place of softmax, for the first one.",
        ),
        Mistake(
            "kl-div-of-the-logits",
            (
                _KL,
                'F.kl_div(dist_logits / temperature, teacher_log_p.exp(), reduction="batchmean")',
            ),
            "F.kl_div is given the student's raw logits; its first argument must be log-probabilities.",
            "F.kl_div takes no softmax itself.",
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
            "dist-for-both",
            ("soft_cross_entropy(cls_logits, targets)", "soft_cross_entropy(dist_logits, targets)"),
            "cls_logits is never used: the class token learns from the targets.",
            "Each token has its own target.",
        ),
        Mistake(
            "divergence-to-the-truth",
            (_KL, "(targets * (targets.clamp(min=1e-9).log() - student_log_p)).sum(dim=1).mean()"),
            "The divergence is from the targets; it must be from the teacher's probabilities.",
            "The distillation token learns from the teacher.",
        ),
        Mistake(
            "truth-hardened",
            ("soft_cross_entropy(cls_logits, targets)", "F.cross_entropy(cls_logits, targets.argmax(dim=1))"),
            "The targets are turned into single classes; after mixup and smoothing they are distributions, and stay so.",
            "soft_cross_entropy takes them as they are.",
        ),
        Mistake(
            "divided-by-temperature-squared",
            (_SUM, "return (1 - alpha) * cls_loss + alpha * divergence / temperature**2"),
            "The divergence is divided by temperature**2; it is multiplied by it.",
            "A high temperature makes the divergence small; the factor gives the size back.",
        ),
        Mistake(
            "divergence-negative",
            (_SUM, "return (1 - alpha) * cls_loss - alpha * temperature**2 * divergence"),
            "The divergence has the wrong sign: it is added.",
            "A divergence is never negative, and it becomes smaller as the student learns.",
        ),
        Mistake(
            "truth-over-classes",
            ("soft_cross_entropy(cls_logits, targets)", "-(targets * cls_logits.log_softmax(dim=1)).mean()"),
            "The loss against the truth is averaged over the classes too; it is a sum over the classes and a mean over the "
            "images.",
            "soft_cross_entropy of lab 05 does the right thing.",
        ),
        Mistake(
            "distance-of-the-logits",
            (_KL, "((teacher_logits.detach() - dist_logits) ** 2).mean()"),
            "It is the mean square between the logits; the divergence between two softened distributions is asked for.",
            "First a log-softmax of each.",
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
