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
            {"says:in a second call"},
        ),
        ("norms by their names", (_SORT, '"bias" in name or "norm" in name or is_token'), {"norms-by-name"}),
        ("only what has no axis", (_SORT, "parameter.ndim < 1 or is_token"), {"one-axis-decays"}),
        ("one group", _returns('[{"params": decay, "weight_decay": weight_decay}]'), {"one-group"}),
        ("two lists", _returns("decay, no_decay"), {"two-lists"}),
        ("a dict of two groups", _returns('{"decay": decay, "no_decay": no_decay}'), {"a-dict-of-lists"}),
        (
            "names in place of parameters",
            (
                ("            decay.append(parameter)", "            decay.append(name)"),
                ("            no_decay.append(parameter)", "            no_decay.append(name)"),
            ),
            {"names-in-the-groups"},
        ),
        (
            "data in place of parameters",
            (
                ("            decay.append(parameter)", "            decay.append(parameter.data)"),
                ("            no_decay.append(parameter)", "            no_decay.append(parameter.data)"),
            ),
            {"data-in-the-groups"},
        ),
        ("squeezed", (_SORT, "parameter.squeeze().ndim <= 1 or is_token"), {"one-row-matrix"}),
        (
            "only the model's own",
            ("in model.named_parameters():", "in model.named_parameters(recurse=False):"),
            {"first-level-only"},
        ),
        (
            "starts of names",
            (_TOKEN, 'name.startswith(("cls_token", "dist_token", "pos_embed"))'),
            {"full-name-compared"},
        ),
        ("stops at the first frozen one", (_SKIP, "            break\n"), {"stops-at-the-first-frozen"}),
        (
            "frozen ones do not decay",
            (_SKIP, "            no_decay.append(parameter)\n            continue\n"),
            {"frozen-do-not-decay"},
        ),
        ("matrices of two axes only", (_SORT, "not (parameter.ndim == 2) or is_token"), {"convolutions-do-not-decay"}),
        ("another key", ('decay, "weight_decay": weight_decay', 'decay, "decay": weight_decay'), {"another-key"}),
        (
            "ones that decay are in both",
            (
                "            no_decay.append(parameter)\n        else:\n",
                "            no_decay.append(parameter)\n        if True:\n",
            ),
            {"spared-ones-in-both-groups"},
        ),
        ("the head does not decay", (_SORT, f'{_SORT} or name.startswith("head")'), {"head-does-not-decay"}),
        ("any pos or token in the name", (_TOKEN, '"pos" in name or "token" in name'), {"any-token-in-the-name"}),
        ("biases by name, tokens not", (_SORT, 'name.endswith("bias")'), {"only-biases"}),
    ],
    "warmup_cosine": [
        ("degrees", (_COS, "math.cos(180 * progress)"), {"degrees"}),
        ("whole steps of progress", (_PROGRESS, _PROGRESS.replace(" / ", " // ")), {"whole-progress"}),
        (
            "one step ahead in the fall",
            (_PROGRESS, _PROGRESS.replace("step - warmup_steps) /", "step + 1 - warmup_steps) /")),
            {"fall-one-step-ahead"},
        ),
        ("never below final_lr", (_FALL, f"max(final_lr, 0.5 * peak_lr * (1 + {_COS}))"), {"falls-to-zero"}),
        ("sine", ("math.cos(", "math.sin("), {"sine"}),
        ("no pi", ("math.pi * progress", "progress"), {"no-pi"}),
        ("exponential fall", (_FALL, "peak_lr * (final_lr / peak_lr) ** progress"), {"exponential-fall"}),
        ("a tensor", (_FALL, "torch.tensor(" + _FALL + ")"), {"says:must be a Python float, but it is a tensor"}),
        ("rise over the whole run", (_RISE, "peak_lr * (step + 1) / total_steps"), {"rise-over-the-run"}),
        ("final_lr without a default", ("final_lr=0.0", "final_lr"), {"says:cannot be called as the text says"}),
        ("squared rise", (_RISE, "peak_lr * ((step + 1) / warmup_steps) ** 2"), {"squared-rise"}),
        ("a factor in the fall", (_FALL, f"0.5 * (1 + {_COS})"), {"factor-in-the-fall"}),
        ("a factor in the rise", (_RISE, "(step + 1) / warmup_steps"), {"factor-in-the-rise"}),
        ("whole steps of the rise", (_RISE, "peak_lr * ((step + 1) // warmup_steps)"), {"whole-rise"}),
        (
            "rise without its branch",
            (
                "    if step < warmup_steps:\n        return peak_lr",
                "    if step + 1 < warmup_steps:\n        return peak_lr",
            ),
            {"warmup-one-step-short"},
        ),
        (
            "rise divided before it is asked for",
            (
                "    if step < warmup_steps:\n",
                "    rise = peak_lr * (step + 1) / warmup_steps\n    if step < warmup_steps:\n",
            ),
            {"divided-too-early"},
        ),
        ("falls from twice the peak", ("0.5 * (peak_lr - final_lr)", "(peak_lr - final_lr)"), {"no-half"}),
        ("no final_lr at the bottom", ("final_lr + 0.5", "0.5"), {"final-not-added"}),
        ("falls to minus", ("(1 + math.cos", "(math.cos"), {"minus-one"}),
        (
            "printed, not returned",
            (f"return {_FALL}", f"print({_FALL}, end='')"),
            {"says:must be a Python float, but it is None"},
        ),
    ],
    "mixup": [
        ("images exchanged, targets not", (_MIX, "(1 - lam) * images + lam * images[perm]"), {"weights-exchanged"}),
        ("partners twice", (_MIX, "lam * images[perm] + (1 - lam) * images[perm]"), {"partners-twice"}),
        ("targets first", (_RETURN, "return mixed_targets, mixed_images"), {"targets-first"}),
        (
            "halves",
            ((_MIX, "(images + images[perm]) / 2"), (_MIX_TARGETS, "(targets + targets[perm]) / 2")),
            {"halves"},
        ),
        (
            "targets side by side",
            (_MIX_TARGETS, "torch.cat([lam * targets, (1 - lam) * targets[perm]], dim=1)"),
            {"targets-side-by-side"},
        ),
        ("four results", (_RETURN, "return mixed_images, targets, targets[perm], lam"), {"both-targets-returned"}),
        ("the larger weight", ("    mixed_images =", "    lam = max(lam, 1 - lam)\n    mixed_images ="), {None}),
        (
            "a permutation of its own",
            ("    mixed_images =", "    perm = torch.randperm(len(images))\n    mixed_images ="),
            {"relation:moving"},
        ),
        (
            "a weight of its own",
            ("    mixed_images =", "    lam = float(torch.rand(()))\n    mixed_images ="),
            {"relation:moving"},
        ),
        (
            "a weight for each pixel",
            (_MIX, "torch.lerp(images[perm], images, torch.rand_like(images))"),
            {"relation:moving"},
        ),
        (
            "the neighbour",
            (
                (_MIX, _MIX.replace("images[perm]", "images.roll(1, 0)")),
                (_MIX_TARGETS, _MIX_TARGETS.replace("targets[perm]", "targets.roll(1, 0)")),
            ),
            {"neighbour"},
        ),
        ("squeezed", (_RETURN, "return mixed_images.squeeze(), mixed_targets.squeeze()"), {"relation:shape"}),
        ("cut from the graph", (_MIX, _MIX.replace("* images +", "* images.detach() +")), {"detached"}),
        (
            "one class of the mixed ones",
            (_MIX_TARGETS, f"nn.functional.one_hot(({_MIX_TARGETS}).argmax(1), targets.shape[1]).to(targets.dtype)"),
            {None},
        ),
        (
            "targets in place",
            (
                f"mixed_targets = {_MIX_TARGETS}",
                "mixed_targets = targets.mul_(lam).add_((1 - lam) * targets[perm].clone() / lam)",
            ),
            {"says:changes its argument"},
        ),
        ("added only", ((_MIX, "images + images[perm]"), (_MIX_TARGETS, "targets + targets[perm]")), {"added"}),
        ("partners of the targets alone", (_MIX, "lam * images + (1 - lam) * images"), {"images-not-mixed"}),
        (
            "square of the weight",
            (
                (_MIX, "lam**2 * images + (1 - lam**2) * images[perm]"),
                (_MIX_TARGETS, "lam**2 * targets + (1 - lam**2) * targets[perm]"),
            ),
            {"squared-weight"},
        ),
        ("minus", (_MIX, "lam * images - (1 - lam) * images[perm]"), {"subtracted"}),
        ("nothing returned", (_RETURN, "mixed_images, mixed_targets"), {"relation:no return"}),
    ],
    "cutmix": [
        ("whole area", (_AREA, "height * width // (H * W)"), {"targets-not-mixed"}),
        (
            "one row and column more",
            (
                (_INTO, _INTO.replace("+ height", "+ height + 1").replace("+ width", "+ width + 1")),
                (_BOX, _BOX.replace("+ height", "+ height + 1").replace("+ width", "+ width + 1")),
            ),
            {"one-more"},
        ),
        ("area with channels", (_AREA, "C * height * width / (H * W)"), {"area-times-channels"}),
        ("sides added", (_AREA, "(height + width) / (H + W)"), {"sides-added"}),
        ("one partner for all", (_BOX, f"images[perm[0], :, {_TOP}, {_LEFT}]"), {"one-partner"}),
        (
            "one after the other",
            (
                f"{_INTO} = {_BOX}",
                f"for i, j in enumerate(perm):\n"
                f"        mixed_images[i, :, {_TOP}, {_LEFT}] = mixed_images[j, :, {_TOP}, {_LEFT}]",
            ),
            {"pasted-from-the-pasted"},
        ),
        ("only images", (_RETURN, "return mixed_images"), {"only-images"}),
        ("half and half", (_SHARES, "0.5 * targets + 0.5 * targets[perm]"), {"halves"}),
        ("only the box", (_RETURN, f"return images[perm, :, {_TOP}, {_LEFT}], mixed_targets"), {"only-the-box"}),
        ("added", (f"{_INTO} = ", f"{_INTO} += "), {"added"}),
        (
            "box around its centre",
            (
                "    mixed_images = images.clone()",
                "    top, left = max(top - height // 2, 0), max(left - width // 2, 0)\n"
                "    mixed_images = images.clone()",
            ),
            {"centre"},
        ),
        (
            "left before top",
            ("top, left, height, width = box", "left, top, width, height = box"),
            {"rows-and-columns-exchanged"},
        ),
        ("squeezed", (_RETURN, "return mixed_images.squeeze(), mixed_targets"), {"relation:shape"}),
        (
            "batch in reverse",
            (
                (_BOX, f"images.flip(0)[:, :, {_TOP}, {_LEFT}]"),
                (_SHARES, _SHARES.replace("targets[perm]", "targets.flip(0)")),
            ),
            {"mirrored-batch"},
        ),
        (
            "the larger part's class",
            (_SHARES, "targets[perm] if pasted > 0.5 else targets.clone()"),
            {"targets-not-mixed"},
        ),
        (
            "targets of other partners",
            (_SHARES, _SHARES.replace("perm", "perm.argsort()")),
            {"inverse-permutation-of-targets"},
        ),
        (
            "blended in the box",
            (_BOX, f"0.5 * images[:, :, {_TOP}, {_LEFT}] + 0.5 * images[perm, :, {_TOP}, {_LEFT}]"),
            {"blended"},
        ),
        ("the whole partner", (_BOX, "images[perm]"), {"says:expanded size"}),
        (
            "bars across the image",
            ((_INTO, f"mixed_images[:, :, {_TOP}]"), (_BOX, f"images[perm, :, {_TOP}]")),
            {"bars"},
        ),
        ("cut from the graph", ("images.clone()", "images.detach().clone()"), {"detached"}),
        (
            "height and width exchanged",
            ("top, left, height, width = box", "top, left, width, height = box"),
            {"sides-exchanged"},
        ),
        ("partner's class alone", (_SHARES, "targets[perm]"), {"partner-alone"}),
    ],
    "soft_cross_entropy": [
        ("kl_div", (_LOSS, 'nn.functional.kl_div(log_probabilities, targets, reduction="batchmean")'), {"divergence"}),
        (
            "kl_div, arguments exchanged",
            (_LOSS, 'nn.functional.kl_div(targets, log_probabilities, reduction="batchmean")'),
            {"kl-arguments-exchanged"},
        ),
        (
            "kl_div of probabilities",
            (_LOSS, 'nn.functional.kl_div(logits.softmax(-1), targets, reduction="batchmean")'),
            {"kl-without-log"},
        ),
        (
            "kl_div, mean over all",
            (_LOSS, 'nn.functional.kl_div(log_probabilities, targets, reduction="mean")'),
            {"kl-mean-over-all"},
        ),
        (
            "library's sum",
            (_LOSS, 'nn.functional.cross_entropy(logits, targets, reduction="sum")'),
            {"sum-over-the-batch"},
        ),
        ("binary", (_LOSS, "nn.functional.binary_cross_entropy_with_logits(logits, targets)"), {"binary"}),
        ("squares", (_LOSS, "(logits.softmax(-1) - targets).square().mean()"), {"squares"}),
        ("a Python number", (_LOSS, f"({_LOSS}).item()"), {"python-number"}),
        (
            "logarithm of a sum of exponentials",
            (_LOG, "logits - logits.exp().sum(dim=-1, keepdim=True).log()"),
            {"logsumexp-overflows"},
        ),
        (
            "shifted by the batch's largest",
            (_LOG, "(logits - logits.max()) - (logits - logits.max()).exp().sum(-1, keepdim=True).log()"),
            {"shifted-by-the-batch"},
        ),
        (
            "shifted, then the logarithm",
            (
                _LOG,
                "(e := (logits - logits.amax(-1, keepdim=True)).exp()).div(e.sum(-1, keepdim=True)).log()",
            ),
            {"log-of-softmax"},
        ),
        (
            "sum over images, mean over classes",
            (_LOSS, "-(targets * log_probabilities).sum(dim=0).mean()"),
            {"sum-and-mean-exchanged"},
        ),
        (
            "softmax of the targets",
            (_LOSS, "-(targets.softmax(-1) * log_probabilities).sum(dim=-1).mean()"),
            {"targets-softmaxed"},
        ),
        ("log2", (_LOG, f"{_LOG} / math.log(2)"), {"relation:times"}),
        ("clamped probabilities", (_LOG, "logits.softmax(-1).clamp(min=1e-12).log()"), {"clamped"}),
        ("no keepdim", (_LOG, "logits - logits.logsumexp(dim=-1)"), {"no-keepdim"}),
        ("label smoothing", (_LOSS, "nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)"), {"smoothed"}),
        (
            "library, arguments exchanged",
            (_LOSS, "nn.functional.cross_entropy(targets, logits)"),
            {"arguments-exchanged"},
        ),
        (
            "library on probabilities",
            (_LOSS, "nn.functional.cross_entropy(logits.softmax(-1), targets)"),
            {"softmax-twice"},
        ),
        (
            "nll of the largest",
            (_LOSS, "nn.functional.nll_loss(log_probabilities, targets.argmax(-1))"),
            {"hard-labels"},
        ),
        ("divided by the classes", (_LOSS, f"{_LOSS} / logits.shape[1]"), {"mean-over-classes-too"}),
        ("no minus and mean over all", (_LOSS, "(targets * log_probabilities).mean()"), {"sign-and-mean-over-classes"}),
    ],
    "train_one_epoch": [
        ("emptied after the step", ((_ZERO, ""), (_STEP, _STEP + _ZERO)), {"emptied-after-the-step"}),
        (
            "emptied before the loop only",
            ((_ZERO, ""), ("    total_loss, num", "    optimizer.zero_grad()\n    total_loss, num")),
            {"emptied-once"},
        ),
        ("clipped before backward", ((_CLIP, ""), (_BACKWARD, _CLIP + _BACKWARD)), {"clip-has-no-effect"}),
        ("clipped after the step", ((_CLIP, ""), (_STEP, _STEP + _CLIP)), {"clip-has-no-effect"}),
        (
            "backward twice",
            (_BACKWARD, "        loss.backward(retain_graph=True)\n        loss.backward()\n"),
            {"backward-twice"},
        ),
        (
            "evaluation at the end",
            (f"    return {_MEAN}", f"    model.eval()\n    return {_MEAN}"),
            {"evaluation-at-the-end"},
        ),
        ("rate as an attribute", (_RATE, "        optimizer.lr = lr_at(step)\n"), {"rate-never-set"}),
        (
            "rate of the list",
            (_RATE, '        optimizer.param_groups["lr"] = lr_at(step)\n'),
            {"says:list indices must be integers"},
        ),
        ("steps by two", ("= lr_at(step)", "= lr_at(first_step + 2 * (step - first_step))"), {"every-second-rate"}),
        ("steps from one", ("start=first_step", "start=first_step + 1"), {"rate-one-step-ahead"}),
        ("divided by the steps", ("num_images += len(images)", "num_images += 1"), {"divided-by-steps"}),
        ("not weighed", ("loss.detach() * len(images)", "loss.detach()"), {"batch-means-over-images"}),
        ("sum of absolute values", ("max_norm)", "max_norm, norm_type=1)"), {"other-norm"}),
        (
            "loss summed",
            (_BATCH_LOSS, 'nn.functional.cross_entropy(model(images), targets, reduction="sum")'),
            {"loss-summed"},
        ),
        (
            "loss, arguments exchanged",
            (_BATCH_LOSS, "soft_cross_entropy(targets, model(images))"),
            {"loss-arguments-exchanged"},
        ),
        (
            "softmax before the loss",
            (_BATCH_LOSS, "soft_cross_entropy(model(images).softmax(-1), targets)"),
            {"softmax-before-the-loss"},
        ),
        (
            "first group clipped only",
            ("model.parameters()", 'optimizer.param_groups[0]["params"]'),
            {"first-group-clipped"},
        ),
        ("rates multiplied", ('group["lr"] = lr_at', 'group["lr"] *= lr_at'), {"rate-multiplied"}),
        (
            "smaller batches left out",
            (_RATE, _RATE + "        if len(images) < 3:\n            continue\n"),
            {"says:The number of batches that the model saw"},
        ),
        ("nothing returned", (f"    return {_MEAN}", "    pass"), {"relation:no return"}),
        (
            "evaluation in the loop",
            ("        loss = soft", "        model.eval()\n        loss = soft"),
            {"evaluation-mode"},
        ),
        (
            "largest loss",
            (
                "total_loss = total_loss + loss.detach() * len(images)",
                "total_loss = max(total_loss, loss.detach() * len(images))",
            ),
            {None},
        ),
        (
            "stepped at the end only",
            ((_STEP, ""), (f"    return {_MEAN}", f"    optimizer.step()\n    return {_MEAN}")),
            {"stepped-at-the-end"},
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
            {"rate-once-per-epoch"},
        ),
    ],
}
