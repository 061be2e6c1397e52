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
    ),
    hints=(
        "For one image: minus the sum over the classes of target times log-probability. For the batch: the mean of that.",
        "log-probabilities (B, K) from the logits; times targets (B, K); sum over the last axis -> (B,); mean -> ().",
        "-(targets * logits.log_softmax(dim=-1)).sum(dim=-1).mean().",
    ),
)
