"""What `vitcourse train` does: load data, train a model, save it; go on with a run that was stopped."""

import functools
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from ..data import load_data
from ..training.checkpoint import remove_checkpoints
from ..training.config import TrainConfig, TrainingError
from ..training.device import describe_device, describe_precision
from ..training.distributed import Workers
from ..training.evaluate import evaluate
from ..training.fit import fit
from ..training.pieces import COURSE, Pieces
from .kinds import configure, find_kind, new_img_size
from .recipes import RECIPES
from .run import CONFIG, HISTORY, MODEL, make_run_folder, save_run
from .teacher import prepare_teacher
from .unfinished import (
    FILE,
    is_unfinished,
    make_settings,
    mark_finished,
    mark_unfinished,
    read_settings,
    refuse_other_settings,
)


@dataclass(frozen=True)
class OwnAnswers:
    """What a learner wrote, for a run of it: `vit` takes the place of the course's `ViT`; `words` say whose is what."""

    vit: type
    pieces: Pieces
    words: str


# What is made ready before a kind of model trains on more than labels, and the names of what it can be told.
PREPARATIONS = {"deit": (prepare_teacher, ("teacher",))}


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
    draw=None,
    mine=None,
    **data_options,
):
    """Train a model on a data set and save it; prints what it does.

    Args:
        data_name: "shapes", "cifar10", a folder, or None for what suits the device.
        named: a name in `RECIPES`: sets data, model and recipe, as far as the other arguments do not.
        model: a name in `models.KINDS`; None is the recipe's, or "vit".
        size: one of the kind's sizes; None is what suits data and device.
        model_options: keyword arguments of the model that replace those of the size.
        kind_options: what the kind's preparation is told, by the names in `PREPARATIONS`.
        recipe: fields of `TrainConfig` that replace the defaults.
        device: as `pick_device` takes it.
        out: the run's folder; None is runs/<data>-<time>. One with the unfinished run of the same settings goes on.
        every: steps between checkpoints, besides the one after each epoch.
        draw: called with the run's folder, the model and the data when they are saved; returns the figure's name.
        mine: returns the `OwnAnswers` that are trained in place of the course's; None trains the course's.
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
        _, known = PREPARATIONS.get(kind_name, (None, ()))
        for option in kind_options:
            if option not in known:
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
        if mine is not None and kind_name != "vit":
            raise TrainingError("What you wrote is a ViT: leave out --model, or leave out --mine.")
        own = None if mine is None else mine()
        given = dict(kind=kind_name, model=model_config, config=config, options=kind_options, device=device)
        settings = make_settings(data_name, data, data_options, **given, mine=own is not None)
        model = _build(kind, model_config, config, own)  # a model that cannot be built leaves no folder
        folder, new = workers.first(lambda: _open_folder(out, data, settings))
        return _run(workers, folder, data, settings, config, model, every=every, draw=draw, own=own, new=new)


def resume(folder, *, device=None, every=None, draw=None, mine=None):
    """Go on with an unfinished run of `train` from its last checkpoint; without one it starts anew.

    Args:
        folder: the run's.
        device: as `pick_device` takes it; None is what the run was told to use.
        every, draw: as in `train`.
        mine: as in `train`; called when the run is one of the learner's own answers.

    Returns:
        (folder, history).

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    folder = Path(folder)
    settings = read_settings(folder)
    workers = Workers(device or settings["device"])
    with workers.quiet():
        config = TrainConfig(**settings["train"])
        load = functools.partial(load_data, settings["data"], device=workers.device, seed=config.seed)
        data = workers.in_turn(lambda: load(**settings["data_options"]))
        if settings["mine"] and mine is None:
            raise TrainingError(f"That run trains your own answers: go on with vitcourse train --resume {folder}.")
        own = mine() if settings["mine"] else None
        model = _build(find_kind(settings["kind"]), settings["model"], config, own)
        return _run(workers, folder, data, settings, config, model, every=every, draw=draw, own=own)


def _open_folder(out, data, settings):
    """Return the run's folder, and whether the run begins there; it goes on where the settings is the same."""
    if out is not None and is_unfinished(out):
        refuse_other_settings(out, settings)
        return Path(out), False
    folder = make_run_folder(out or _new_folder(data.name))
    mark_unfinished(folder, settings)
    return folder, True


def _run(workers, folder, data, settings, config, model, *, every, draw, own, new=False):
    """Train in a folder that has a settings, save the run there, and clear away what only an unfinished one needs."""
    kind, model_config, device = find_kind(settings["kind"]), settings["model"], workers.device
    objective, seconds = None, 0.0
    try:
        _describe(data, kind, model, model_config, config, workers)
        if own is not None:
            print(f"yours       {own.words}", flush=True)
        if settings["kind"] in PREPARATIONS:
            prepare, _ = PREPARATIONS[settings["kind"]]
            prepared = _prepare(prepare, folder, data, config, device, settings["options"], every)
            objective, seconds = prepared.objective, prepared.seconds
        ema_model = _build(kind, model_config, config, own) if config.ema else None
        pieces = COURSE if own is None else own.pieces
        options = dict(device=device, checkpoint=folder, every=every, ema_model=ema_model, objective=objective)
        history = fit(model, data, config, **options, pieces=pieces)
    except TrainingError:
        if new and workers.main and [path.name for path in folder.iterdir()] == [FILE]:  # nothing to go on from
            mark_finished(folder)
            folder.rmdir()
        raise
    save_run(folder, model, model_config, data, history, config, ema_model, settings["kind"])
    workers.first(lambda: _finish(folder, model, data, config, history, seconds, draw))
    return folder, history


def _prepare(prepare, folder, *arguments):
    try:
        return prepare(folder, *arguments)
    except KeyboardInterrupt:
        print(f"to go on    vitcourse train --resume {folder}")
        raise


def _build(kind, model_config, config, own):
    torch.manual_seed(config.seed)
    try:
        return (kind.build if own is None else own.vit)(**model_config)
    except ValueError as error:
        raise TrainingError(f"This model cannot be built: {error}.") from None


def _describe(data, kind, model, model_config, config, workers):
    H, W = data.img_size
    several = "" if workers.alone else f" (one of {workers.size} processes)"
    precision = describe_precision(workers.device, config.precision)
    print(f"device      {describe_device(workers.device)}{several}; {precision}")
    print(f"data        {data.name}: {len(data.train):,} images to train on, {len(data.test):,} to test on; ", end="")
    print(f"{H}×{W} pixels, {data.num_classes} classes")
    print(f"model       {kind.title}, {kind.describe(model, model_config)}; ", end="")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    default = asdict(TrainConfig())
    always = ("epochs", "batch_size", "peak_lr")
    recipe = [f"{k} {v:g}" for k, v in asdict(config).items() if k in always]
    recipe += [f"{k} {v}" for k, v in asdict(config).items() if k not in always and v != default[k]]
    print(f"recipe      {', '.join(recipe)}", flush=True)


def _finish(folder, model, data, config, history, before, draw):
    """Say what came out, have the figure drawn, and clear away what only an unfinished run needs."""
    if history.interrupted:  # the last epoch's measurement is older than the model
        accuracy = evaluate(model, data.test, data, precision=config.precision)[1]
    else:
        accuracy = history.test_accuracy[-1]
    took = f" after {before + history.seconds[-1]:.0f} s" if history.seconds else ""
    took += f", {before:.0f} s of them before it began to train" * bool(took and before)
    print(f"result      test accuracy {accuracy:.1%}{took} (guessing: {1 / data.num_classes:.0%})")
    if history.ema_accuracy and not history.interrupted:
        print(f"            {history.ema_accuracy[-1]:.1%} with the averaged weights, in model-ema.pt")
    files = [MODEL, CONFIG, HISTORY]
    if draw is not None:
        try:
            files.append(draw(folder, model, data))
        except OSError as error:
            raise TrainingError(f"The model is saved in {folder}, but not its figure: {error}.") from None
    print(f"saved in    {folder}: {', '.join(files)}")
    if history.interrupted:
        print(f"to go on    vitcourse train --resume {folder}")
    else:
        mark_finished(folder)
        remove_checkpoints(folder)


def _new_folder(data_name):
    name = f"{Path(data_name).name}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, number = Path("runs") / name, 2
    while folder.exists():
        folder, number = Path("runs") / f"{name}-{number}", number + 1
    return folder
