"""The teacher of a run of `--model deit`: one that is trained first, or a trained run that the user names."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ..common.files import cannot_write, first_line, replace_file
from ..training.checkpoint import remove_checkpoints
from ..training.config import TrainingError
from ..training.distillation import Distillation
from ..training.fit import fit
from .kinds import KINDS, configure
from .run import CONFIG, HISTORY, MODEL, load_run, save_run

TEACHER = "teacher"  # a folder in the student's run


@dataclass(frozen=True)
class Prepared:
    """What is ready before a run begins: an objective as `fit` takes it, and the seconds that making it took."""

    objective: Callable
    seconds: float = 0.0


def prepare_teacher(folder, data, config, device, options, every):
    """Train the teacher of a run, or take the one it is told, and keep it in the run's folder.

    It is called each time a run begins or goes on, by each of several processes that train together, and finds what an
    earlier call made.

    Args:
        folder: the student's run; the teacher's stands in it.
        data: the `ImageData`, on the device.
        config: the student's `TrainConfig`.
        device: a torch.device.
        options: "teacher" is the folder of a trained run. Without it a small CNN is trained first, with half the
            student's epochs.
        every: steps between checkpoints, as `fit` takes it.

    Returns:
        `Prepared`: the objective, and the seconds that the teacher was trained for, whoever trained it.

    Raises:
        KeyboardInterrupt: when the user stopped the teacher's training.
        TrainingError: for a teacher that does not fit the data.
    """
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
