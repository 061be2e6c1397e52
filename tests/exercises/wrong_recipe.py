"""Wrong answers to lab 05's exercises: see test_wrong. Most are a change of the reference's text."""

_SORT = "parameter.ndim <= 1 or is_token"
_TOKEN = 'name.endswith("_token") or name.endswith("pos_embed")'
_SKIP = "            continue\n"
_RETURNED = (
    ('        {"params": decay, "weight_decay": weight_decay},\n', ""),
    ('        {"params": no_decay, "weight_decay": 0.0},\n', ""),
)


def _returns(text):
    """The answer that returns something else."""
    first, second = _RETURNED
    return (("    return [\n", f"    return {text}\n    [\n"), first, second)


_RISE = "peak_lr * (step + 1) / warmup_steps"
_FALL = "final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))"
_COS = "math.cos(math.pi * progress)"
_PROGRESS = "(step - warmup_steps) / max(1, total_steps - warmup_steps)"

_MIX = "lam * images + (1 - lam) * images[perm]"
_MIX_TARGETS = "lam * targets + (1 - lam) * targets[perm]"
_RETURN = "return mixed_images, mixed_targets"

_TOP, _LEFT = "top : top + height", "left : left + width"
_INTO = f"mixed_images[:, :, {_TOP}, {_LEFT}]"
_BOX = f"images[\n        perm, :, {_TOP}, {_LEFT}\n    ]"
_AREA = "height * width / (H * W)"
_SHARES = "(1 - pasted) * targets + pasted * targets[perm]"

_LOG = "logits.log_softmax(dim=-1)"
_LOSS = "-(targets * log_probabilities).sum(dim=-1).mean()"

_ZERO = "        optimizer.zero_grad()\n"
_BACKWARD = "        loss.backward()\n"
_CLIP = "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"
_STEP = "        optimizer.step()\n"
_RATE = '        for group in optimizer.param_groups:\n            group["lr"] = lr_at(step)\n'
_MEAN = "float(total_loss) / num_images"
_BATCH_LOSS = "soft_cross_entropy(model(images), targets)"

WRONG = {
    "parameter_groups": [
        (
            "lists as default arguments",
            (
                ("(model, weight_decay):", "(model, weight_decay, decay=[], no_decay=[]):"),
                ("    decay, no_decay = [], []\n", ""),
            ),
            {0},
        ),
        ("norms by their names", (_SORT, '"bias" in name or "norm" in name or is_token'), {0}),
        ("only what has no axis", (_SORT, "parameter.ndim < 1 or is_token"), {0}),
        ("one group", _returns('[{"params": decay, "weight_decay": weight_decay}]'), {0}),
        ("two lists", _returns("decay, no_decay"), {0}),
        ("a dict of two groups", _returns('{"decay": decay, "no_decay": no_decay}'), {0}),
        (
            "names in place of parameters",
            (
                ("            decay.append(parameter)", "            decay.append(name)"),
                ("            no_decay.append(parameter)", "            no_decay.append(name)"),
            ),
            {0},
        ),
        (
            "data in place of parameters",
            (
                ("            decay.append(parameter)", "            decay.append(parameter.data)"),
                ("            no_decay.append(parameter)", "            no_decay.append(parameter.data)"),
            ),
            {0},
        ),
        ("squeezed", (_SORT, "parameter.squeeze().ndim <= 1 or is_token"), {0}),
        ("only the model's own", ("in model.named_parameters():", "in model.named_parameters(recurse=False):"), {0}),
        ("starts of names", (_TOKEN, 'name.startswith(("cls_token", "dist_token", "pos_embed"))'), {0}),
        ("stops at the first frozen one", (_SKIP, "            break\n"), {0}),
        ("frozen ones do not decay", (_SKIP, "            no_decay.append(parameter)\n            continue\n"), {0}),
        ("matrices of two axes only", (_SORT, "not (parameter.ndim == 2) or is_token"), {0}),
        ("another key", ('decay, "weight_decay": weight_decay', 'decay, "decay": weight_decay'), {0}),
        (
            "ones that decay are in both",
            (
                "            no_decay.append(parameter)\n        else:\n",
                "            no_decay.append(parameter)\n        if True:\n",
            ),
            {0},
        ),
        ("the head does not decay", (_SORT, f'{_SORT} or name.startswith("head")'), {0}),
        ("any pos or token in the name", (_TOKEN, '"pos" in name or "token" in name'), {0}),
        ("biases by name, tokens not", (_SORT, 'name.endswith("bias")'), {0}),
    ],
    "warmup_cosine": [
        ("degrees", (_COS, "math.cos(180 * progress)"), {0}),
        ("whole steps of progress", (_PROGRESS, _PROGRESS.replace(" / ", " // ")), {0}),
        (
            "one step ahead in the fall",
            (_PROGRESS, _PROGRESS.replace("step - warmup_steps) /", "step + 1 - warmup_steps) /")),
            {0},
        ),
        ("never below final_lr", (_FALL, f"max(final_lr, 0.5 * peak_lr * (1 + {_COS}))"), {0}),
        ("sine", ("math.cos(", "math.sin("), {0}),
        ("no pi", ("math.pi * progress", "progress"), {0}),
        ("exponential fall", (_FALL, "peak_lr * (final_lr / peak_lr) ** progress"), {0}),
        ("a tensor", (_FALL, "torch.tensor(" + _FALL + ")"), {0}),
        ("rise over the whole run", (_RISE, "peak_lr * (step + 1) / total_steps"), {0}),
        ("final_lr without a default", ("final_lr=0.0", "final_lr"), {0}),
        ("squared rise", (_RISE, "peak_lr * ((step + 1) / warmup_steps) ** 2"), {0}),
        ("a factor in the fall", (_FALL, f"0.5 * (1 + {_COS})"), {0}),
        ("a factor in the rise", (_RISE, "(step + 1) / warmup_steps"), {0}),
        ("whole steps of the rise", (_RISE, "peak_lr * ((step + 1) // warmup_steps)"), {0}),
        (
            "rise without its branch",
            (
                "    if step < warmup_steps:\n        return peak_lr",
                "    if step + 1 < warmup_steps:\n        return peak_lr",
            ),
            {0},
        ),
        (
            "rise divided before it is asked for",
            (
                "    if step < warmup_steps:\n",
                "    rise = peak_lr * (step + 1) / warmup_steps\n    if step < warmup_steps:\n",
            ),
            {0},
        ),
        ("falls from twice the peak", ("0.5 * (peak_lr - final_lr)", "(peak_lr - final_lr)"), {0}),
        ("no final_lr at the bottom", ("final_lr + 0.5", "0.5"), {0}),
        ("falls to minus", ("(1 + math.cos", "(math.cos"), {0}),
        ("printed, not returned", (f"return {_FALL}", f"print({_FALL}, end='')"), {0}),
    ],
    "mixup": [
        ("images exchanged, targets not", (_MIX, "(1 - lam) * images + lam * images[perm]"), {0}),
        ("partners twice", (_MIX, "lam * images[perm] + (1 - lam) * images[perm]"), {0}),
        ("targets first", (_RETURN, "return mixed_targets, mixed_images"), {0}),
        ("halves", ((_MIX, "(images + images[perm]) / 2"), (_MIX_TARGETS, "(targets + targets[perm]) / 2")), {0}),
        ("targets side by side", (_MIX_TARGETS, "torch.cat([lam * targets, (1 - lam) * targets[perm]], dim=1)"), {0}),
        ("four results", (_RETURN, "return mixed_images, targets, targets[perm], lam"), {0}),
        ("the larger weight", ("    mixed_images =", "    lam = max(lam, 1 - lam)\n    mixed_images ="), {0}),
        (
            "a permutation of its own",
            ("    mixed_images =", "    perm = torch.randperm(len(images))\n    mixed_images ="),
            {0},
        ),
        ("a weight of its own", ("    mixed_images =", "    lam = float(torch.rand(()))\n    mixed_images ="), {0}),
        ("a weight for each pixel", (_MIX, "torch.lerp(images[perm], images, torch.rand_like(images))"), {0}),
        (
            "the neighbour",
            (
                (_MIX, _MIX.replace("images[perm]", "images.roll(1, 0)")),
                (_MIX_TARGETS, _MIX_TARGETS.replace("targets[perm]", "targets.roll(1, 0)")),
            ),
            {0},
        ),
        ("squeezed", (_RETURN, "return mixed_images.squeeze(), mixed_targets.squeeze()"), {0}),
        ("cut from the graph", (_MIX, _MIX.replace("* images +", "* images.detach() +")), {0}),
        (
            "one class of the mixed ones",
            (_MIX_TARGETS, f"nn.functional.one_hot(({_MIX_TARGETS}).argmax(1), targets.shape[1]).to(targets.dtype)"),
            {0},
        ),
        (
            "targets in place",
            (
                f"mixed_targets = {_MIX_TARGETS}",
                "mixed_targets = targets.mul_(lam).add_((1 - lam) * targets[perm].clone() / lam)",
            ),
            {0},
        ),
        ("added only", ((_MIX, "images + images[perm]"), (_MIX_TARGETS, "targets + targets[perm]")), {0}),
        ("partners of the targets alone", (_MIX, "lam * images + (1 - lam) * images"), {0}),
        (
            "square of the weight",
            (
                (_MIX, "lam**2 * images + (1 - lam**2) * images[perm]"),
                (_MIX_TARGETS, "lam**2 * targets + (1 - lam**2) * targets[perm]"),
            ),
            {0},
        ),
        ("minus", (_MIX, "lam * images - (1 - lam) * images[perm]"), {0}),
        ("nothing returned", (_RETURN, "mixed_images, mixed_targets"), {0}),
    ],
    "cutmix": [
        ("whole area", (_AREA, "height * width // (H * W)"), {0}),
        (
            "one row and column more",
            (
                (_INTO, _INTO.replace("+ height", "+ height + 1").replace("+ width", "+ width + 1")),
                (_BOX, _BOX.replace("+ height", "+ height + 1").replace("+ width", "+ width + 1")),
            ),
            {0},
        ),
        ("area with channels", (_AREA, "C * height * width / (H * W)"), {0}),
        ("sides added", (_AREA, "(height + width) / (H + W)"), {0}),
        ("one partner for all", (_BOX, f"images[perm[0], :, {_TOP}, {_LEFT}]"), {0}),
        (
            "one after the other",
            (
                f"{_INTO} = {_BOX}",
                f"for i, j in enumerate(perm):\n"
                f"        mixed_images[i, :, {_TOP}, {_LEFT}] = mixed_images[j, :, {_TOP}, {_LEFT}]",
            ),
            {0},
        ),
        ("only images", (_RETURN, "return mixed_images"), {0}),
        ("half and half", (_SHARES, "0.5 * targets + 0.5 * targets[perm]"), {0}),
        ("only the box", (_RETURN, f"return images[perm, :, {_TOP}, {_LEFT}], mixed_targets"), {0}),
        ("added", (f"{_INTO} = ", f"{_INTO} += "), {0}),
        (
            "box around its centre",
            (
                "    mixed_images = images.clone()",
                "    top, left = max(top - height // 2, 0), max(left - width // 2, 0)\n"
                "    mixed_images = images.clone()",
            ),
            {0},
        ),
        ("left before top", ("top, left, height, width = box", "left, top, width, height = box"), {0}),
        ("squeezed", (_RETURN, "return mixed_images.squeeze(), mixed_targets"), {0}),
        (
            "batch in reverse",
            (
                (_BOX, f"images.flip(0)[:, :, {_TOP}, {_LEFT}]"),
                (_SHARES, _SHARES.replace("targets[perm]", "targets.flip(0)")),
            ),
            {0},
        ),
        ("the larger part's class", (_SHARES, "targets[perm] if pasted > 0.5 else targets.clone()"), {0}),
        ("targets of other partners", (_SHARES, _SHARES.replace("perm", "perm.argsort()")), {0}),
        (
            "blended in the box",
            (_BOX, f"0.5 * images[:, :, {_TOP}, {_LEFT}] + 0.5 * images[perm, :, {_TOP}, {_LEFT}]"),
            {0},
        ),
        ("the whole partner", (_BOX, "images[perm]"), {0}),
        ("bars across the image", ((_INTO, f"mixed_images[:, :, {_TOP}]"), (_BOX, f"images[perm, :, {_TOP}]")), {0}),
        ("cut from the graph", ("images.clone()", "images.detach().clone()"), {0}),
        ("height and width exchanged", ("top, left, height, width = box", "top, left, width, height = box"), {0}),
        ("partner's class alone", (_SHARES, "targets[perm]"), {0}),
    ],
    "soft_cross_entropy": [
        ("kl_div", (_LOSS, 'nn.functional.kl_div(log_probabilities, targets, reduction="batchmean")'), {0}),
        (
            "kl_div, arguments exchanged",
            (_LOSS, 'nn.functional.kl_div(targets, log_probabilities, reduction="batchmean")'),
            {0},
        ),
        (
            "kl_div of probabilities",
            (_LOSS, 'nn.functional.kl_div(logits.softmax(-1), targets, reduction="batchmean")'),
            {0},
        ),
        ("kl_div, mean over all", (_LOSS, 'nn.functional.kl_div(log_probabilities, targets, reduction="mean")'), {0}),
        ("library's sum", (_LOSS, 'nn.functional.cross_entropy(logits, targets, reduction="sum")'), {0}),
        ("binary", (_LOSS, "nn.functional.binary_cross_entropy_with_logits(logits, targets)"), {0}),
        ("squares", (_LOSS, "(logits.softmax(-1) - targets).square().mean()"), {0}),
        ("a Python number", (_LOSS, f"({_LOSS}).item()"), {0}),
        ("logarithm of a sum of exponentials", (_LOG, "logits - logits.exp().sum(dim=-1, keepdim=True).log()"), {0}),
        (
            "shifted by the batch's largest",
            (_LOG, "(logits - logits.max()) - (logits - logits.max()).exp().sum(-1, keepdim=True).log()"),
            {0},
        ),
        (
            "shifted, then the logarithm",
            (
                _LOG,
                "(e := (logits - logits.amax(-1, keepdim=True)).exp()).div(e.sum(-1, keepdim=True)).log()",
            ),
            {0},
        ),
        ("sum over images, mean over classes", (_LOSS, "-(targets * log_probabilities).sum(dim=0).mean()"), {0}),
        ("softmax of the targets", (_LOSS, "-(targets.softmax(-1) * log_probabilities).sum(dim=-1).mean()"), {0}),
        ("log2", (_LOG, f"{_LOG} / math.log(2)"), {0}),
        ("clamped probabilities", (_LOG, "logits.softmax(-1).clamp(min=1e-12).log()"), {0}),
        ("no keepdim", (_LOG, "logits - logits.logsumexp(dim=-1)"), {0}),
        ("label smoothing", (_LOSS, "nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)"), {0}),
        ("library, arguments exchanged", (_LOSS, "nn.functional.cross_entropy(targets, logits)"), {0}),
        ("library on probabilities", (_LOSS, "nn.functional.cross_entropy(logits.softmax(-1), targets)"), {0}),
        ("nll of the largest", (_LOSS, "nn.functional.nll_loss(log_probabilities, targets.argmax(-1))"), {0}),
        ("divided by the classes", (_LOSS, f"{_LOSS} / logits.shape[1]"), {0}),
        ("no minus and mean over all", (_LOSS, "(targets * log_probabilities).mean()"), {0}),
    ],
    "train_one_epoch": [
        ("emptied after the step", ((_ZERO, ""), (_STEP, _STEP + _ZERO)), {0}),
        (
            "emptied before the loop only",
            ((_ZERO, ""), ("    total_loss, num", "    optimizer.zero_grad()\n    total_loss, num")),
            {0},
        ),
        ("clipped before backward", ((_CLIP, ""), (_BACKWARD, _CLIP + _BACKWARD)), {0}),
        ("clipped after the step", ((_CLIP, ""), (_STEP, _STEP + _CLIP)), {0}),
        ("backward twice", (_BACKWARD, "        loss.backward(retain_graph=True)\n        loss.backward()\n"), {0}),
        ("evaluation at the end", (f"    return {_MEAN}", f"    model.eval()\n    return {_MEAN}"), {0}),
        ("rate as an attribute", (_RATE, "        optimizer.lr = lr_at(step)\n"), {0}),
        ("rate of the list", (_RATE, '        optimizer.param_groups["lr"] = lr_at(step)\n'), {0}),
        ("steps by two", ("= lr_at(step)", "= lr_at(first_step + 2 * (step - first_step))"), {0}),
        ("steps from one", ("start=first_step", "start=first_step + 1"), {0}),
        ("divided by the steps", ("num_images += len(images)", "num_images += 1"), {0}),
        ("not weighed", ("loss.detach() * len(images)", "loss.detach()"), {0}),
        ("sum of absolute values", ("max_norm)", "max_norm, norm_type=1)"), {0}),
        ("loss summed", (_BATCH_LOSS, 'nn.functional.cross_entropy(model(images), targets, reduction="sum")'), {0}),
        ("loss, arguments exchanged", (_BATCH_LOSS, "soft_cross_entropy(targets, model(images))"), {0}),
        ("softmax before the loss", (_BATCH_LOSS, "soft_cross_entropy(model(images).softmax(-1), targets)"), {0}),
        ("first group clipped only", ("model.parameters()", 'optimizer.param_groups[0]["params"]'), {0}),
        ("rates multiplied", ('group["lr"] = lr_at', 'group["lr"] *= lr_at'), {0}),
        ("smaller batches left out", (_RATE, _RATE + "        if len(images) < 3:\n            continue\n"), {0}),
        ("nothing returned", (f"    return {_MEAN}", "    pass"), {0}),
        ("evaluation in the loop", ("        loss = soft", "        model.eval()\n        loss = soft"), {0}),
        (
            "largest loss",
            (
                "total_loss = total_loss + loss.detach() * len(images)",
                "total_loss = max(total_loss, loss.detach() * len(images))",
            ),
            {0},
        ),
        (
            "stepped at the end only",
            ((_STEP, ""), (f"    return {_MEAN}", f"    optimizer.step()\n    return {_MEAN}")),
            {0},
        ),
        (
            "rate set once",
            (
                (_RATE, ""),
                (
                    "    total_loss, num",
                    '    for group in optimizer.param_groups:\n        group["lr"] = lr_at(first_step)\n'
                    "    total_loss, num",
                ),
            ),
            {0},
        ),
    ],
}
