"""Lab 05: what the checker feeds to the pieces of a training recipe, and the mistakes that it knows."""

import torch
import torch.nn.functional as F
from torch import nn

from ..reference import recipe as reference
from . import pictures
from .base import Exercise, Mistake

# --- parameter_groups ------------------------------------------------------------------------------------------


class _Tokens(nn.Module):
    def __init__(self, d, width):
        super().__init__()
        self.cls_token = nn.Parameter(d.normal(1, 1, width))
        self.pos_embed = nn.Parameter(d.normal(1, 5, width))


class _Zoo(nn.Module):
    """One parameter of every kind, under the names that models give them; `frozen` has no gradient."""

    def __init__(self, d):
        super().__init__()
        width = d.integer(4, 9)
        self.proj = nn.Conv2d(2, width, 3, bias=d.index == 0)
        self.tokens = _Tokens(d, width)
        self.dist_token = nn.Parameter(d.normal(1, 1, width))
        if d.index == 0:
            self.norm1, self.bn = nn.LayerNorm(width), nn.BatchNorm1d(width)
        else:
            self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.LayerNorm(width))
        self.token_mixer = nn.Linear(width, 3)
        self.frozen = nn.Linear(width, 2).requires_grad_(False)
        self.head = nn.Linear(width, 7)
        self.to(d.dtype)


def _draw_parameter_groups(d):
    return dict(model=_Zoo(d), weight_decay=d.uniform(0.06, 0.3))


def _probe_parameter_groups(answer, see, model, weight_decay):
    before = [(parameter.clone(), parameter.requires_grad) for parameter in model.parameters()]
    groups = answer(model, weight_decay)
    see("the type of the result", _kind(groups))
    see("the number of groups", len(groups))
    see("`weight_decay` of the first group", groups[0].get("weight_decay"))
    see("`weight_decay` of the second group", groups[1].get("weight_decay"))
    see("the sorting of the parameters", _misplaced(model, groups, reference.parameter_groups(model, weight_decay)))
    now = zip(model.parameters(), before, strict=True)
    same = all(torch.equal(new, old) and new.requires_grad == needed for new, (old, needed) in now)
    see("whether the model is as it was", same)


def _kind(groups):
    if not isinstance(groups, list | tuple):
        return "None" if groups is None else type(groups).__name__
    right = all(isinstance(group, dict) and isinstance(group.get("params"), list | tuple) for group in groups)
    return "a list of dicts, each with a list of params" if right else "a list of other things"


def _misplaced(model, groups, right_groups):
    """In words, which parameters are not in the group where they belong."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = _places(groups, names)
    right = _places(right_groups, names)
    says = {
        (): "is in no group",
        (0,): "decays",
        (1,): "does not decay",
        (0, 1): "is in both groups",
    }
    wrong = [
        f"{name} {says.get(tuple(found[name]), 'is there twice')}" for name in found if found[name] != right.get(name)
    ]
    return ", ".join(wrong) or "every parameter is in its group"


def _places(groups, names):
    places = {name: [] for name in names.values()}
    for place, group in enumerate(groups):
        for parameter in group["params"]:
            places.setdefault(names.get(id(parameter), "something that is no parameter"), []).append(place)
    return places


# --- warmup_cosine ---------------------------------------------------------------------------------------------


def _draw_warmup_cosine(d):
    warmup = 4 + d.index
    total = warmup + d.integer(9, 14)
    return dict(total_steps=total, warmup_steps=warmup, peak_lr=d.uniform(0.4, 0.9), final_lr=d.uniform(0.05, 0.2))


def _probe_warmup_cosine(answer, see, total_steps, warmup_steps, peak_lr, final_lr):
    def rate(step, total=total_steps, warmup=warmup_steps):
        return answer(step, total, warmup, peak_lr, final_lr)

    falling = total_steps - warmup_steps
    see("the rate at step 0", rate(0))
    see("the rate in the middle of the warmup", rate(warmup_steps // 2))
    see("the rate at the warmup's last step", rate(warmup_steps - 1))
    see("the rate at the first step after the warmup", rate(warmup_steps))
    see("the rate after a third of the fall", rate(warmup_steps + falling // 3))
    see("the rate at the last step", rate(total_steps - 1))
    see("the rate at every step", [rate(step) for step in range(total_steps)])
    see("the rate with final_lr left out", answer(total_steps - 2, total_steps, warmup_steps, peak_lr))
    see("the rate at step 0 without a warmup", rate(0, warmup=0))
    see("the rates without a warmup", [rate(step, warmup=0) for step in range(total_steps)])
    see("the rate when the whole run is warmup", rate(total_steps - 1, warmup=total_steps))


# --- mixup, cutmix ---------------------------------------------------------------------------------------------

_IMAGE_CASES = [dict(B=5, C=2, H=6, W=9, K=4), dict(B=3, C=4, H=11, W=8, K=7)]


def _draw_images(d):
    case = _IMAGE_CASES[d.index]
    images = d.normal(case["B"], case["C"], case["H"], case["W"])
    targets = d.distribution(case["B"], case["K"])
    return dict(images=images, targets=targets, perm=d.derangement(case["B"]))


def _draw_mixup(d):
    return dict(**_draw_images(d), lam=d.uniform(0.15, 0.35) + 0.45 * d.index)


_PARTS = ("the batch of images", "the batch of targets")


def _probe_mixup(answer, see, images, targets, perm, lam):
    see.pair("the result", _PARTS, answer(images, targets, lam, perm))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, lam, perm)[0], leaf)
    for share in (1.0, 0.0):
        mixed_images, mixed_targets = answer(images, targets, share, perm)
        see(f"the batch of images with lam = {share:g}", mixed_images)
        see(f"the batch of targets with lam = {share:g}", mixed_targets)


def _draw_cutmix(d):
    H, W = _IMAGE_CASES[d.index]["H"], _IMAGE_CASES[d.index]["W"]
    inside, at_the_left_border = (1, d.integer(2, 4), 3, 5), (d.integer(4, 6), 0, 5, 3)
    box = (inside, at_the_left_border)[d.index]
    assert box[0] + box[2] <= H and box[1] + box[3] <= W
    return dict(**_draw_images(d), box=box)


def _probe_cutmix(answer, see, images, targets, perm, box):
    see.pair("the result", _PARTS, answer(images, targets, box, perm))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, box, perm)[0], leaf)
    H, W = images.shape[2:]
    for words, other in (("an empty box", (2, 1, 0, 3)), ("a box over the whole image", (0, 0, H, W))):
        mixed_images, mixed_targets = answer(images, targets, other, perm)
        see(f"the batch of images for {words}", mixed_images)
        see(f"the batch of targets for {words}", mixed_targets)


# --- soft_cross_entropy ----------------------------------------------------------------------------------------


def _draw_soft_cross_entropy(d):
    B, K = [(5, 3), (2, 7)][d.index]
    return dict(logits=d.normal(B, K, scale=2.0), targets=d.distribution(B, K))


def _probe_soft_cross_entropy(answer, see, logits, targets):
    see("the result", answer(logits, targets))
    leaf = logits.clone().requires_grad_()
    see.gradient("`logits`", answer(leaf, targets), leaf)
    K = logits.shape[1]
    one_hot = F.one_hot(torch.arange(len(logits)) % K, K).to(logits.dtype)
    see("the result for one-hot targets", answer(logits, one_hot))
    see("the result for logits in the thousands", answer(1000 * logits, targets))
    leaf = (1000 * logits).requires_grad_()
    see.gradient("`logits` in the thousands", answer(leaf, targets), leaf)


# --- train_one_epoch -------------------------------------------------------------------------------------------


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


_EPOCH_CASES = [dict(sizes=(4, 4, 1), C=2, H=3, W=2, hidden=5, K=3), dict(sizes=(3, 2), C=1, H=2, W=5, hidden=4, K=6)]


def _draw_train_one_epoch(d):
    case = _EPOCH_CASES[d.index]
    N, pixels = sum(case["sizes"]), case["C"] * case["H"] * case["W"]
    images = d.normal(N, case["C"], case["H"], case["W"], scale=3.0)  # large, so that the gradients need the clip
    state = d.state(_Watched(pixels, case["hidden"], case["K"]), scale=0.8)
    return dict(images=images, targets=d.distribution(N, case["K"]), sizes=case["sizes"], state=state)


def _probe_train_one_epoch(answer, see, images, targets, sizes, state):
    hidden, in_features = state["fc1.weight"].shape

    def epoch(words, **arguments):
        model = _Watched(in_features, hidden, targets.shape[1], state).eval()
        weights = [model.fc1.weight, model.fc2.weight]
        biases = [model.fc1.bias, model.fc2.bias]
        optimizer = _WatchedSGD([{"params": weights}, {"params": biases}], lr=0.07)
        batches = zip(images.split(sizes), targets.split(sizes), strict=True)  # can be looped over once
        loss = answer(model, batches, optimizer, lambda step: 0.11 + 0.03 * step, **arguments)
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


def _mixup_in_place(images, targets, lam, perm):
    partners, partner_targets = (1 - lam) * images[perm], (1 - lam) * targets[perm]
    return images.mul_(lam).add_(partners), targets.mul_(lam).add_(partner_targets)


def _hard_labels(logits, targets):
    return F.cross_entropy(logits, targets.argmax(dim=-1))


def _naive_softmax(logits, targets):
    exponentials = logits.exp()
    probabilities = exponentials / exponentials.sum(dim=-1, keepdim=True)
    return -(targets * probabilities.log()).sum(dim=-1).mean()


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


_TARGETS_LINE = "mixed_targets = lam * targets + (1 - lam) * targets[perm]"
_IMAGES_LINE = "mixed_images = lam * images + (1 - lam) * images[perm]"
_BOX = "images[\n        perm, :, top : top + height, left : left + width\n    ]"
_BOX_TARGETS = "mixed_targets = (1 - pasted) * targets + pasted * targets[perm]"
_LR_LOOP = '        for group in optimizer.param_groups:\n            group["lr"] = lr_at(step)\n'
_CLIP = "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"

EXERCISES = (
    Exercise(
        id="parameter_groups",
        draw=_draw_parameter_groups,
        probe=_probe_parameter_groups,
        mistakes=(
            Mistake(
                "tokens-and-positions-decay",
                ("parameter.ndim <= 1 or is_token", "parameter.ndim <= 1"),
                "The class token and the positions decay: they have three axes, so counting axes does not find them.",
                "These two kinds of parameter you know by their names.",
            ),
            Mistake(
                "only-the-class-token",
                ('name.endswith("_token")', 'name.endswith("cls_token")'),
                "The class token is found, but not the other kinds of token: `dist_token` decays.",
                "Every name that ends in `_token` belongs to the second group.",
            ),
            Mistake(
                "positions-decay",
                (' or name.endswith("pos_embed")', ""),
                "The positions `pos_embed` decay: a position pulled towards zero forgets where it is.",
                "They need a test of their own: their name does not end in `_token`.",
            ),
            Mistake(
                "full-name-compared",
                (
                    'name.endswith("_token") or name.endswith("pos_embed")',
                    'name in ("cls_token", "dist_token", "pos_embed")',
                ),
                "The names are compared as a whole, but inside a model they carry a path: `tokens.cls_token`.",
                "Look at the end of the name only.",
            ),
            Mistake(
                "norms-decay",
                ("parameter.ndim <= 1", 'name.endswith("bias")'),
                "The norms' scales decay. Biases are found by name, but a norm's scale is called `weight`.",
                "What do biases and norm scales have in common, that no matrix has? Look at their shape.",
            ),
            Mistake(
                "biases-decay",
                ("parameter.ndim <= 1", '"norm" in name or "bn" in name'),
                "The biases of linear layers and convolutions decay; only those of the norms are left out.",
                "Every bias belongs to the second group, wherever it is.",
            ),
            Mistake(
                "convolutions-do-not-decay",
                ("parameter.ndim <= 1", "parameter.ndim != 2"),
                "The convolution's weight does not decay. It has four axes, and it is a matrix in disguise (lab 01).",
                "Ask for one axis or fewer, rather than for exactly two.",
            ),
            Mistake(
                "any-token-in-the-name",
                ('name.endswith("_token")', '"token" in name'),
                "Every name with “token” in it is taken for a token: `token_mixer.weight` is the matrix of a linear layer.",
                "`_token` stands at the end of a token's name.",
            ),
            Mistake(
                "groups-exchanged",
                (
                    ("            no_decay.append(parameter)", "            KEEP.append(parameter)"),
                    ("            decay.append(parameter)", "            no_decay.append(parameter)"),
                    ("            KEEP.append(parameter)", "            decay.append(parameter)"),
                ),
                "The two groups are exchanged: the biases decay and the matrices do not.",
                "Decay is for the matrices.",
            ),
            Mistake(
                "order-of-the-groups",
                (
                    ('        {"params": decay, "weight_decay": weight_decay},\n', ""),
                    (
                        '{"params": no_decay, "weight_decay": 0.0},',
                        '{"params": no_decay, "weight_decay": 0.0}, {"params": decay, "weight_decay": weight_decay},',
                    ),
                ),
                "The groups stand in the other order: the decaying one comes first.",
                "Exchange the two entries of the list that you return.",
            ),
            Mistake(
                "frozen-parameters",
                ("if not parameter.requires_grad:", "if False:"),
                "Frozen parameters are handed to the optimizer; a parameter with requires_grad=False belongs to no group.",
                "Skip them at the top of the loop.",
            ),
            Mistake(
                "both-decay",
                ('no_decay, "weight_decay": 0.0', 'no_decay, "weight_decay": weight_decay'),
                "Both groups decay; the second one's `weight_decay` is 0.",
                "The second group exists so that its decay can be zero.",
            ),
            Mistake(
                "second-group-by-default",
                ('no_decay, "weight_decay": 0.0', "no_decay"),
                "The second group has no `weight_decay` of its own, so the optimizer's default holds: AdamW's is 0.01.",
                "Say zero where you mean zero.",
            ),
            Mistake(
                "fixed-decay",
                ('"params": decay, "weight_decay": weight_decay', '"params": decay, "weight_decay": 0.05'),
                "The first group's `weight_decay` is a fixed number, not the argument.",
                "The caller says how strong the decay is.",
            ),
        ),
        hints=(
            "Walk over the names and parameters. Three kinds must not decay: what has one axis, the tokens, the positions.",
            "model.named_parameters() yields (name, parameter). A bias and a norm's scale have ndim 1; a token's name ends in "
            "_token, the positions' in pos_embed. Skip what has requires_grad=False. Return a list of two dicts.",
            'no_decay.append(parameter) if parameter.ndim <= 1 or name.endswith(("_token", "pos_embed")) else '
            'decay.append(parameter); then [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, '
            '"weight_decay": 0.0}].',
        ),
    ),
    Exercise(
        id="warmup_cosine",
        draw=_draw_warmup_cosine,
        probe=_probe_warmup_cosine,
        picture=pictures.learning_rates,
        mistakes=(
            Mistake(
                "starts-at-zero",
                ("(step + 1) / warmup_steps", "step / warmup_steps"),
                "The rate is zero at step 0: that step changes nothing, and the peak comes one step late.",
                "Step 0 is the first of w steps, and it gets one w-th of the peak.",
            ),
            Mistake(
                "peak-one-step-late",
                ("(step + 1) / warmup_steps", "(step + 1) / (warmup_steps + 1)"),
                "The warmup rises too slowly: its last step, w - 1, must reach the peak.",
                "Put w - 1 into your formula: does it give peak_lr?",
            ),
            Mistake(
                "warmup-from-final",
                (
                    "return peak_lr * (step + 1) / warmup_steps",
                    "return final_lr + (peak_lr - final_lr) * (step + 1) / warmup_steps",
                ),
                "The warmup rises from final_lr; it rises from zero.",
                "final_lr has a part in the fall only.",
            ),
            Mistake(
                "no-warmup",
                ("if step < warmup_steps:", "if False:"),
                "There is no warmup: the first steps follow the cosine too.",
                "The steps before warmup_steps need a branch of their own.",
            ),
            Mistake(
                "warmup-one-step-long",
                ("if step < warmup_steps:", "if step <= warmup_steps:"),
                "The warmup runs one step too long and shoots over the peak.",
                "The warmup's steps are 0 to w - 1.",
            ),
            Mistake(
                "no-half",
                ("0.5 * (peak_lr - final_lr)", "(peak_lr - final_lr)"),
                "The fall begins at twice the height: 1 + cos runs from 2 down to 0.",
                "A factor brings 1 + cos to the range from 1 to 0.",
            ),
            Mistake(
                "above-the-peak",
                ("0.5 * (peak_lr - final_lr)", "0.5 * peak_lr"),
                "The fall begins above the peak: final_lr is added, but the cosine still spans all of peak_lr.",
                "The cosine spans the way from the peak to final_lr, no more.",
            ),
            Mistake(
                "falls-to-zero",
                ("final_lr + 0.5 * (peak_lr - final_lr)", "0.5 * peak_lr"),
                "The rate falls to zero, whatever final_lr is.",
                "Where must the formula be when the cosine is at its lowest?",
            ),
            Mistake(
                "linear-fall",
                (
                    "0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                    "(peak_lr - final_lr) * (1 - progress)",
                ),
                "The rate falls along a straight line; it should follow half a cosine.",
                "Half a cosine is slow at both ends and steep in the middle.",
            ),
            Mistake(
                "whole-cosine",
                ("math.cos(math.pi * progress)", "math.cos(2 * math.pi * progress)"),
                "The rate falls and rises again: the cosine runs through a whole period, not through half of one.",
                "Half a period is pi.",
            ),
            Mistake(
                "quarter-cosine",
                (
                    "0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                    "(peak_lr - final_lr) * math.cos(math.pi / 2 * progress)",
                ),
                "This is a quarter of a cosine, steep at the end; half of one is flat at both ends.",
                "Half a period of a cosine goes from 1 to -1. Shift and scale that.",
            ),
            Mistake(
                "rises",
                ("1 + math.cos", "1 - math.cos"),
                "The rate drops to final_lr after the warmup and then rises.",
                "cos(0) is 1. At the start of the fall the whole height must be there.",
            ),
            Mistake(
                "progress-from-step-zero",
                ("(step - warmup_steps) / max(1, total_steps - warmup_steps)", "step / total_steps"),
                "The rate jumps down when the warmup ends: the fall's progress is counted from step 0.",
                "At step w the progress must be 0.",
            ),
            Mistake(
                "never-arrives",
                ("max(1, total_steps - warmup_steps)", "total_steps"),
                "The fall is too slow: it has only total_steps - warmup_steps steps to run through.",
                "At step total_steps the progress must be 1.",
            ),
            Mistake(
                "one-step-early",
                ("max(1, total_steps - warmup_steps)", "max(1, total_steps - warmup_steps - 1)"),
                "The rate is at final_lr one step too early; it gets there at step total_steps, where the run is over.",
                "How many steps lie between step w and step total_steps?",
            ),
        ),
        hints=(
            "Two branches. In the first, step 0 gets one w-th of the peak and step w - 1 all of it. In the second, a progress "
            "that runs from 0 to 1 goes into a cosine.",
            "progress = 0 at step w and 1 at step total_steps. cos(pi * progress) runs from 1 to -1: shift and scale it so "
            "that it runs from peak_lr to final_lr. Beware of a division by zero when the whole run is warmup.",
            "if step < warmup_steps: return peak_lr * (step + 1) / warmup_steps; else progress = (step - warmup_steps) / "
            "max(1, total_steps - warmup_steps) and final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress)).",
        ),
    ),
    Exercise(
        id="mixup",
        draw=_draw_mixup,
        probe=_probe_mixup,
        picture=pictures.mixed_image,
        mistakes=(
            Mistake(
                "targets-not-mixed",
                (_TARGETS_LINE, "mixed_targets = targets.clone()"),
                "The images are mixed but the targets are not: the model would be told that a blend is one class alone.",
                "Whatever happens to the images happens to the targets.",
            ),
            Mistake(
                "weights-exchanged",
                (
                    (_IMAGES_LINE, "mixed_images = (1 - lam) * images + lam * images[perm]"),
                    (_TARGETS_LINE, "mixed_targets = (1 - lam) * targets + lam * targets[perm]"),
                ),
                "The weights are exchanged: lam belongs to the image itself, 1 - lam to its partner.",
                "With lam = 1 nothing may change.",
            ),
            Mistake(
                "target-weights-exchanged",
                (_TARGETS_LINE, "mixed_targets = (1 - lam) * targets + lam * targets[perm]"),
                "The images are right, but the targets have the weights exchanged.",
                "Use the same two weights in both lines.",
            ),
            Mistake(
                "inverse-permutation",
                (
                    (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images[perm.argsort()]"),
                    (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets[perm.argsort()]"),
                ),
                "The permutation runs backwards: image i's partner is image perm[i].",
                "Indexing with perm puts image perm[i] at place i.",
            ),
            Mistake(
                "inverse-permutation-of-targets",
                (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets[perm.argsort()]"),
                "Images and targets have different partners.",
                "Index both with perm, in the same way.",
            ),
            Mistake(
                "mirrored-batch",
                (
                    (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images.flip(0)"),
                    (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets.flip(0)"),
                ),
                "The partner is taken from the batch in reverse; `perm` says who it is.",
                "Index with perm.",
            ),
            Mistake(
                "dominant-target",
                (_TARGETS_LINE, "mixed_targets = (targets if lam >= 0.5 else targets[perm]).clone()"),
                "The target is that of the stronger image alone; mixup gives both, with the weights of the images.",
                "The mixed target is a distribution over both classes.",
            ),
            Mistake(
                "weights-above-one",
                (
                    (_IMAGES_LINE, "mixed_images = images + (1 - lam) * images[perm]"),
                    (_TARGETS_LINE, "mixed_targets = targets + (1 - lam) * targets[perm]"),
                ),
                "The weights add up to more than 1: the image itself is not scaled by lam.",
                "The two weights are lam and 1 - lam.",
            ),
            Mistake(
                "not-returned",
                ("return mixed_images, mixed_targets", "return mixed_images"),
                "Only the images come back; mixup returns images and targets.",
                "Return two things.",
            ),
            Mistake(
                "in-place",
                _mixup_in_place,
                "The caller's images are changed in place; the next epoch would train on ruined data.",
                "Build new tensors: no mul_, no +=, no assignment into images.",
            ),
        ),
        hints=(
            "A weighted mean of two images, pixel by pixel, and the same weighted mean of their targets.",
            "images[perm] has shape (B, C, H, W), with image perm[i] at place i; targets[perm] is (B, K). lam weighs the first, "
            "1 - lam the second.",
            "lam * images + (1 - lam) * images[perm], lam * targets + (1 - lam) * targets[perm].",
        ),
    ),
    Exercise(
        id="cutmix",
        draw=_draw_cutmix,
        probe=_probe_cutmix,
        picture=pictures.pasted_image,
        mistakes=(
            Mistake(
                "targets-not-mixed",
                (_BOX_TARGETS, "mixed_targets = targets.clone()"),
                "A part of each image is another one's, but the targets do not say so.",
                "Weigh the two targets by the share of pixels that each image has.",
            ),
            Mistake(
                "shares-exchanged",
                (_BOX_TARGETS, "mixed_targets = pasted * targets + (1 - pasted) * targets[perm]"),
                "The shares are exchanged: the box's share belongs to the partner.",
                "With an empty box the targets stay as they are.",
            ),
            Mistake(
                "rows-and-columns-exchanged",
                (
                    (
                        "mixed_images[:, :, top : top + height, left : left + width]",
                        "mixed_images[:, :, left : left + width, top : top + height]",
                    ),
                    (_BOX, "images[perm, :, left : left + width, top : top + height]"),
                ),
                "Rows and columns are exchanged: top and height count rows, which is axis 2.",
                "Images are (B, C, H, W): the vertical axis comes first.",
            ),
            Mistake(
                "box-as-corners",
                (
                    (
                        "mixed_images[:, :, top : top + height, left : left + width]",
                        "mixed_images[:, :, top:height, left:width]",
                    ),
                    (_BOX, "images[perm, :, top:height, left:width]"),
                ),
                "The box is read as two corners, but it is a corner and a size: (top, left, height, width).",
                "The row below the box is top + height.",
            ),
            Mistake(
                "box-from-the-corner",
                (_BOX, "images[perm, :, :height, :width]"),
                "The box is cut from the partner's upper left corner; it comes from the same place.",
                "Both sides of the assignment have the same rows and columns.",
            ),
            Mistake(
                "inverse-permutation",
                (
                    (_BOX, "images[perm.argsort(), :, top : top + height, left : left + width]"),
                    (_BOX_TARGETS, "mixed_targets = (1 - pasted) * targets + pasted * targets[perm.argsort()]"),
                ),
                "The permutation runs backwards: image i's box comes from image perm[i].",
                "Indexing with perm puts image perm[i] at place i.",
            ),
            Mistake(
                "own-box",
                (_BOX, "images[:, :, top : top + height, left : left + width]"),
                "Each image gets its own box back: nothing is pasted.",
                "The right side of the assignment needs perm.",
            ),
            Mistake(
                "inside-out",
                (
                    ("mixed_images = images.clone()", "mixed_images = images[perm]"),
                    (_BOX, "images[:, :, top : top + height, left : left + width]"),
                ),
                "Inside and outside are exchanged: the image itself stays around the box.",
                "Start from a copy of the images, and write the partner's pixels into the box.",
            ),
            Mistake(
                "black-box",
                ("= " + _BOX, "= 0"),
                "The box is blacked out (that is cutout); cutmix fills it with the partner's pixels.",
                "What goes in comes from images[perm], at the same place.",
            ),
            Mistake(
                "first-channel-only",
                (
                    ("mixed_images[:, :, top", "mixed_images[:, 0, top"),
                    (_BOX, "images[perm, 0, top : top + height, left : left + width]"),
                ),
                "Only the first channel of the box is pasted.",
                "Take all of axis 1, on both sides.",
            ),
            Mistake(
                "square-area",
                ("height * width / (H * W)", "height * width / (H * H)"),
                "The share is wrong unless the image is square: an image has H * W pixels.",
                "Both sides of the image count.",
            ),
            Mistake(
                "share-of-one-side",
                ("height * width / (H * W)", "height / H"),
                "The share is that of one side; the targets are weighed by area.",
                "How many pixels has the box, and how many the image?",
            ),
            Mistake(
                "in-place",
                ("mixed_images = images.clone()", "mixed_images = images"),
                "The caller's images are changed in place; the next epoch would train on ruined data.",
                "Write into a copy.",
            ),
        ),
        hints=(
            "Copy the images, overwrite a rectangle with the partner's pixels from the same place, and count pixels for the targets.",
            "A slice of (B, C, H, W) by rows top to top + height and columns left to left + width is the box. Its share of the "
            "image's H * W pixels is the partner's weight.",
            "mixed = images.clone(); mixed[:, :, top : top + height, left : left + width] = images[perm][:, :, top : top + height, "
            "left : left + width]; pasted = height * width / (H * W); (1 - pasted) * targets + pasted * targets[perm].",
        ),
    ),
    Exercise(
        id="soft_cross_entropy",
        draw=_draw_soft_cross_entropy,
        probe=_probe_soft_cross_entropy,
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
    ),
    Exercise(
        id="train_one_epoch",
        draw=_draw_train_one_epoch,
        probe=_probe_train_one_epoch,
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
        ),
        hints=(
            "Per batch: set the rate, empty the gradients, loss, backward, clip, step. Beside that, add up the loss times the "
            "number of images, and divide at the end.",
            'enumerate(batches, start=first_step) counts the steps. Every dict in optimizer.param_groups has a key "lr". '
            "nn.utils.clip_grad_norm_ takes the parameters and the largest norm.",
            "for step, (images, targets) in enumerate(batches, start=first_step): the rate; optimizer.zero_grad(); loss = "
            "soft_cross_entropy(model(images), targets); loss.backward(); nn.utils.clip_grad_norm_(model.parameters(), max_norm); "
            "optimizer.step(); total += loss.detach() * len(images). Then float(total) / num_images.",
        ),
    ),
)
