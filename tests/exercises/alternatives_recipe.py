"""Other right answers for lab 05, as different from the reference as they can be."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def groups_by_module(model, weight_decay):
    decaying = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
        for name, parameter in module.named_parameters(recurse=False)
        if name == "weight" and parameter.requires_grad
    }
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        dict(params=[p for p in trainable if id(p) in decaying], weight_decay=weight_decay),
        dict(params=[p for p in trainable if id(p) not in decaying], weight_decay=0),
    ]


def groups_by_last_name(model, weight_decay):
    groups = ({"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0})
    for name, parameter in reversed(list(model.named_parameters())):  # the order within a group is free
        if parameter.requires_grad:
            last = name.split(".")[-1]
            spared = last.endswith("token") or last in ("bias", "pos_embed") or parameter.dim() == 1
            groups[spared]["params"].append(parameter)
    return groups


def groups_as_sets(model, weight_decay):
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    spared = {name for name, p in trainable.items() if p.ndim < 2 or name.rpartition("_")[2] in ("token", "embed")}
    return [
        {"params": [trainable[name] for name in trainable.keys() - spared], "weight_decay": weight_decay},
        {"params": [trainable[name] for name in spared], "weight_decay": 0.0},
    ]


def schedule_by_sine(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    if step + 1 <= warmup_steps:
        return (step + 1) / warmup_steps * peak_lr
    left = (total_steps - step) / (total_steps - warmup_steps)  # 1 .. 0
    return final_lr + (peak_lr - final_lr) * math.sin(math.pi / 2 * left) ** 2


def schedule_by_numpy(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    rise = np.arange(1, warmup_steps + 1) / max(warmup_steps, 1) * peak_lr
    fall = np.linspace(0, np.pi, total_steps - warmup_steps + 1)
    rates = np.concatenate([rise, (peak_lr + final_lr) / 2 + (peak_lr - final_lr) / 2 * np.cos(fall)])
    return rates[step]  # a NumPy float is a float


def schedule_by_torch(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    if step < warmup_steps:
        return peak_lr - peak_lr * (warmup_steps - step - 1) / warmup_steps
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=peak_lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps - warmup_steps, eta_min=final_lr)
    for _ in range(step - warmup_steps):
        optimizer.step()
        schedule.step()
    return schedule.get_last_lr()[0]


def mixup_loops(images, targets, lam, perm):
    partners = [int(j) for j in perm]
    mixed = [lam * images[i] + (1 - lam) * images[j] for i, j in enumerate(partners)]
    soft = [lam * targets[i] + (1 - lam) * targets[j] for i, j in enumerate(partners)]
    return torch.stack(mixed), torch.stack(soft)


def mixup_lerp(images, targets, lam, perm):
    return images[perm].lerp(images, lam), targets.index_select(0, perm).lerp(targets, lam)


def mixup_matrix(images, targets, lam, perm):
    eye = torch.eye(len(perm), dtype=images.dtype)
    mix = lam * eye + (1 - lam) * eye[perm]
    return [torch.einsum("ij,jchw->ichw", mix, images), mix @ targets]


def cutmix_mask(images, targets, box, perm):
    H, W = images.shape[-2:]
    top, left, height, width = box
    rows, columns = torch.arange(H)[:, None], torch.arange(W)
    inside = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    lam = 1 - inside.to(images.dtype).mean()
    return torch.where(inside, images[perm], images), lam * targets + (1 - lam) * targets[perm]


def cutmix_loops(images, targets, box, perm):
    top, left, height, width = box
    mixed, soft = images.clone(), targets.clone()
    area = images[0, 0].numel()
    for i in range(len(images)):
        j = perm[i].item()
        for row in range(top, top + height):
            mixed[i, :, row, left : left + width] = images[j, :, row, left : left + width]
        soft[i] = (targets[i] * (area - height * width) + targets[j] * height * width) / area
    return mixed, soft


def cutmix_pad(images, targets, box, perm):
    B, C, H, W = images.shape
    top, left, height, width = box
    ones = torch.ones(height, width, dtype=images.dtype)
    mask = F.pad(ones, (left, W - left - width, top, H - top - height))
    share = height * width / H / W
    return images * (1 - mask) + images[perm] * mask, torch.lerp(targets, targets[perm], share)


def soft_library(logits, targets):
    return F.cross_entropy(logits, targets)


def soft_logsumexp(logits, targets):
    return (logits.logsumexp(dim=1) - (targets * logits).sum(dim=1)).mean()


def soft_loops(logits, targets):
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        shifted = row - row.max()
        log_total = shifted.exp().sum().log()
        for k in range(len(row)):
            total = total - target[k] * (shifted[k] - log_total)
    return total / len(logits)


def soft_einsum(logits, targets):
    return torch.einsum("bk,bk->", targets, F.log_softmax(logits, 1)) / -logits.shape[0]


def epoch_by_hand(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    model.train()
    step, losses = first_step, []
    for images, targets in batches:
        [group.update(lr=lr_at(step)) for group in optimizer.param_groups]
        loss = F.cross_entropy(model(images), targets)
        parameters = list(model.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        norm = sum(gradient.square().sum() for gradient in gradients).sqrt()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient * min(1.0, max_norm / norm)
        optimizer.step()
        losses += [loss.item()] * len(images)
        step += 1
    return sum(losses) / len(losses)


def epoch_with_closure(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    model.train()
    total, seen = 0.0, 0
    for step, (images, targets) in zip(itertools.count(first_step), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step)

        def closure(images=images, targets=targets):
            optimizer.zero_grad(set_to_none=False)
            loss = -(model(images).log_softmax(1) * targets).sum() / len(images)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm, foreach=False)
            return loss

        total += optimizer.step(closure).item() * len(images)
        seen += len(images)
    return total / seen


def epoch_zero_grad_both(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    batches = list(batches)
    model.train(True)
    optimizer.zero_grad()
    losses, sizes = [], []
    for index in range(len(batches)):
        images, targets = batches[index]
        for group in range(len(optimizer.param_groups)):
            optimizer.param_groups[group]["lr"] = lr_at(first_step + index)
        loss = F.cross_entropy(model(images), targets, reduction="mean")
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], max_norm)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
        sizes.append(len(targets))
    return float(np.average(torch.stack(losses).numpy(), weights=sizes))


def groups_by_comprehension(model, weight_decay):
    def spared(name, p):
        return len(p.shape) == 1 or name.split(".")[-1].endswith(("_token", "pos_embed"))

    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    decay = [p for n, p in named if not spared(n, p)]
    no_decay = [p for n, p in named if spared(n, p)]
    return [dict(params=decay, weight_decay=weight_decay), dict(params=no_decay, weight_decay=0.0)]


def groups_by_dict(model, weight_decay):
    groups = {True: {"params": [], "weight_decay": weight_decay}, False: {"params": [], "weight_decay": 0.0}}
    for name, param in filter(lambda item: item[1].requires_grad, model.named_parameters()):
        if name.endswith("_token") or name.endswith("pos_embed"):
            groups[False]["params"] += [param]
        else:
            groups[param.dim() > 1]["params"].append(param)
    return list(groups.values())


def schedule_in_one_line(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    w, left = warmup_steps, max(1, total_steps - warmup_steps)
    fall = (1 + math.cos((step - w) / left * math.pi)) / 2
    return peak_lr * (step + 1) / w if step < w else peak_lr * fall + final_lr * (1 - fall)


def schedule_by_tensor(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    """The cosine of a float64 tensor, turned into a float at the end."""
    if step < warmup_steps:
        return float((step + 1) / warmup_steps * peak_lr)
    p = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps), dtype=torch.float64)
    return (final_lr + (peak_lr - final_lr) * 0.5 * (1 + torch.cos(torch.pi * p))).item()


def mixup_float32_matrix(images, targets, lam, perm):
    """An identity in float32, as torch.eye makes it."""
    mix = lam * torch.eye(len(perm)) + (1 - lam) * torch.eye(len(perm))[perm]
    return (mix @ images.flatten(1)).view_as(images), mix @ targets


def mixup_into_empty(images, targets, lam, perm):
    mixed, soft = torch.empty_like(images), torch.zeros(targets.shape)
    for i in range(images.shape[0]):
        mixed[i] = images[i] * lam + images[perm[i]] * (1.0 - lam)
        soft[i] = targets[i] * lam + targets[perm[i]] * (1.0 - lam)
    return mixed, soft


def cutmix_float32_mask(images, targets, box, perm):
    """A mask of ones in float32, counted for the share."""
    top, left, height, width = box
    mask = torch.ones(images.shape[2:])
    mask[top : top + height, left : left + width] = 0
    share = mask.mean()
    return mask * images + (1 - mask) * images[perm], share * targets + (1 - share) * targets[perm]


def cutmix_index(images, targets, box, perm):
    t, le, h, w = box
    out = images.clone()
    partners = images.index_select(0, perm)
    rows, cols = slice(t, t + h), slice(le, le + w)
    out[..., rows, cols] = partners[..., rows, cols]
    lam = 1 - (h * w) / images[0, 0].numel()
    return out, targets * lam + targets.index_select(0, perm) * (1 - lam)


def soft_float32_sum(logits, targets):
    """A total in float32, as torch.zeros makes it."""
    total = torch.zeros(())
    logp = F.log_softmax(logits, dim=1)
    for k in range(logits.size(1)):
        total = total - (targets[:, k] * logp[:, k]).mean()
    return total


def soft_by_matrix(logits, targets):
    logp = nn.LogSoftmax(dim=1)(logits)
    return -torch.trace(targets @ logp.T) / logits.size(0)


def epoch_with_lists(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    model.train()
    step, total, count = first_step, torch.zeros(()), 0
    for x, y in batches:
        lr = lr_at(step)
        for g in optimizer.param_groups:
            g["lr"] = lr
        model.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=max_norm)
        optimizer.step()
        total += loss.detach() * x.size(0)
        count += x.size(0)
        step += 1
    return (total / count).item()


def epoch_clipped_by_hand(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    model.train()
    losses = []
    for i, (x, y) in enumerate(batches):
        for g in optimizer.param_groups:
            g.update(lr=lr_at(first_step + i))
        optimizer.zero_grad()
        loss = -(y * model(x).log_softmax(-1)).sum(-1).mean()
        loss.backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norm = torch.cat([g.reshape(-1) for g in grads]).norm()
        if norm > max_norm:
            for g in grads:
                g.mul_(max_norm / (norm + 1e-6))
        optimizer.step()
        losses.append((loss.item(), len(x)))
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)


ALTERNATIVES = {
    "parameter_groups": [
        groups_by_module,
        groups_by_last_name,
        groups_as_sets,
        groups_by_comprehension,
        groups_by_dict,
    ],
    "warmup_cosine": [schedule_by_numpy, schedule_by_sine, schedule_by_torch, schedule_in_one_line, schedule_by_tensor],
    "mixup": [mixup_loops, mixup_lerp, mixup_matrix, mixup_float32_matrix, mixup_into_empty],
    "cutmix": [cutmix_mask, cutmix_loops, cutmix_pad, cutmix_float32_mask, cutmix_index],
    "soft_cross_entropy": [soft_library, soft_logsumexp, soft_loops, soft_einsum, soft_float32_sum, soft_by_matrix],
    "train_one_epoch": [
        epoch_by_hand,
        epoch_with_closure,
        epoch_zero_grad_both,
        epoch_with_lists,
        epoch_clipped_by_hand,
    ],
}
