"""A run's folder: the model with all that is needed to use it again.

`model.pt` is a state dict, and so is `model-ema.pt`, the averaged weights, after a run with `ema`; `config.json` has
the kind of model and its sizes, the classes, the normalisation, the recipe and the versions; `history.json` has the
losses. Each file appears whole or not at all.
"""

import json
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import torch
from torch import nn

from ..common.files import cannot_write, first_line, replace_file, replace_text
from ..training.config import History, TrainingError
from ..training.distributed import Workers
from .kinds import find_kind

MODEL, EMA_MODEL, CONFIG, HISTORY = "model.pt", "model-ema.pt", "config.json", "history.json"


@dataclass
class Run:
    """A run read back: the model in evaluation mode on the CPU, and what it was made with.

    `mean` and `std` are tensors (C,) in units where 255 is 1: normalise images with them before the model sees them.
    `kind` is a name in `kinds.KINDS`.
    """

    model: nn.Module
    model_config: dict
    classes: tuple[str, ...]
    mean: torch.Tensor
    std: torch.Tensor
    history: History
    config: dict
    kind: str = "vit"


def make_run_folder(folder):
    """Make the folder a run will be saved in, before training, so that a bad place costs no time.

    Raises:
        TrainingError: when it already holds files, or nothing can be written there.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TrainingError(f"{folder} already holds files, and nothing is overwritten: choose another folder.")
        probe = folder / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise TrainingError(cannot_write(folder, error)) from None
    return folder


def save_run(folder, model, model_config, data, history, config, ema_model=None, kind="vit"):
    """Save a trained model and what it was made with; of several processes all call this, and the first one writes.

    Args:
        folder: made when missing; files of the same names in it are replaced, each in one step.
        model: any nn.Module; `load_run` needs one of the kind, or one with the same parameters.
        model_config: the keyword arguments of the kind's class.
        data: the `ImageData` it was trained on.
        history: the `History`.
        config: the `TrainConfig`.
        ema_model: the model with averaged weights, if there is one.
        kind: a name in `kinds.KINDS`.

    Raises:
        TrainingError: when the folder cannot be written or the disk is full.
    """
    folder = Path(folder)
    settings = {
        "kind": kind,
        "model": model_config,
        "data": data.name,
        "classes": list(data.classes),
        "mean": data.mean.tolist(),
        "std": data.std.tolist(),
        "train": asdict(config),
        "versions": {"torch": torch.__version__, "vitcourse": _own_version()},
    }

    def save():
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(folder / HISTORY, history.to_json())
        replace_text(folder / CONFIG, json.dumps(settings, indent=1))
        if ema_model is not None:
            replace_file(folder / EMA_MODEL, lambda path: torch.save(_weights(ema_model), path))
        replace_file(folder / MODEL, lambda path: torch.save(_weights(model), path))

    try:
        Workers().first(save)
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk as a RuntimeError
        raise TrainingError(cannot_write(folder, error)) from None


def load_run(folder, *, ema=False):
    """Read back what `save_run` wrote and rebuild the model; with `ema` the one with averaged weights.

    Returns:
        `Run`.

    Raises:
        TrainingError: when a file is missing or torn, or the weights do not fit the course's class.
    """
    folder = Path(folder)
    weights = folder / (EMA_MODEL if ema else MODEL)
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        history = History.from_json((folder / HISTORY).read_text(encoding="utf-8"))
        state = torch.load(weights, map_location="cpu", weights_only=True)
        kind = settings.get("kind", "vit")  # there was one kind, and its name was not written
        model = find_kind(kind).build(**settings["model"])
        classes, mean, std = tuple(settings["classes"]), torch.tensor(settings["mean"]), torch.tensor(settings["std"])
        recipe = settings["train"]
    except TrainingError:
        raise
    except FileNotFoundError as error:
        raise TrainingError(f"There is no {Path(error.filename).name} in {folder}: it is not a saved run.") from None
    except Exception as error:  # a torn file can fail in any way inside json, zip or pickle
        raise TrainingError(f"The run in {folder} cannot be read ({first_line(error)}): train it again.") from None
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise TrainingError(
            f"The weights in {weights} do not fit the course's {find_kind(kind).title} ({first_line(error, 1)}): "
            "load them into the class that was trained."
        ) from None
    return Run(model.eval(), settings["model"], classes, mean, std, history, recipe, kind)


def _weights(model):
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps: its weights have plain names
    return {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}


def _own_version():
    try:
        return metadata.version("vitcourse")
    except metadata.PackageNotFoundError:  # cloned and put on sys.path, as on Colab
        return "not installed"
