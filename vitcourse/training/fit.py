"""Train a model: the loop of lab 05, plus mixed precision, progress, and plain words when it goes wrong."""

import math

import torch
from torch import nn

from ..reference.recipe import parameter_groups, soft_cross_entropy, warmup_cosine
from .batches import Batches
from .config import History, TrainConfig, TrainingError
from .device import autocast, pick_device, pick_precision
from .ema import WeightAverage
from .evaluate import evaluate, predict
from .identity import identity
from .progress import Progress
from .resume import Checkpoints, TrainState

__all__ = ["History", "TrainConfig", "TrainingError", "cross_entropy", "evaluate", "fit", "make_optimizer", "predict"]


def make_optimizer(model, config):
    """Return AdamW over the model's parameters, with weight decay on matrices only."""
    groups = parameter_groups(model, config.weight_decay)
    return torch.optim.AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=_can_fuse(model))


def schedule(config, steps_per_epoch):
    """Return the learning rate as a function of the step: warmup over a share of the run, then a cosine."""
    total_steps = config.epochs * steps_per_epoch
    warmup_steps = round(config.warmup * total_steps)
    return lambda step: warmup_cosine(step, total_steps, warmup_steps, config.peak_lr, config.final_lr)


def cross_entropy(model, images, targets):
    """Return the usual objective: the cross-entropy of the model's logits with soft targets, a mean over the images."""
    return soft_cross_entropy(model(images).float(), targets)


def fit(
    model,
    data,
    config,
    *,
    device=None,
    progress=True,
    on_epoch=None,
    on_step=None,
    checkpoint=None,
    every=None,
    ema_model=None,
    objective=None,
):
    """Train `model` on `data.train` and measure it on `data.test` after each epoch.

    The same seed, model and data give the same losses on a CPU. Ctrl-C (or the notebook's stop button) ends the run
    and keeps what was learned. With `checkpoint` a run that was stopped in any way, a power cut included, goes on when
    you call `fit` again with the same arguments; on a CPU it ends with the very numbers of a run that was never
    stopped. On Colab the place can be a folder of Google Drive.

    Args:
        model: any nn.Module, images (B, C, H, W) -> logits (B, K). It is moved to the device and trained in place.
        data: an `ImageData`.
        config: a `TrainConfig`.
        device: as `pick_device` takes it.
        progress: whether to show a bar and print a line for each epoch.
        on_epoch: called with the `History` after each epoch.
        on_step: called with the number of steps made and the loss, a tensor () on the device.
        checkpoint: a folder of this run's own, or a path that ends in .pt; None keeps nothing.
        every: steps between checkpoints, besides the one after each epoch.
        ema_model: a model like `model`; with `config.ema` it gets the averaged weights in the end.
        objective: (model, images, targets) -> loss (), the mean over the images (B, C, H, W), which are float and
            normalised; targets (B, K) are soft. It calls `model(images)` in training mode, under autocast: turn what
            comes out into float before the loss. None is the cross-entropy with soft targets.

    Returns:
        `History`; `history.interrupted` after Ctrl-C.

    Raises:
        TrainingError: when the loss is no longer a number, or memory runs out; when the checkpoint is of another run
            or cannot be read.
    """
    device, objective = pick_device(device), objective or cross_entropy
    if not len(data.train):
        raise TrainingError("There are no training images.")
    model, data = model.to(device), data.to(device)
    precision = config.precision or pick_precision(device)
    optimizer = make_optimizer(model, config)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")  # keeps small gradients from vanishing
    steps_per_epoch = len(Batches(data.train, data, config))
    lr_at = schedule(config, steps_per_epoch)
    average = WeightAverage(model, config.ema) if config.ema else None
    history = History(epochs=config.epochs)
    state = TrainState(model, optimizer, scaler, average, history, device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)  # for dropout in models that have it; the caller's own draws go on as before
        checkpoints = None
        if checkpoint is not None:
            checkpoints = Checkpoints(checkpoint, every, identity(model, data, config, objective), print)
            _go_on(state, checkpoints)
        done = state.epoch * steps_per_epoch + state.step
        shown = Progress(config.epochs, steps_per_epoch, show=progress, done=done)
        if checkpoints is not None:
            checkpoints.say = shown.say
        try:
            while state.epoch < config.epochs:
                state.begin_epoch(Batches(data.train, data, config, train=True, epoch=state.epoch))
                train_loss = _train_epoch(state, objective, lr_at, config, precision, shown, on_step, checkpoints)
                # Twice the batch without gradients needs less memory than one with them.
                test_set = (data.test, data, min(512, 2 * config.batch_size), precision)
                test_loss, accuracy = evaluate(model, *test_set)
                ema_accuracy = None
                if average is not None:
                    with average.in_model():
                        ema_accuracy = evaluate(model, *test_set)[1]
                history.add(
                    train_loss=train_loss,
                    test_loss=test_loss,
                    test_accuracy=accuracy,
                    lr=optimizer.param_groups[0]["lr"],
                    seconds=state.seconds,
                    ema_accuracy=ema_accuracy,
                )
                state.end_epoch()
                shown.epoch_line(history)
                if on_epoch is not None:
                    on_epoch(history)
                if checkpoints is not None:
                    checkpoints.write(state)
        except KeyboardInterrupt:
            history.interrupted = True
            shown.say(f"Stopped in epoch {len(history) + 1} of {config.epochs}: the model keeps what it has learned.")
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            raise TrainingError(_memory_sentence(device, config.batch_size)) from None
        finally:
            shown.close()
    if average is not None and ema_model is not None:
        with average.in_model():
            ema_model.load_state_dict(model.state_dict())
    return history


def _go_on(state, checkpoints):
    """Take over the newest checkpoint, if there is one, and say so."""
    saved = checkpoints.read()
    if saved is None:
        return
    state.load_state_dict(saved)
    if state.epoch == state.history.epochs:
        print(f"The run in {checkpoints.path} is finished: here are its model and its history.")
    else:
        print(f"Going on from {checkpoints.path}, after {state.place()}.")


def _train_epoch(state, objective, lr_at, config, precision, shown, on_step, checkpoints):
    """Train on each batch once; returns the mean loss over the images. `train_one_epoch` with mixed precision.

    Of an epoch that a checkpoint was made in, only the rest is done.
    """
    model, optimizer, scaler, losses, sizes = state.model, state.optimizer, state.scaler, state.losses, state.sizes
    device, first_step = state.batches.device, state.epoch * len(state.batches)
    model.train()
    for i, (images, targets) in enumerate(state.batches, start=state.step):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(first_step + i)
        optimizer.zero_grad()
        with autocast(device, precision):
            loss = objective(model, images, targets)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)  # the clip must see the gradients' true size
        nn.utils.clip_grad_norm_(model.parameters(), config.max_norm)
        scaler.step(optimizer)
        scaler.update()
        if state.average is not None:
            state.average.update()
        losses[i], sizes[i] = loss.detach(), len(images)
        state.step = i + 1
        if on_step is not None:
            on_step(first_step + i + 1, loss.detach())
        if shown.due():
            _stop_if_not_finite(losses[: i + 1], first_step, lr_at, precision)
            shown.update(first_step + i + 1, state.epoch, losses[i].item())
        if checkpoints is not None and i + 1 < len(losses) and checkpoints.due(first_step + i + 1):
            _stop_if_not_finite(losses[: i + 1], first_step, lr_at, precision)
            checkpoints.write(state)
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
