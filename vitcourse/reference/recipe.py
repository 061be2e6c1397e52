"""Lab 05: the pieces of a training recipe."""

import math

from torch import nn


def parameter_groups(model, weight_decay):
    """Split a model's parameters into those that decay and those that do not.

    Decay pulls a weight towards zero. That makes sense for the matrices of linear layers and convolutions; it
    does not for biases, norms, the class token (and any other `*_token`) and the positions `pos_embed`.

    Args:
        model: an nn.Module.
        weight_decay: for the first group.

    Returns:
        [{"params": [...], "weight_decay": weight_decay}, {"params": [...], "weight_decay": 0.0}], each
        trainable parameter in exactly one of them; frozen ones in neither.
    """
    # TODO: sort model.named_parameters() into the two groups
    ### BEGIN SOLUTION
    decay, no_decay = [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        is_token = name.endswith("_token") or name.endswith("pos_embed")
        if parameter.ndim <= 1 or is_token:  # biases, and a norm's scale, have one axis
            no_decay.append(parameter)
        else:
            decay.append(parameter)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
    ### END SOLUTION


def warmup_cosine(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    """The learning rate at a step: a straight rise, then half a cosine down.

    Args:
        step: 0 .. total_steps - 1.
        total_steps: of the whole run.
        warmup_steps: w. Step 0 gets peak_lr / w, step w - 1 gets peak_lr; with w = 0 step 0 gets peak_lr.
        peak_lr: the highest rate.
        final_lr: the rate at step total_steps, where the cosine ends.

    Returns:
        float.
    """
    # TODO: rise in a straight line for warmup_steps, then fall along half a cosine from peak_lr to final_lr
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps  # never zero: a step at rate zero is a step lost
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)  # 0 .. 1
    return final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))
    ### END SOLUTION


def mixup(images, targets, lam, perm):
    """Blend each image with another one, and the targets alike (Zhang et al. 2018).

    Args:
        images: (B, C, H, W) floating.
        targets: (B, K), one distribution over the classes per image.
        lam: weight of the image itself, 0 to 1.
        perm: (B,) indices: image i is blended with image perm[i].

    Returns:
        images (B, C, H, W) and targets (B, K), new tensors.
    """
    # TODO: lam times each image plus (1 - lam) times its partner, for the images and for the targets
    ### BEGIN SOLUTION
    mixed_images = lam * images + (1 - lam) * images[perm]
    mixed_targets = lam * targets + (1 - lam) * targets[perm]
    return mixed_images, mixed_targets
    ### END SOLUTION


def cutmix(images, targets, box, perm):
    """Paste a box of another image into each image; mix the targets by area (Yun et al. 2019).

    Args:
        images: (B, C, H, W) floating.
        targets: (B, K), one distribution over the classes per image.
        box: (top, left, height, width) in pixels, inside the image.
        perm: (B,) indices: the box comes from image perm[i], from the same place.

    Returns:
        images (B, C, H, W) and targets (B, K), new tensors. The targets' weights are the exact shares of the
        area.
    """
    B, C, H, W = images.shape
    top, left, height, width = box
    # TODO: copy the images, paste the partner's box, and weigh the targets by the share of pixels each one has
    ### BEGIN SOLUTION
    mixed_images = images.clone()
    mixed_images[:, :, top : top + height, left : left + width] = images[
        perm, :, top : top + height, left : left + width
    ]
    pasted = height * width / (H * W)
    mixed_targets = (1 - pasted) * targets + pasted * targets[perm]
    return mixed_images, mixed_targets
    ### END SOLUTION


def soft_cross_entropy(logits, targets):
    """Cross-entropy against a distribution over the classes, averaged over the batch.

    Args:
        logits: (B, K).
        targets: (B, K), each row sums to 1.

    Returns:
        () the mean over the B images.
    """
    # TODO: minus the targets times the log-probabilities, summed over the classes, averaged over the batch
    ### BEGIN SOLUTION
    log_probabilities = logits.log_softmax(dim=-1)  # stable for large logits, unlike softmax().log()
    return -(targets * log_probabilities).sum(dim=-1).mean()
    ### END SOLUTION


def train_one_epoch(model, batches, optimizer, lr_at, first_step=0, max_norm=1.0):
    """Train a model on each batch once.

    For every batch: set the learning rate of all the optimizer's groups to `lr_at(step)`, compute the soft
    cross-entropy, its gradients, clip them to a total norm of `max_norm`, and step.

    Args:
        model: (B, C, H, W) -> (B, K).
        batches: yields (images, targets): (B, C, H, W) and (B, K).
        optimizer: over the model's parameters.
        lr_at: step -> learning rate; steps count from `first_step`, one per batch.
        first_step: the number of steps that were made before this epoch.
        max_norm: the gradients' largest total norm.

    Returns:
        float, the mean loss over the images (a smaller last batch counts for less). The model is left in
        training mode.
    """
    model.train()
    # TODO: loop over the batches: learning rate, zero_grad, loss, backward, clip, step; return the mean loss
    ### BEGIN SOLUTION
    total_loss, num_images = 0.0, 0
    for step, (images, targets) in enumerate(batches, start=first_step):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step)
        optimizer.zero_grad()
        loss = soft_cross_entropy(model(images), targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        total_loss = total_loss + loss.detach() * len(images)  # stays on the device: .item() would wait for the GPU
        num_images += len(images)
    return float(total_loss) / num_images
    ### END SOLUTION
