"""Train a model: the loop of lab 05, plus mixed precision, progress, and plain words when it goes wrong."""

import functools

import torch

from ..data import Split
from ..data.batches import Batches
from ..reference.recipe import soft_cross_entropy
from .average import make_average
from .checkpoint import Checkpoints, TrainState
from .config import History, TrainingError
from .device import is_out_of_memory, pick_precision
from .distributed import LOOK_EVERY, Workers
from .evaluate import evaluate
from .identity import identity
from .optimizers import make_optimizer
from .pieces import COURSE
from .progress import Progress
from .schedule import schedule
from .step import Stepper, memory_sentence


def cross_entropy(model, images, targets, loss=soft_cross_entropy):
    """Return the usual objective: the cross-entropy of the model's logits with soft targets, a mean over the images."""
    return loss(model(images).float(), targets)


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
    pieces=COURSE,
):
    """Train `model` on `data.train` and measure it on `data.test` after each epoch.

    The same seed, model and data give the same losses on a CPU. Ctrl-C (or the notebook's stop button) ends the run
    and keeps what was learned. With `checkpoint` a run that was stopped in any way, a power cut included, goes on when
    you call `fit` again with the same arguments; on a CPU it ends with the very numbers of a run that was never
    stopped. On Colab the place can be a folder of Google Drive. A batch that does not fit into memory goes through the
    model in parts. Under `accelerate launch` or `notebook_launcher` all processes call `fit` alike; each computes on
    its share of every batch, and the first one prints and writes.

    Args:
        model: any nn.Module, images (B, C, H, W) -> logits (B, K). It is moved to the device and trained in place.
        data: an `ImageData`.
        config: a `TrainConfig`.
        device: as `pick_device` takes it.
        progress: whether to show a bar and print a line for each epoch.
        on_epoch: called with the `History` after each epoch; of several processes, in each.
        on_step: called with the number of steps made and the loss, a tensor () on the device.
        checkpoint: a folder of this run's own, or a path that ends in .pt; None keeps nothing.
        every: steps between checkpoints, besides the one after each epoch.
        ema_model: a model like `model`; with `config.ema` it gets the averaged weights in the end.
        objective: (model, images, targets) -> loss (), the mean over the images (B, C, H, W), which are float and
            normalised; targets (B, K) are soft. It calls `model(images)` in training mode, under autocast: turn what
            comes out into float before the loss. None is the cross-entropy with soft targets.
        pieces: the `Pieces` of lab 05 that the run is made of, the course's or your own.

    Returns:
        `History`; `history.interrupted` after Ctrl-C.

    Raises:
        TrainingError: when the loss is no longer a number, or memory runs out; when the checkpoint is of another run
            or cannot be read.
    """
    workers, objective = Workers(device), objective or functools.partial(cross_entropy, loss=pieces.soft_cross_entropy)
    device = workers.device
    if not len(data.train):
        raise TrainingError("There are no training images.")
    model, data = model.to(device), data.to(device)
    forward, model = model, getattr(model, "_orig_mod", model)  # what torch.compile wraps: its weights have plain names
    workers.same_weights(model)
    precision = config.precision or pick_precision(device)
    optimizer = make_optimizer(model, config, pieces)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")  # keeps small gradients from vanishing
    make_batches = functools.partial(Batches, data.train, data, config, mixup=pieces.mixup, cutmix=pieces.cutmix)
    steps_per_epoch = len(make_batches())
    lr_at = schedule(config, steps_per_epoch, pieces)
    average = make_average(model, config.ema) if config.ema else None
    history = History(epochs=config.epochs)
    state = TrainState(model, optimizer, scaler, average, history, device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), workers.together():
        # For dropout in models that have it, in each process its own; the caller's draws go on as before.
        torch.manual_seed(config.seed + workers.rank)
        checkpoints = None
        if checkpoint is not None:
            run = identity(model, data, config, objective)
            checkpoints = workers.in_turn(lambda: Checkpoints(checkpoint, every, run, print, workers.main))
            _go_on(state, checkpoints, workers)
        done = state.epoch * steps_per_epoch + state.step
        shown = Progress(config.epochs, steps_per_epoch, show=progress and workers.main, done=done)
        if checkpoints is not None:
            checkpoints.say = shown.say
        step = Stepper(state, forward, objective, config, precision, workers, shown.say)
        try:
            while state.epoch < config.epochs:
                state.begin_epoch(make_batches(epoch=state.epoch))
                train_loss = _train_epoch(state, step, lr_at, precision, workers, shown, on_step, checkpoints)
                workers.mean_buffers(model)
                test_loss, accuracy = _measure(model, data, config, precision, workers)
                ema_accuracy = None
                if average is not None:
                    ema_accuracy = _measure(average.module, data, config, precision, workers)[1]
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
            if not is_out_of_memory(error):
                raise
            raise TrainingError(memory_sentence(device, config.batch_size)) from None
        finally:
            shown.close()
    if average is not None and ema_model is not None:
        ema_model.load_state_dict(average.module.state_dict())
    return history


def _go_on(state, checkpoints, workers):
    """Take over the newest checkpoint, if there is one, and say so."""
    saved = workers.first(checkpoints.read)
    if saved is None:
        return
    state.load_state_dict(saved)
    if not workers.main:  # the random state in the file is the first process's
        torch.manual_seed(torch.initial_seed() + 1000 * state.epoch + workers.rank)
    if state.epoch == state.history.epochs:
        print(f"The run in {checkpoints.path} is finished: here are its model and its history.")
    else:
        print(f"Going on from {checkpoints.path}, after {state.place()}.")


def _train_epoch(state, step, lr_at, precision, workers, shown, on_step, checkpoints):
    """Train on each batch once; returns the mean loss over the images. `train_one_epoch` with mixed precision.

    Of an epoch that a checkpoint was made in, only the rest is done.
    """
    losses, sizes, first_step = state.losses, state.sizes, state.epoch * len(state.batches)
    state.model.train()
    for i, (images, targets) in enumerate(state.batches, start=state.step):
        losses[i], sizes[i] = step(images, targets, lr_at(first_step + i)), len(images)
        state.step, done = i + 1, first_step + i + 1
        if on_step is not None:
            on_step(done, losses[i])
        if shown.due() if workers.alone else done % LOOK_EVERY == 0:
            workers.stop_if_asked()
            _stop_if_not_finite(losses[: i + 1], first_step, lr_at, precision)
            shown.update(done, state.epoch, losses[i].item())
        if checkpoints is not None and i + 1 < len(losses) and checkpoints.due(done):
            _stop_if_not_finite(losses[: i + 1], first_step, lr_at, precision)
            checkpoints.write(state)
    workers.stop_if_asked()
    _stop_if_not_finite(losses, first_step, lr_at, precision)
    return float((losses.cpu() * sizes).sum() / sizes.sum())


def _measure(model, data, config, precision, workers):
    """Return loss and accuracy on the test images, of which each process takes its share."""
    # Twice the batch without gradients needs less memory than one with them.
    batch_size = min(512, 2 * config.batch_size)
    mine = Split(workers.share(data.test.images), workers.share(data.test.targets))
    if workers.alone:
        return evaluate(model, mine, data, batch_size, precision)
    count = len(mine)
    means = evaluate(model, mine, data, batch_size, precision) if count else (0.0, 0.0)
    sums = workers.sum(torch.tensor([means[0] * count, means[1] * count, count], device=workers.device))
    return tuple((sums[:2] / sums[2]).tolist())


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
