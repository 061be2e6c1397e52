"""Lab 05: what the checker feeds to soft_cross_entropy, and the mistakes that it knows."""

import torch
import torch.nn.functional as F

from ..base import Exercise, Mistake

_CASES = [(5, 3), (3, 7), (1, 4)]


def draw(d):
    B, K = _CASES[d.index]
    return dict(logits=d.normal(B, K, scale=2.0), targets=d.distribution(B, K))


def probe(answer, see, logits, targets):
    see.twice("the result", answer, logits, targets)
    leaf = logits.clone().requires_grad_()
    see.gradient("`logits`", answer(leaf, targets), leaf)
    K = logits.shape[1]
    one_hot = F.one_hot(torch.arange(len(logits)) % K, K).to(logits.dtype)
    see("the result for one-hot targets", answer(logits, one_hot))
    # exp overflows here, but no probability is small; below, probabilities round to 0
    see("the result for logits around 1000", answer(logits + 1000, targets))
    see("the result for logits around -1000", answer(logits - 1000, targets))
    see("the result for logits in the thousands", answer(1000 * logits, targets))
    leaf = (1000 * logits).requires_grad_()
    see.gradient("`logits` in the thousands", answer(leaf, targets), leaf)


def _hard_labels(logits, targets):
    return F.cross_entropy(logits, targets.argmax(dim=-1))


def _naive_softmax(logits, targets):
    exponentials = logits.exp()
    probabilities = exponentials / exponentials.sum(dim=-1, keepdim=True)
    return -(targets * probabilities.log()).sum(dim=-1).mean()


EXERCISE = Exercise(
    id="soft_cross_entropy",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "mean-over-classes-too",
            (".sum(dim=-1).mean()", ".mean()"),
            "The mean runs over classes too: the loss is K times too small. Sum over the classes, then average the images.",
            "Two reductions, one for each axis, and they differ.",
        ),
        Mistake(
            "sum-over-the-batch",
            (".sum(dim=-1).mean()", ".sum()"),
            "The images' losses are added up; they must be averaged, or the loss grows with the batch.",
            "Sum over the classes only.",
        ),
        Mistake(
            "one-loss-per-image",
            (".sum(dim=-1).mean()", ".sum(dim=-1)"),
            "There is one loss for each image; their mean is asked for.",
            "The result has no axes: ().",
        ),
        Mistake(
            "sign",
            ("return -(", "return ("),
            "The sign is wrong: log-probabilities are negative, and a loss is not.",
            "Maximising the likelihood is minimising its negative.",
        ),
        Mistake(
            "softmax-over-the-batch",
            ("log_softmax(dim=-1)", "log_softmax(dim=0)"),
            "The softmax runs over the batch; each image's probabilities must sum to 1 over the classes.",
            "Classes are the last axis.",
        ),
        Mistake(
            "no-softmax",
            ("logits.log_softmax(dim=-1)", "logits"),
            "The logits are used as if they were log-probabilities; they are not normalised.",
            "A log-softmax over the classes comes first.",
        ),
        Mistake(
            "no-log",
            ("logits.log_softmax(dim=-1)", "logits.softmax(dim=-1)"),
            "The logarithm is missing: probabilities are averaged, not their logarithms.",
            "Cross-entropy is minus the sum of t times log p.",
        ),
        Mistake(
            "softmax-twice",
            ("logits.log_softmax(dim=-1)", "logits.softmax(dim=-1).log_softmax(dim=-1)"),
            "The softmax is applied twice. F.cross_entropy and log_softmax take logits, not probabilities.",
            "Hand on the logits as they are.",
        ),
        Mistake(
            "roles-exchanged",
            ("-(targets * log_probabilities)", "-(targets.log() * log_probabilities.exp())"),
            "Targets and predictions have changed roles: the logarithm belongs to the predictions.",
            "t log p, not p log t.",
        ),
        Mistake(
            "hard-labels",
            _hard_labels,
            "Only each target's largest class counts; the targets are distributions, and every class has its weight.",
            "No argmax: multiply by the targets.",
        ),
        Mistake(
            "divergence",
            ("-(targets * log_probabilities)", "(targets * (targets.log() - log_probabilities))"),
            "This is the Kullback-Leibler divergence: the targets' own entropy is subtracted.",
            "Its gradient is the same, its value is not. Leave out the term that holds targets alone.",
        ),
        Mistake(
            "log-of-softmax",
            ("logits.log_softmax(dim=-1)", "logits.softmax(dim=-1).log()"),
            "For logits in the thousands a probability rounds to 0 and its logarithm is minus infinity.",
            "There is a function that takes the logarithm before anything can round to zero.",
        ),
        Mistake(
            "exponentials-overflow",
            _naive_softmax,
            "exp of a large logit overflows, and infinity divided by infinity is not a number.",
            "Use torch's log-softmax, which subtracts the largest logit first.",
        ),
        Mistake(
            "epsilon",
            ("logits.log_softmax(dim=-1)", "(logits.softmax(dim=-1) + 1e-8).log()"),
            "The small constant inside the logarithm caps the loss: for logits in the thousands it is wrong.",
            "No constant is needed when softmax and logarithm are one step.",
        ),
        Mistake(
            "detached",
            ("logits.log_softmax(dim=-1)", "logits.detach().log_softmax(dim=-1)"),
            "The loss is cut off from the graph, so that nothing can learn from it.",
            "No detach, .data, .item() or no_grad on the way from the logits to the loss.",
        ),
        Mistake(
            "kl-without-log",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                '    return nn.functional.kl_div(log_probabilities.exp(), targets, reduction="batchmean")',
            ),
            "kl_div is given probabilities; its first argument must be their logarithms, and even then it is not the cross-entropy.",
            "Write the sum of the formula out: three calls are enough.",
        ),
        Mistake(
            "kl-arguments-exchanged",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                '    return nn.functional.kl_div(targets, log_probabilities, reduction="batchmean")',
            ),
            "kl_div's arguments are exchanged, and it takes the logarithm of a negative number; even in order it is not the cross-entropy.",
            "Write the sum of the formula out: three calls are enough.",
        ),
        Mistake(
            "kl-mean-over-all",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                '    return nn.functional.kl_div(log_probabilities, targets, reduction="mean")',
            ),
            "This is the Kullback-Leibler divergence, and averaged over the classes too.",
            "Leave out the term that holds targets alone, and sum over the classes.",
        ),
        Mistake(
            "arguments-exchanged",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                "    return nn.functional.cross_entropy(targets, logits)",
            ),
            "The arguments are exchanged: the logits come first, then the targets.",
            "F.cross_entropy(input, target): the input is what the model says.",
        ),
        Mistake(
            "binary",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                "    return nn.functional.binary_cross_entropy_with_logits(logits, targets)",
            ),
            "This is the binary cross-entropy: it asks of each class alone, yes or no; here the classes share one softmax.",
            "The probabilities of an image sum to 1.",
        ),
        Mistake(
            "squares",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                "    return (log_probabilities.exp() - targets).square().mean()",
            ),
            "This is the mean of squared differences; the cross-entropy takes a logarithm.",
            "Minus t times log p.",
        ),
        Mistake(
            "smoothed",
            (
                "    return -(targets * log_probabilities).sum(dim=-1).mean()",
                "    return nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)",
            ),
            "The targets are smoothed; they count as they are given.",
            "Smoothing is part of the recipe and is done to the targets beforehand.",
        ),
        Mistake(
            "targets-softmaxed",
            ("-(targets *", "-(targets.softmax(dim=-1) *"),
            "The targets go through a softmax; they are a distribution already.",
            "Use the targets as they are given.",
        ),
        Mistake(
            "python-number",
            (".sum(dim=-1).mean()", ".sum(dim=-1).mean().item()"),
            "The loss is a Python number: .item() cuts it off from the graph, and backward needs a tensor.",
            "Return the tensor. Whoever prints it turns it into a number.",
        ),
        Mistake(
            "sum-and-mean-exchanged",
            (".sum(dim=-1).mean()", ".sum(dim=0).mean()"),
            "Sum and mean are exchanged: sum over the classes, mean over the images.",
            "The last axis is the classes', the first the images'.",
        ),
        Mistake(
            "sign-and-mean-over-classes",
            (("return -(", "return ("), (".sum(dim=-1).mean()", ".mean()")),
            "The sign is wrong, and the mean runs over the classes too.",
            "Minus, then two reductions, one for each axis, and they differ.",
        ),
        Mistake(
            "logsumexp-overflows",
            ("logits.log_softmax(dim=-1)", "logits - logits.exp().sum(dim=-1, keepdim=True).log()"),
            "exp of a large logit overflows, so that the logarithm of the sum is infinite.",
            "Use torch's log-softmax or logsumexp, which subtract the largest logit first.",
        ),
        Mistake(
            "shifted-by-the-batch",
            (
                "logits.log_softmax(dim=-1)",
                "(logits - logits.max()) - (logits - logits.max()).exp().sum(dim=-1, keepdim=True).log()",
            ),
            "The largest logit of the whole batch is subtracted: an image whose logits are all much smaller has only zeros left.",
            "Each image has its own largest logit.",
        ),
        Mistake(
            "clamped",
            ("logits.log_softmax(dim=-1)", "logits.softmax(dim=-1).clamp(min=1e-12).log()"),
            "The clamp caps the loss and stops its gradient: for logits in the thousands it is wrong.",
            "No clamp is needed when softmax and logarithm are one step.",
        ),
        Mistake(
            "no-keepdim",
            ("logits.log_softmax(dim=-1)", "logits - logits.logsumexp(dim=-1)"),
            "The sum over the classes has lost its axis (keepdim), so that each image's total does not meet its own row.",
            "A total of shape (B, 1) can be subtracted from (B, K), one of shape (B,) can not.",
        ),
    ),
    hints=(
        "For one image: minus the sum over the classes of target times log-probability. For the batch: the mean of that.",
        "log-probabilities (B, K) from the logits; times targets (B, K); sum over the last axis -> (B,); mean -> ().",
        "logits.log_softmax(dim=-1) gives the log-probabilities. Multiply by the targets, then one .sum and one .mean, each over "
        "its own axis, and mind the sign.",
    ),
)
