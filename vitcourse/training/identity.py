"""What makes a run this run and no other: its recipe, model and data, in a form that can be stored and compared."""

import functools
import inspect
from dataclasses import asdict

import torch

from .config import TrainConfig

OBJECTIVE = "cross_entropy"  # the name of the usual one, in fit.py


def identity(model, data, config, objective):
    """Return the run's identity: for each of "recipe", "model" and "data" a dict of plain values.

    Two runs with the same identity take the same steps from the same state. Weights are no part of it.
    """
    recipe = asdict(config) | describe_objective(objective)
    return {"recipe": recipe, "model": describe_model(model), "data": describe_data(data)}


def describe_objective(objective):
    """Return the name of an objective, and the plain values that it keeps, say a temperature."""
    if isinstance(objective, functools.partial):
        plain = objective.keywords
        objective = objective.func
    else:
        plain = getattr(objective, "__dict__", {})
    name = getattr(objective, "__qualname__", type(objective).__qualname__)
    kept = {f"objective.{key}": value for key, value in plain.items() if isinstance(value, (bool, int, float, str))}
    return {"objective": name} | kept


def describe_model(model):
    """Return the shapes of all weights, which of them are frozen, and the modules' plain constructor arguments.

    The arguments are those that a module keeps under the same name: `num_heads` changes no shape, and still makes
    another model.
    """
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    said = {
        name: f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}{' frozen' * (name in frozen)}"
        for name, tensor in model.state_dict().items()
    }
    for name, module in model.named_modules():
        for argument in inspect.signature(type(module).__init__).parameters:
            value = vars(module).get(argument)
            if isinstance(value, (bool, int, float, str)):
                said[f"{name}.{argument}".lstrip(".")] = value
    return said


def describe_data(data):
    """Return sizes, classes, normalisation, and sums that change with the images, the targets or their order."""
    said = {
        "classes": ", ".join(data.classes),
        "mean": ", ".join(f"{x:.3f}" for x in data.mean.tolist()),
        "std": ", ".join(f"{x:.3f}" for x in data.std.tolist()),
    }
    for name, split in (("training", data.train), ("test", data.test)):
        said[f"{name} images"] = str(list(split.images.shape))
        places = torch.arange(1, len(split.targets) + 1, device=split.images.device)
        sums = split.images.flatten(1).sum(1, dtype=torch.int32)  # int64 takes twice the time
        said[f"{name} images' checksum"] = int((sums * places).sum())
        said[f"{name} targets' checksum"] = int((split.targets * places).sum())
    return said


def difference(there, here):
    """Say where two identities differ.

    Returns:
        (part, words), say ("recipe", "peak_lr is 0.002 there and 0.001 here"), or None when they are the same.
    """
    # A checkpoint from before a field was added had that field off, and the usual objective.
    there = there | {"recipe": asdict(TrainConfig()) | {"objective": OBJECTIVE} | there["recipe"]}
    for part, now in here.items():
        for key in [*now, *(key for key in there[part] if key not in now)]:
            old, new = there[part].get(key, "absent"), now.get(key, "absent")
            if old != new:
                return part, f"{key} is {old} there and {new} here"
    return None
