"""Learning from a teacher: the objective that `fit` takes, and the teacher of `vitcourse train --model deit`."""

import inspect
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ..reference.deit import hard_distillation_loss
from .config import TrainingError

TEACHER = "teacher"  # a folder in the student's run


class Distillation:
    """The objective of a student with a teacher: `fit(student, data, config, objective=Distillation(teacher))`.

    The teacher sees the very images that the student sees, augmented and mixed, and is put in evaluation mode, without
    gradients. A student that returns one tensor of logits in training mode, as `ViT` does, learns from both with it.

    Args:
        teacher: images (B, C, H, W) -> logits (B, K), on the device of the data.
        loss: `hard_distillation_loss`, `soft_distillation_loss`, or one that takes the same four arguments.
        options: more arguments of the loss: `temperature`, `alpha`.
    """

    def __init__(self, teacher, loss=hard_distillation_loss, **options):
        inspect.signature(loss).bind(None, None, None, None, **options)  # a wrong name is said now
        self.teacher, self.loss, self.options = teacher.eval().requires_grad_(False), loss, options
        # Plain values tell one run from another when a checkpoint is read.
        self.said = f"{getattr(loss, '__name__', loss)} {options}"
        self.checksum = f"{sum(float(p.double().abs().sum()) for p in teacher.parameters()):.3f}"

    def __call__(self, model, images, targets):
        """Return the loss () of `model` on images (B, C, H, W) with targets (B, K)."""
        with torch.no_grad():
            teacher_logits = self.teacher(images).float()
        logits = model(images)
        cls_logits, dist_logits = (logits, logits) if isinstance(logits, torch.Tensor) else logits
        return self.loss(cls_logits.float(), dist_logits.float(), teacher_logits, targets, **self.options)


def repeat_images(indices, times):
    """Return the order of an epoch with repeated augmentation: each image `times` times in a row, as many in all.

    Batches cut from it hold several versions of an image, augmented each for itself; so an epoch of the same length
    has fewer different images (Hoffer et al. 2020; DeiT repeats each image three times).

    Args:
        indices: (N,) the epoch's shuffled order.
        times: 1 or more.

    Returns:
        (N,) the first ceil(N / times) of the indices, each `times` times; the last one perhaps fewer times.
    """
    fewer = -(-len(indices) // times)
    return indices[:fewer].repeat_interleave(times)[: len(indices)]


def prepare_teacher(folder, data, config, device, options, every):
    """Train the teacher of a run, or take the one it is told, and keep it in the run's folder.

    The hook `prepare` of `models.Kind`, which says what the arguments are. `options["teacher"]` is the folder of a
    trained run. Without it a small CNN is trained first, with half the student's epochs.

    Returns:
        `Prepared`: the objective, and the seconds that the teacher was trained for, whoever trained it.
    """
    from .checkpoint import load_run
    from .models import Prepared

    place = Path(folder) / TEACHER
    if not (place / "model.pt").is_file():
        if options.get("teacher"):
            _copy_teacher(options["teacher"], place)
        else:
            _train_teacher(place, data, config, device, every)
    run = load_run(place)
    try:
        teacher = _fit_to_data(run, data, device)
    except TrainingError:
        shutil.rmtree(place)
        raise
    seconds = run.history.seconds[-1] if run.history.seconds else 0.0
    accuracy = f"test accuracy {run.history.test_accuracy[-1]:.1%}" if run.history.test_accuracy else "untested"
    print(f"teacher     {accuracy}; {seconds:.0f} s of training, which the student's time counts", flush=True)
    return Prepared(Distillation(teacher), seconds)


def _train_teacher(place, data, config, device, every):
    """Train a convolutional network on the student's images, with its augmentation, and save it as a run."""
    from .checkpoint import save_run
    from .fit import fit
    from .models import KINDS, configure
    from .resume import remove_checkpoints

    kind = KINDS["conv"]
    model_config = configure(kind, data, device)
    torch.manual_seed(config.seed)
    teacher = kind.build(**model_config)
    own = dict(epochs=-(-config.epochs // 2), ema=0.0, optimizer="adamw")
    teacher_config = replace(config, **own, peak_lr=kind.recipe(data, model_config, own["epochs"])["peak_lr"])
    count = sum(p.numel() for p in teacher.parameters())
    print(f"teacher     {kind.title}, {kind.describe(teacher, model_config)}; {count:,} parameters; ", end="")
    print(f"it trains first, for {teacher_config.epochs} epoch" + "s" * (teacher_config.epochs > 1), flush=True)
    history = fit(teacher, data, teacher_config, device=device, checkpoint=place, every=every)
    if history.interrupted:
        raise KeyboardInterrupt
    save_run(place, teacher, model_config, data, history, teacher_config, kind="conv")
    remove_checkpoints(place)


def _copy_teacher(source, place):
    """Keep a copy of a run's model in the student's folder, so that the student can go on wherever that run is gone."""
    from .checkpoint import CONFIG, HISTORY, MODEL, cannot_write, load_run, replace_file

    source = Path(source)
    load_run(source)  # says what is wrong with it
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG, HISTORY, MODEL):  # the model last: it says that all is there
            replace_file(place / name, lambda path, name=name: shutil.copyfile(source / name, path))
    except OSError as error:
        raise TrainingError(cannot_write(place, error)) from None


def _fit_to_data(run, data, device):
    """Return the run's model on the device, for images that are normalised as the student's are.

    Raises:
        TrainingError: when it knows other classes, or cannot take these images.
    """
    from .checkpoint import first_line

    if tuple(run.classes) != tuple(data.classes):
        raise TrainingError(
            f"The teacher knows other classes ({', '.join(run.classes[:4])}, …) than the data has "
            f"({', '.join(data.classes[:4])}, …): choose a run on the same data, or leave out --teacher."
        )
    teacher = nn.Sequential(Renormalize(data, run), run.model).to(device).eval()
    try:
        with torch.no_grad():
            teacher(torch.zeros(1, data.in_chans, *data.img_size, device=device))
    except Exception as error:  # a model for another image size or number of channels can fail in any way
        H, W = data.img_size
        raise TrainingError(
            f"The teacher cannot take these images of {H}×{W} pixels and {data.in_chans} channels "
            f"({first_line(error)}): choose a run on the same data, or leave out --teacher."
        ) from None
    return teacher


class Renormalize(nn.Module):
    """Turn images normalised for one data set into images normalised for another: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, source, target):
        super().__init__()
        scale = source.std.cpu() / target.std.cpu()
        shift = (source.mean.cpu() - target.mean.cpu()) / target.std.cpu()
        self.register_buffer("scale", scale.float().reshape(-1, 1, 1))
        self.register_buffer("shift", shift.float().reshape(-1, 1, 1))

    def forward(self, images):
        return images * self.scale + self.shift
