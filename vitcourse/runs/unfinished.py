"""What an unfinished run of `vitcourse train` is made of: a file in its folder until the trained model is saved."""

import json
from dataclasses import asdict
from pathlib import Path

from ..common.files import cannot_write, first_line, replace_text
from ..training.config import TrainConfig, TrainingError

FILE = "unfinished.json"
COMPARED = ("data_options", "model", "train", "options")


def make_settings(data_name, data, data_options, *, kind, model, config, options, device, mine=False):
    """Return all that is needed to start the run again, as values that JSON keeps.

    Args:
        data_name: as the user gave it.
        data: the `ImageData` that came of it.
        data_options: the other arguments of `load_data`.
        kind: the name of the kind of model.
        model: its keyword arguments.
        config: the `TrainConfig`.
        options: what the kind's preparation is told.
        device: as the user gave it.
        mine: whether the learner's own answers are trained.
    """
    if data_name is None or data_name in ("shapes", "cifar10"):
        lasting = data.name  # None means something else on a machine with a GPU
    else:
        lasting = str(Path(data_name).expanduser().resolve())  # the same from another working directory
    device = None if device is None else str(device)
    settings = dict(data=lasting, device=device, data_options=data_options, kind=kind, model=model)
    settings |= dict(train=asdict(config), options=options, mine=mine)
    return _with_tuples(json.loads(json.dumps(settings)))


def is_unfinished(folder):
    """Return whether the folder holds an unfinished run."""
    return (Path(folder) / FILE).is_file()


def mark_finished(folder):
    """Mark the run in the folder as finished."""
    (Path(folder) / FILE).unlink(missing_ok=True)


def mark_unfinished(folder, settings):
    """Mark the folder as that of an unfinished run."""
    try:
        replace_text(Path(folder) / FILE, json.dumps(settings, indent=1))
    except OSError as error:
        raise TrainingError(cannot_write(folder, error)) from None


def read_settings(folder):
    """Return the settings of the unfinished run in a folder.

    Raises:
        TrainingError: when there is none, or it cannot be read.
    """
    path = Path(folder) / FILE
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        settings = {"kind": "vit", "options": {}, "mine": False} | settings  # from before there were others
        settings["train"] = asdict(TrainConfig()) | settings["train"]  # from before a field was added, which had it off
        return _with_tuples({name: settings[name] for name in ("data", "device", "kind", "mine", *COMPARED)})
    except (FileNotFoundError, NotADirectoryError):
        why = "the run there is finished" if (path.parent / "model.pt").is_file() else f"it has no {FILE}"
        raise TrainingError(f"There is no unfinished run in {folder}: {why}.") from None
    except Exception as error:  # a torn or foreign file
        raise TrainingError(f"{path} cannot be read ({first_line(error)}): start the run anew.") from None


def refuse_other_settings(folder, settings):
    """Raise a TrainingError that names the first setting in which the run in a folder differs from these."""
    there = read_settings(folder)
    differ = [(key, there[key], settings[key]) for key in ("data", "kind", "mine")]
    for part in COMPARED:
        differ += [(key, there[part].get(key), settings[part].get(key)) for key in settings[part] | there[part]]
    for key, old, new in differ:
        if old != new:
            raise TrainingError(
                f"{folder} holds an unfinished run with other settings ({key} is {old} there and {new} here): go on "
                f"with it by --resume {folder}, or choose another folder."
            )


def _with_tuples(settings):
    """Turn lists into tuples: that is what they were before JSON."""
    for part in COMPARED:
        settings[part] = {key: tuple(x) if isinstance(x, list) else x for key, x in settings[part].items()}
    return settings
