"""Lab 05: what the checker feeds to train_one_epoch, and the mistakes that it knows."""

import torch
import torch.nn.functional as F
from torch import nn

from ...reference import recipe as reference
from ..base import Exercise, Mistake


class _Watched(nn.Module):
    """A small model that notes, at each forward pass, whether it is in training mode."""

    def __init__(self, in_features, hidden, num_classes, state=None):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)
        self.modes = []
        if state is not None:
            self.to(state["fc1.weight"].dtype).load_state_dict(state)

    def forward(self, images):
        self.modes.append("training" if self.training else "evaluation")
        return self.fc2(F.gelu(self.fc1(images.flatten(1))))


_CASES = [
    dict(sizes=(4, 4, 1), C=2, H=3, W=1, hidden=10, K=7),
    dict(sizes=(3, 4), C=1, H=2, W=5, hidden=9, K=8),
    dict(sizes=(1,), C=3, H=1, W=2, hidden=4, K=5),  # an epoch of one image
]


def draw(d):
    case = _CASES[d.index]
    N, pixels = sum(case["sizes"]), case["C"] * case["H"] * case["W"]
    images = d.normal(N, case["C"], case["H"], case["W"], scale=3.0)  # large, so that the gradients need the clip
    state = d.state(_Watched(pixels, case["hidden"], case["K"]), scale=0.8)
    return dict(images=images, targets=d.distribution(N, case["K"]), sizes=case["sizes"], state=state)


class _WatchedSGD:
    """Plain gradient descent that notes at each step the groups' rates and the gradients' total norm.

    To it the gradients' size matters, unlike to AdamW. It is not derived from torch's optimizers since the first use
    of one of those imports for seconds.
    """

    def __init__(self, groups, lr):
        self.param_groups = [{**group, "lr": lr} for group in groups]
        self.rates, self.norms = [], []

    def zero_grad(self, set_to_none=True):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        self.rates.append([group["lr"] for group in self.param_groups])
        ready = [(p, group["lr"]) for group in self.param_groups for p in group["params"] if p.grad is not None]
        self.norms.append(float(torch.cat([p.grad.flatten() for p, _ in ready]).norm()) if ready else 0.0)
        with torch.no_grad():
            for parameter, rate in ready:
                parameter -= rate * parameter.grad
        return loss


def probe(answer, see, images, targets, sizes, state):
    hidden, in_features = state["fc1.weight"].shape

    def epoch(words, **arguments):
        model = _Watched(in_features, hidden, targets.shape[1], state).eval()
        for parameter in model.parameters():  # what another backward has left there
            parameter.grad = torch.ones_like(parameter)
        weights = [model.fc1.weight, model.fc2.weight]
        biases = [model.fc1.bias, model.fc2.bias]
        optimizer = _WatchedSGD([{"params": weights}, {"params": biases}], lr=0.07)
        batches = zip(images.split(sizes), targets.split(sizes), strict=True)  # can be looped over once
        loss = answer(model, batches, optimizer, lambda step: 0.11 + 0.03 * step, **arguments)
        see(f"the number of batches that the model saw{words}", len(model.modes))
        see(f"the number of optimizer steps{words}", len(optimizer.rates))
        see(f"the model's mode, batch by batch{words}", model.modes)
        for group, name in enumerate(("first", "second")):
            see(
                f"the learning rate of the {name} parameter group, step by step{words}",
                [r[group] for r in optimizer.rates],
            )
        see(f"the gradients' total norm, step by step{words}", torch.tensor(optimizer.norms, dtype=images.dtype))
        for name, parameter in model.named_parameters():
            see(f"`{name}` after the epoch{words}", parameter)
        see(f"the mean loss{words}", loss, rtol=1e-5 if images.dtype == torch.float64 else 1e-3)
        see(f"whether the model is left in training mode{words}", model.training)

    epoch("")
    epoch(" (with first_step=7 and max_norm=0.3)", first_step=7, max_norm=0.3)
    epoch(" (with max_norm=1000, which nothing reaches)", max_norm=1000.0)


def _clip_each_parameter(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    model.train()
    total_loss, num_images = 0.0, 0
    for step, (images, targets) in enumerate(batches, start=first_step):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step)
        optimizer.zero_grad()
        loss = reference.soft_cross_entropy(model(images), targets)
        loss.backward()
        for parameter in model.parameters():
            nn.utils.clip_grad_norm_(parameter, max_norm)
        optimizer.step()
        total_loss = total_loss + loss.item() * len(images)
        num_images += len(images)
    return total_loss / num_images


_LR_LOOP = '        for group in optimizer.param_groups:\n            group["lr"] = lr_at(step)\n'
_ZERO = "        optimizer.zero_grad()\n"
_BACKWARD = "        loss.backward()\n"
_STEP = "        optimizer.step()\n"
_RETURN = "    return float(total_loss) / num_images"
_LOSS = "soft_cross_entropy(model(images), targets)"
_CLIP = "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"


EXERCISE = Exercise(
    id="train_one_epoch",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "one-batch-only",
            (
                "        num_images += len(images)\n    return",
                "        num_images += len(images)\n        break\n    return",
            ),
            "Only one batch is used: the loop ends after its first turn (a `return` that is indented too far?).",
            "The return stands below the loop, not in it.",
        ),
        Mistake(
            "no-step",
            ("        optimizer.step()\n", ""),
            "The optimizer makes no step: gradients are computed and never used.",
            "One call is missing after the clipping.",
        ),
        Mistake(
            "evaluation-mode",
            ("    model.train()\n", ""),
            "The model is not in training mode: dropout and batch norm would behave as in a test.",
            "The line model.train() was given: keep it, above the loop.",
        ),
        Mistake(
            "rate-never-set",
            (_LR_LOOP, ""),
            "The learning rate is never set: the schedule has no effect.",
            'Each of optimizer.param_groups is a dict with a key "lr".',
        ),
        Mistake(
            "rate-set-after-the-step",
            (
                (_LR_LOOP, ""),
                ("        optimizer.step()\n", "        optimizer.step()\n" + _LR_LOOP),
            ),
            "The learning rate is set after the step, so every step runs with the rate of the one before.",
            "Set the rate first thing in the loop.",
        ),
        Mistake(
            "rate-once-per-epoch",
            ("= lr_at(step)", "= lr_at(first_step)"),
            "The learning rate stays the same all epoch; it changes with every step.",
            "Ask lr_at anew in each turn of the loop.",
        ),
        Mistake(
            "rate-one-step-ahead",
            ("= lr_at(step)", "= lr_at(step + 1)"),
            "The learning rates are those of the next step: the first batch of the run is step 0.",
            "Count from first_step, and raise the count at the end of the turn.",
        ),
        Mistake(
            "first-group-only",
            ("for group in optimizer.param_groups:", "for group in optimizer.param_groups[:1]:"),
            "Only the first parameter group gets the learning rate; the group without decay keeps its old one.",
            "optimizer.param_groups is a list: set the rate of each.",
        ),
        Mistake(
            "gradients-erased",
            (
                ("        optimizer.zero_grad()\n", ""),
                ("        loss.backward()\n", "        loss.backward()\n        optimizer.zero_grad()\n"),
            ),
            "The gradients are erased between backward and step: there is nothing left to step with.",
            "zero_grad belongs before backward.",
        ),
        Mistake(
            "clip-has-no-effect",
            (_CLIP, ""),
            "The gradients are not clipped when the optimizer steps.",
            "Clip after backward, when the gradients are there, and before step, which uses them.",
        ),
        Mistake(
            "clipped-by-value",
            ("clip_grad_norm_", "clip_grad_value_"),
            "Each number of the gradient is clipped by itself, which changes its direction; the total norm is to be limited.",
            "torch.nn.utils has a function for each of the two.",
        ),
        Mistake(
            "clipped-one-by-one",
            _clip_each_parameter,
            "Each parameter's gradient is clipped by itself; the norm of all of them together is to be limited.",
            "Hand all of the model's parameters to one call.",
        ),
        Mistake(
            "gradients-add-up",
            ("        optimizer.zero_grad()\n", ""),
            "The gradients of earlier batches are never erased: each backward adds to what is there.",
            "One call before backward empties them.",
        ),
        Mistake(
            "hard-targets",
            (
                "soft_cross_entropy(model(images), targets)",
                "nn.functional.cross_entropy(model(images), targets.argmax(dim=-1))",
            ),
            "The targets are turned into class numbers, so that mixup and label smoothing are undone.",
            "Your soft_cross_entropy takes the targets as they are.",
        ),
        Mistake(
            "steps-from-zero",
            ("start=first_step", "start=0"),
            "The steps count from 0 in every epoch: each one would repeat the warmup.",
            "Count from first_step.",
        ),
        Mistake(
            "norm-fixed",
            ("model.parameters(), max_norm)", "model.parameters(), 1.0)"),
            "The gradients are clipped at a fixed norm; the caller gives max_norm.",
            "Hand the argument on.",
        ),
        Mistake(
            "always-scaled-to-max-norm",
            (
                _CLIP,
                "        scale = max_norm / nn.utils.clip_grad_norm_(model.parameters(), float('inf'))\n"
                "        for parameter in model.parameters():\n"
                "            parameter.grad.mul_(scale)\n",
            ),
            "Small gradients are blown up to max_norm; clipping only makes large ones smaller.",
            "A gradient whose norm is below max_norm stays as it is.",
        ),
        Mistake(
            "mean-of-batch-means",
            (
                ("loss.detach() * len(images)", "loss.detach()"),
                ("num_images += len(images)", "num_images += 1"),
            ),
            "Every batch counts the same in the mean loss; a smaller last batch must count for less.",
            "Weigh each batch's loss by its number of images, and divide by the number of all images.",
        ),
        Mistake(
            "sum-of-batch-means",
            ("    return float(total_loss) / num_images", "    return float(total_loss)"),
            "The losses are added up but not divided by the number of images.",
            "It is a mean over the images.",
        ),
        Mistake(
            "last-loss",
            ("    return float(total_loss) / num_images", "    return float(loss)"),
            "This is the loss of the last batch, not the mean over the epoch.",
            "Add up inside the loop, and divide after it.",
        ),
        Mistake(
            "tensor-returned",
            ("    return float(total_loss) / num_images", "    return total_loss / num_images"),
            "The mean loss is a tensor; a Python float is asked for.",
            "float(...) or .item(), once, after the loop.",
        ),
        Mistake(
            "len-of-batches",
            ("    return float(total_loss) / num_images", "    return float(total_loss) / len(batches)"),
            "It asks for len(batches), but batches need not have a length: a generator has none.",
            "Count the images while you loop.",
        ),
        Mistake(
            "emptied-after-the-step",
            ((_ZERO, ""), (_STEP, _STEP + _ZERO)),
            "The gradients are emptied after the step only: what another backward left there is added to the first batch's.",
            "Empty them in each turn before backward.",
        ),
        Mistake(
            "emptied-once",
            ((_ZERO, ""), ("    total_loss, num", "    optimizer.zero_grad()\n    total_loss, num")),
            "The gradients are emptied once, before the loop: each batch adds to those before it.",
            "The call belongs into the loop.",
        ),
        Mistake(
            "backward-twice",
            (_BACKWARD, "        loss.backward(retain_graph=True)\n        loss.backward()\n"),
            "backward runs twice, so that the gradients are twice as large.",
            "One backward a batch.",
        ),
        Mistake(
            "stepped-at-the-end",
            ((_STEP, ""), (_RETURN, "    optimizer.step()\n" + _RETURN)),
            "The optimizer steps once, after the loop; it steps after each batch.",
            "The step is the last thing in each turn.",
        ),
        Mistake(
            "small-batches-left-out",
            (_LR_LOOP, _LR_LOOP + "        if len(images) < 4:\n            continue\n"),
            "Small batches are left out; each batch is trained on, the last one too.",
            "A smaller batch counts for less in the mean, but it counts.",
        ),
        Mistake(
            "rate-multiplied",
            ('group["lr"] = lr_at', 'group["lr"] *= lr_at'),
            "The old rate is multiplied by lr_at(step); lr_at gives the rate itself.",
            "Set it, whatever it was.",
        ),
        Mistake(
            "every-second-rate",
            ("= lr_at(step)", "= lr_at(2 * step - first_step)"),
            "The steps are counted twice for each batch: the rate moves too fast.",
            "One batch is one step.",
        ),
        Mistake(
            "other-norm",
            ("max_norm)\n", "max_norm, norm_type=1)\n"),
            "The gradients are clipped by another norm; the total norm is the root of the sum of squares.",
            "Leave norm_type as it is.",
        ),
        Mistake(
            "first-group-clipped",
            ("clip_grad_norm_(model.parameters()", 'clip_grad_norm_(optimizer.param_groups[0]["params"]'),
            "Only the first parameter group is clipped; the norm of all parameters together is to be limited.",
            "Hand all of the model's parameters to one call.",
        ),
        Mistake(
            "softmax-before-the-loss",
            (_LOSS, "soft_cross_entropy(model(images).softmax(dim=-1), targets)"),
            "The loss is given probabilities; soft_cross_entropy takes logits and does the softmax itself.",
            "Hand on what the model gives.",
        ),
        Mistake(
            "loss-arguments-exchanged",
            (_LOSS, "soft_cross_entropy(targets, model(images))"),
            "The loss's arguments are exchanged: the logits come first, then the targets.",
            "soft_cross_entropy(logits, targets).",
        ),
        Mistake(
            "loss-summed",
            (_LOSS, "nn.functional.cross_entropy(model(images), targets, reduction='sum')"),
            "The loss is summed over the batch; it must be the mean, or a larger batch has larger gradients and counts twice in the mean.",
            "soft_cross_entropy gives the mean already.",
        ),
        Mistake(
            "evaluation-at-the-end",
            (_RETURN, "    model.eval()\n" + _RETURN),
            "The model is left in evaluation mode; it is left in training mode.",
            "Whoever evaluates sets that mode by themselves.",
        ),
        Mistake(
            "divided-by-steps",
            ("/ num_images", "/ (step + 1 - first_step)"),
            "The sum over the images is divided by the number of batches; it is a mean over the images.",
            "What has been added up, images or batches? Divide by as many.",
        ),
        Mistake(
            "batch-means-over-images",
            ("loss.detach() * len(images)", "loss.detach()"),
            "The batches' mean losses are added up and divided by the number of images: each must be weighed by its size first.",
            "A batch's loss times its number of images is the sum over its images.",
        ),
    ),
    hints=(
        "Per batch: set the rate, empty the gradients, loss, backward, clip, step. Beside that, add up the loss times the "
        "number of images, and divide at the end.",
        'enumerate(batches, start=first_step) counts the steps. Every dict in optimizer.param_groups has a key "lr". '
        "nn.utils.clip_grad_norm_ takes the parameters and the largest norm.",
        "for step, (images, targets) in enumerate(batches, start=first_step): for each group its lr; zero_grad; the loss of "
        "model(images); backward; clip_grad_norm_ of all the model's parameters with max_norm; step; add loss.detach() times "
        "len(images). The mean is a float.",
    ),
)
