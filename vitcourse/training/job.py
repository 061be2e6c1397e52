"""`vitcourse train`: load data, train a model, save it, and draw where it looks; go on with a run that was stopped."""

import functools
import time
from dataclasses import asdict
from pathlib import Path

import torch

from .checkpoint import make_run_folder, save_run
from .config import TrainConfig, TrainingError
from .data import load_data
from .device import describe_device, pick_precision
from .distributed import Workers
from .explain import save_attention_figure
from .fit import evaluate, fit
from .models import configure, find_kind, new_img_size
from .plan import PLAN, has_plan, make_plan, read_plan, refuse_other_settings, remove_plan, write_plan
from .recipes import RECIPES
from .resume import remove_checkpoints


def train(
    data_name=None,
    *,
    named=None,
    model=None,
    size=None,
    model_options=None,
    kind_options=None,
    recipe=None,
    device=None,
    out=None,
    every=None,
    **data_options,
):
    """Train a model on a data set and save it with its attention figure; prints what it does.

    Args:
        data_name: "shapes", "cifar10", a folder, or None for what suits the device.
        named: a name in `RECIPES`: sets data, model and recipe, as far as the other arguments do not.
        model: a name in `models.KINDS`; None is the recipe's, or "vit".
        size: one of the kind's sizes; None is what suits data and device.
        model_options: keyword arguments of the model that replace those of the size.
        kind_options: what the kind's `prepare` is told, by the names in its `options`.
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
    workers = Workers(device)
    with workers.quiet():
        model_options, recipe = dict(model_options or {}), dict(recipe or {})
        if named is not None:
            chosen = RECIPES[named]
            data_name, model = data_name or "cifar10", model or chosen.model
            if model == chosen.model:
                size = size or chosen.size
                if chosen.patch_size is not None:
                    model_options.setdefault("patch_size", chosen.patch_size)
            recipe = asdict(chosen.config) | recipe
            print(f"{named}: on CIFAR-10, as it is, expect {chosen.expected}.\nCost: {chosen.cost}.")
        kind_name = model or "vit"
        kind, kind_options = find_kind(kind_name), dict(kind_options or {})
        for option in kind_options:
            if option not in kind.options:
                raise TrainingError(f"{kind.title} takes no {option}: leave it out, or choose another model.")
        seed = recipe.get("seed", 0)
        TrainConfig(**recipe)  # a wrong value is said before the data is loaded
        load = functools.partial(load_data, data_name, device=workers.device, seed=seed)
        data = workers.in_turn(lambda: load(**data_options))
        img_size = new_img_size(kind, data, workers.device, model_options)
        if img_size is not None:
            print("Images of {}×{} pixels do not divide into equal patches; ".format(*data.img_size), end="")
            print("they are resized to {}×{}.".format(*img_size))
            data_options["img_size"] = img_size
            data = workers.in_turn(lambda: load(**data_options))
        model_config = configure(kind, data, workers.device, size, model_options)
        epochs = recipe.setdefault("epochs", kind.epochs)
        config = TrainConfig(**(kind.recipe(data, model_config, epochs) | recipe))
        plan = make_plan(data_name, data, data_options, kind_name, model_config, config, kind_options, device)
        model = _build(kind, model_config, config)  # a model that cannot be built leaves no folder
        folder, new = workers.first(lambda: _open_folder(out, data, plan))
        return _run(workers, folder, data, plan, config, every, model, new)


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
    workers = Workers(device or plan["device"])
    with workers.quiet():
        config = TrainConfig(**plan["train"])
        load = functools.partial(load_data, plan["data"], device=workers.device, seed=config.seed)
        data = workers.in_turn(lambda: load(**plan["data_options"]))
        model = _build(find_kind(plan["kind"]), plan["model"], config)
        return _run(workers, folder, data, plan, config, every, model)


def _open_folder(out, data, plan):
    """Return the run's folder, and whether the run begins there; it goes on where the plan is the same."""
    if out is not None and has_plan(out):
        refuse_other_settings(out, plan)
        return Path(out), False
    folder = make_run_folder(out or _new_folder(data.name))
    write_plan(folder, plan)
    return folder, True


def _run(workers, folder, data, plan, config, every, model, new=False):
    """Train in a folder that has a plan, save the run there, and clear away what only an unfinished one needs."""
    kind, model_config, device = find_kind(plan["kind"]), plan["model"], workers.device
    objective, seconds = None, 0.0
    try:
        _describe(data, kind, model, model_config, config, workers)
        if kind.prepare is not None:
            prepared = _prepare(kind, folder, data, config, device, plan["options"], every)
            objective, seconds = prepared.objective, prepared.seconds
        ema_model = _build(kind, model_config, config) if config.ema else None
        options = dict(device=device, checkpoint=folder, every=every, ema_model=ema_model, objective=objective)
        history = fit(model, data, config, **options)
    except TrainingError:
        if new and workers.main and [path.name for path in folder.iterdir()] == [PLAN]:  # nothing to go on from
            remove_plan(folder)
            folder.rmdir()
        raise
    save_run(folder, model, model_config, data, history, config, ema_model, plan["kind"])
    workers.first(lambda: _finish(folder, model, data, config, history, seconds))
    return folder, history


def _prepare(kind, folder, *told):
    try:
        return kind.prepare(folder, *told)
    except KeyboardInterrupt:
        print(f"to go on    vitcourse train --resume {folder}")
        raise


def _build(kind, model_config, config):
    torch.manual_seed(config.seed)
    try:
        return kind.build(**model_config)
    except ValueError as error:
        raise TrainingError(f"This model cannot be built: {error}.") from None


def _describe(data, kind, model, model_config, config, workers):
    H, W = data.img_size
    several = "" if workers.alone else f" (one of {workers.size} processes)"
    precision = config.precision or pick_precision(workers.device)
    print(f"device      {describe_device(workers.device)}{several}; precision {precision}")
    print(f"data        {data.name}: {len(data.train):,} images to train on, {len(data.test):,} to test on; ", end="")
    print(f"{H}×{W} pixels, {data.num_classes} classes")
    print(f"model       {kind.title}, {kind.describe(model, model_config)}; ", end="")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    default = asdict(TrainConfig())
    always = ("epochs", "batch_size", "peak_lr")
    recipe = [f"{k} {v:g}" for k, v in asdict(config).items() if k in always]
    recipe += [f"{k} {v}" for k, v in asdict(config).items() if k not in always and v != default[k]]
    print(f"recipe      {', '.join(recipe)}", flush=True)


def _finish(folder, model, data, config, history, before):
    """Say what came out, draw the figure, and clear away what only an unfinished run needs."""
    if history.interrupted:  # the last epoch's measurement is older than the model
        accuracy = evaluate(model, data.test, data, precision=config.precision)[1]
    else:
        accuracy = history.test_accuracy[-1]
    took = f" after {before + history.seconds[-1]:.0f} s" if history.seconds else ""
    took += f", {before:.0f} s of them before it began to train" * bool(took and before)
    print(f"result      test accuracy {accuracy:.1%}{took} (guessing: {1 / data.num_classes:.0%})")
    if history.ema_accuracy and not history.interrupted:
        print(f"            {history.ema_accuracy[-1]:.1%} with the averaged weights, in model-ema.pt")
    try:
        save_attention_figure(folder / "attention.png", model, data)
    except OSError as error:
        raise TrainingError(f"The model is saved in {folder}, but not its figure: {error}.") from None
    print(f"saved in    {folder}: model.pt, config.json, history.json, attention.png")
    if history.interrupted:
        print(f"to go on    vitcourse train --resume {folder}")
    else:
        remove_plan(folder)
        remove_checkpoints(folder)


def _new_folder(data_name):
    name = f"{Path(data_name).name}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, number = Path("runs") / name, 2
    while folder.exists():
        folder, number = Path("runs") / f"{name}-{number}", number + 1
    return folder
