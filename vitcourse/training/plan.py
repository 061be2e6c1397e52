"""What an unfinished run of `vitcourse train` is made of: a file in its folder until the trained model is saved."""

import json
from dataclasses import asdict
from pathlib import Path

from .checkpoint import cannot_write, first_line, replace_file
from .config import TrainConfig, TrainingError

PLAN = "unfinished.json"
COMPARED = ("data_options", "model", "train", "options")


def make_plan(data_name, data, data_options, kind, model_config, config, options, device):
    """Return all that is needed to start the run again, as values that JSON keeps.

    Args:
        data_name: as the user gave it.
        data: the `ImageData` that came of it.
        data_options: the other arguments of `load_data`.
        kind: the name of the kind of model.
        model_config: its keyword arguments.
        config: the `TrainConfig`.
        options: what the kind's `prepare` is told.
        device: as the user gave it.
    """
    if data_name is None or data_name in ("shapes", "cifar10"):
        lasting = data.name  # None means something else on a machine with a GPU
    else:
        lasting = str(Path(data_name).expanduser().resolve())  # the same from another working directory
    device = None if device is None else str(device)
    plan = dict(data=lasting, device=device, data_options=data_options, kind=kind, model=model_config)
    plan |= dict(train=asdict(config), options=options)
    return _with_tuples(json.loads(json.dumps(plan)))


def has_plan(folder):
    """Return whether the folder holds an unfinished run."""
    return (Path(folder) / PLAN).is_file()


def remove_plan(folder):
    """Mark the run in the folder as finished."""
    (Path(folder) / PLAN).unlink(missing_ok=True)


def write_plan(folder, plan):
    """Mark the folder as that of an unfinished run."""
    text = json.dumps(plan, indent=1)
    try:
        replace_file(Path(folder) / PLAN, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise TrainingError(cannot_write(folder, error)) from None


def read_plan(folder):
    """Return the plan of the unfinished run in a folder.

    Raises:
        TrainingError: when there is none, or it cannot be read.
    """
    path = Path(folder) / PLAN
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        plan = {"kind": "vit", "options": {}} | plan  # from before there were other kinds
        plan["train"] = asdict(TrainConfig()) | plan["train"]  # from before a field was added, which had it off
        return _with_tuples({name: plan[name] for name in ("data", "device", "kind", *COMPARED)})
    except (FileNotFoundError, NotADirectoryError):
        why = "the run there is finished" if (path.parent / "model.pt").is_file() else f"it has no {PLAN}"
        raise TrainingError(f"There is no unfinished run in {folder}: {why}.") from None
    except Exception as error:  # a torn or foreign file
        raise TrainingError(f"{path} cannot be read ({first_line(error)}): start the run anew.") from None


def refuse_other_settings(folder, plan):
    """Raise a TrainingError that names the first setting in which the run in a folder differs from a plan."""
    there = read_plan(folder)
    differ = [(key, there[key], plan[key]) for key in ("data", "kind")]
    for part in COMPARED:
        differ += [(key, there[part].get(key), plan[part].get(key)) for key in plan[part] | there[part]]
    for key, old, new in differ:
        if old != new:
            raise TrainingError(
                f"{folder} holds an unfinished run with other settings ({key} is {old} there and {new} here): go on "
                f"with it by --resume {folder}, or choose another folder."
            )


def _with_tuples(plan):
    """Turn lists into tuples: that is what they were before JSON."""
    for part in COMPARED:
        plan[part] = {key: tuple(x) if isinstance(x, list) else x for key, x in plan[part].items()}
    return plan
