"""`vitcourse train`: load data, train a ViT, save it, and draw where it looks; go on with a run that was stopped."""

import time
from dataclasses import asdict
from pathlib import Path

import torch

from ..reference.vit import ViT
from .checkpoint import make_run_folder, save_run
from .config import TrainConfig, TrainingError
from .data import load_data
from .defaults import SIZES, choose_patch_size, default_patch_size, default_recipe, default_size, nearest_even_size
from .device import describe_device, pick_device, pick_precision
from .explain import save_attention_figure
from .fit import evaluate, fit
from .plan import has_plan, make_plan, read_plan, refuse_other_settings, remove_plan, write_plan
from .recipes import RECIPES
from .resume import has_checkpoint, remove_checkpoints

EPOCHS = 10


def train(
    data_name=None,
    *,
    named=None,
    size=None,
    model_options=None,
    recipe=None,
    device=None,
    out=None,
    every=None,
    **data_options,
):
    """Train a ViT on a data set and save it with its attention figure; prints what it does.

    Args:
        data_name: "shapes", "cifar10", a folder, or None for what suits the device.
        named: a name in `RECIPES`: sets data, model and recipe, as far as the other arguments do not.
        size: a name in `SIZES`; None is what suits data and device.
        model_options: keyword arguments of `ViT` that replace those of the size.
        recipe: fields of `TrainConfig` that replace the defaults.
        device: as `pick_device` takes it.
        out: the run's folder; None is runs/<data>-<time>. One with the unfinished run of the same settings goes on.
        every: steps between checkpoints, besides the one after each epoch.
        data_options: of `load_data`: img_size, train_size, test_size.

    Returns:
        (folder, history).

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    model_options, recipe = dict(model_options or {}), dict(recipe or {})
    if named is not None:
        chosen = RECIPES[named]
        data_name, size = data_name or "cifar10", size or chosen.size
        model_options.setdefault("patch_size", chosen.patch_size)
        recipe = asdict(chosen.config) | recipe
        print(f"{named}: on CIFAR-10, as it is, expect {chosen.expected}.\nCost: {chosen.cost}.")
    seed = recipe.get("seed", 0)
    device_name, device = device, pick_device(device)
    TrainConfig(**recipe)  # a wrong value is said before the data is loaded
    data = load_data(data_name, device=device, seed=seed, **data_options)
    patch_size = model_options.pop("patch_size", None) or default_patch_size(data, device)
    if patch_size is None:
        img_size = nearest_even_size(data.img_size)
        print("Images of {}×{} pixels do not divide into equal patches; ".format(*data.img_size), end="")
        print("they are resized to {}×{}.".format(*img_size))
        data_options["img_size"] = img_size
        data = load_data(data_name, device=device, seed=seed, **data_options)
        patch_size = choose_patch_size(img_size, device)
    model_config = dict(
        img_size=list(data.img_size), patch_size=patch_size, in_chans=data.in_chans, num_classes=data.num_classes
    )
    model_config |= SIZES[size or default_size(data, device)] | model_options
    epochs = recipe.setdefault("epochs", EPOCHS)
    config = TrainConfig(**(default_recipe(data, model_config, epochs) | recipe))
    plan = make_plan(data_name, data, data_options, model_config, config, device_name)
    if out is not None and has_plan(out):
        refuse_other_settings(out, plan)
        return _run(Path(out), data, model_config, config, device, every)
    model = _build(model_config, config)  # a model that cannot be built leaves no folder
    folder = make_run_folder(out or _new_folder(data.name))
    write_plan(folder, plan)
    return _run(folder, data, model_config, config, device, every, model)


def resume(folder, *, device=None, every=None):
    """Go on with an unfinished run of `train` from its last checkpoint; without one it starts anew.

    Args:
        folder: the run's.
        device: as `pick_device` takes it; None is what the run was told to use.
        every: as in `train`.

    Returns:
        (folder, history).

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    device = pick_device(device or plan["device"])
    config = TrainConfig(**plan["train"])
    data = load_data(plan["data"], device=device, seed=config.seed, **plan["data_options"])
    return _run(folder, data, plan["model"], config, device, every)


def _run(folder, data, model_config, config, device, every, model=None):
    """Train in a folder that has a plan, save the run there, and clear away what only an unfinished one needs."""
    new, model = model is not None, model or _build(model_config, config)
    try:
        _describe(data, model, model_config, config, device)
        ema_model = ViT(**model_config) if config.ema else None
        history = fit(model, data, config, device=device, checkpoint=folder, every=every, ema_model=ema_model)
    except TrainingError:
        if new and not has_checkpoint(folder):  # nothing to go on from
            remove_plan(folder)
            if not any(folder.iterdir()):
                folder.rmdir()
        raise
    save_run(folder, model, model_config, data, history, config, ema_model)
    _finish(folder, model, data, config, history)
    if history.interrupted:
        print(f"to go on    vitcourse train --resume {folder}")
    else:
        remove_plan(folder)
        remove_checkpoints(folder)
    return folder, history


def _build(model_config, config):
    torch.manual_seed(config.seed)
    try:
        return ViT(**model_config)
    except ValueError as error:
        raise TrainingError(f"This model cannot be built: {error}.") from None


def _describe(data, model, model_config, config, device):
    H, W = data.img_size
    tokens = model.patch_embed.num_patches
    print(f"device      {describe_device(device)}; precision {config.precision or pick_precision(device)}")
    print(f"data        {data.name}: {len(data.train):,} images to train on, {len(data.test):,} to test on; ", end="")
    print(f"{H}×{W} pixels, {data.num_classes} classes")
    print(f"model       ViT, patch {model_config['patch_size']} ({tokens} patches), ", end="")
    print("width {embed_dim}, {depth} blocks, {num_heads} heads; ".format(**model_config), end="")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    default = asdict(TrainConfig())
    always = ("epochs", "batch_size", "peak_lr")
    recipe = [f"{k} {v:g}" for k, v in asdict(config).items() if k in always]
    recipe += [f"{k} {v}" for k, v in asdict(config).items() if k not in always and v != default[k]]
    print(f"recipe      {', '.join(recipe)}", flush=True)


def _finish(folder, model, data, config, history):
    if history.interrupted:  # the last epoch's measurement is older than the model
        accuracy = evaluate(model, data.test, data, precision=config.precision)[1]
    else:
        accuracy = history.test_accuracy[-1]
    took = f" after {history.seconds[-1]:.0f} s" if history.seconds else ""
    print(f"result      test accuracy {accuracy:.1%}{took} (guessing: {1 / data.num_classes:.0%})")
    if history.ema_accuracy and not history.interrupted:
        print(f"            {history.ema_accuracy[-1]:.1%} with the averaged weights, in model-ema.pt")
    try:
        save_attention_figure(folder / "attention.png", model, data)
    except OSError as error:
        raise TrainingError(f"The model is saved in {folder}, but not its figure: {error}.") from None
    print(f"saved in    {folder}: model.pt, config.json, history.json, attention.png")


def _new_folder(data_name):
    name = f"{Path(data_name).name}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, number = Path("runs") / name, 2
    while folder.exists():
        folder, number = Path("runs") / f"{name}-{number}", number + 1
    return folder
