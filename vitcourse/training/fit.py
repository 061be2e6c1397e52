"""Train a model: the loop of lab 05, plus mixed precision, progress, and plain words when it goes wrong."""

import math
import time

import torch
from torch import nn

from ..reference.recipe import parameter_groups, soft_cross_entropy, warmup_cosine
from .batches import Batches
from .config import History, TrainConfig, TrainingError
from .device import autocast, pick_device, pick_precision
from .evaluate import evaluate, predict
from .progress import Progress

__all__ = ["History", "TrainConfig", "TrainingError", "evaluate", "fit", "make_optimizer", "predict"]


def make_optimizer(model, config):
    """Return AdamW over the model's parameters, with weight decay on matrices only."""
    groups = parameter_groups(model, config.weight_decay)
    return torch.optim.AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=_can_fuse(model))


def schedule(config, steps_per_epoch):
    """Return the learning rate as a function of the step: warmup over a share of the run, then a cosine."""
    total_steps = config.epochs * steps_per_epoch
    warmup_steps = round(config.warmup * total_steps)
    return lambda step: warmup_cosine(step, total_steps, warmup_steps, config.peak_lr, config.final_lr)


def fit(model, data, config, *, device=None, progress=True, on_epoch=None, on_step=None):
    """Train `model` on `data.train` and measure it on `data.test` after each epoch.

    The same seed, model and data give the same losses on a CPU. Ctrl-C (or the notebook's stop button) ends the run
    and keeps what was learned.

    Args:
        model: any nn.Module, images (B, C, H, W) -> logits (B, K). It is moved to the device and trained in place.
        data: an `ImageData`.
        config: a `TrainConfig`.
        device: as `pick_device` takes it.
        progress: whether to show a bar and print a line for each epoch.
        on_epoch: called with the `History` after each epoch.
        on_step: called with the number of steps made and the loss, a tensor () on the device.

    Returns:
        `History`; `history.interrupted` after Ctrl-C.

    Raises:
        TrainingError: when the loss is no longer a number, or memory runs out.
    """
    device = pick_device(device)
    if not len(data.train):
        raise TrainingError("There are no training images.")
    model, data = model.to(device), data.to(device)
    precision = config.precision or pick_precision(device)
    optimizer = make_optimizer(model, config)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")  # keeps small gradients from vanishing
    steps_per_epoch = len(Batches(data.train, data, config))
    lr_at = schedule(config, steps_per_epoch)
    history = History(epochs=config.epochs)
    shown = Progress(config.epochs, steps_per_epoch, show=progress)
    start = time.perf_counter()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)  # for dropout in models that have it; the caller's own draws go on as before
        try:
            for epoch in range(config.epochs):
                batches = Batches(data.train, data, config, train=True, epoch=epoch)
                first_step = epoch * steps_per_epoch
                train_loss = _train_epoch(
                    model, batches, optimizer, scaler, lr_at, first_step, config, precision, shown, on_step
                )
                # Twice the batch without gradients needs less memory than one with them.
                test_loss, accuracy = evaluate(model, data.test, data, min(512, 2 * config.batch_size), precision)
                history.add(
                    train_loss=train_loss,
                    test_loss=test_loss,
                    test_accuracy=accuracy,
                    lr=optimizer.param_groups[0]["lr"],
                    seconds=time.perf_counter() - start,
                )
                shown.epoch_line(history)
                if on_epoch is not None:
                    on_epoch(history)
        except KeyboardInterrupt:
            history.interrupted = True
            shown.say(f"Stopped in epoch {len(history) + 1} of {config.epochs}: the model keeps what it has learned.")
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            raise TrainingError(_memory_sentence(device, config.batch_size)) from None
        finally:
            shown.close()
    return history


def _train_epoch(model, batches, optimizer, scaler, lr_at, first_step, config, precision, shown, on_step):
    """Train on each batch once; returns the mean loss over the images. `train_one_epoch` with mixed precision."""
    device = batches.device
    model.train()
    losses = torch.zeros(len(batches), device=device)  # stay on the device: reading one makes the CPU wait
    sizes = torch.zeros(len(batches))
    for i, (images, targets) in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(first_step + i)
        optimizer.zero_grad()
        with autocast(device, precision):
            logits = model(images)
        loss = soft_cross_entropy(logits.float(), targets)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)  # the clip must see the gradients' true size
        nn.utils.clip_grad_norm_(model.parameters(), config.max_norm)
        scaler.step(optimizer)
        scaler.update()
        losses[i], sizes[i] = loss.detach(), len(images)
        if on_step is not None:
            on_step(first_step + i + 1, loss.detach())
        if shown.due():
            _stop_if_not_finite(losses[: i + 1], first_step, lr_at, precision)
            shown.update(first_step + i + 1, batches.epoch, losses[i].item())
    _stop_if_not_finite(losses, first_step, lr_at, precision)
    return float((losses.cpu() * sizes).sum() / sizes.sum())


def _stop_if_not_finite(losses, first_step, lr_at, precision):
    bad = (~losses.isfinite()).nonzero()
    if not len(bad):
        return
    step = first_step + int(bad[0])
    if step == 0:
        cause = "That is before anything was learned, so the model's own output or the images hold a NaN or infinity."
    else:
        last_lr = lr_at(step - 1)
        cause = f"Most likely the learning rate ({last_lr:.2g} at that point) is too high: try a third of peak_lr."
        if precision == "fp16":
            cause += ' If it stays, the numbers outgrow fp16: try precision="fp32".'
    raise TrainingError(f"The loss is not a finite number at step {step + 1}, and training stopped. {cause}")


def _is_out_of_memory(error):
    # A GPU has its own exception; a CPU only these words in a RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _memory_sentence(device, batch_size):
    where = "GPU" if device.type != "cpu" else "machine"
    if batch_size == 1:
        return f"The {where} ran out of memory with one image at a time: use a smaller model or a larger patch size."
    return f"The {where} ran out of memory with batch_size {batch_size}: try batch_size {batch_size // 2}."


def _can_fuse(model):
    """Return whether AdamW can update all parameters in one kernel: floats, all on a CPU or all on a GPU."""
    devices = {p.device.type for p in model.parameters()}
    return devices in ({"cpu"}, {"cuda"}) and all(math.prod(p.shape) > 0 for p in model.parameters())
