"""Part c: the textbook recipe against the course's, on the same images, seeds and number of epochs."""

import functools
import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.data import load_data
from vitcourse.training.defaults import SIZES
from vitcourse.training.device import pick_precision
from vitcourse.training.fit import fit
from vitcourse.training.recipes import RECIPES

from .part import Job, hash_of


def jobs(options):
    """Return a `Job` for each seed and recipe, all recipes of the first seed first.

    Args:
        options: has `data`, `images`, `test_images` (None is all of them), `epochs` (None is the recipe's own),
            `seeds`, `recipes`, `device` and `results`, a folder.
    """
    sizes = dict(train_size=options.images, test_size=options.test_images)
    settings = dict(data=Path(options.data).name, epochs=options.epochs, **sizes)
    made = []
    for seed in options.seeds:
        for name in options.recipes:
            recipe = RECIPES[name]
            config = replace(recipe.config, seed=seed, epochs=options.epochs or recipe.config.epochs)
            case = dict(recipe=name, seed=seed, config=asdict(config))
            folder = Path(options.results) / "runs" / f"{name}-{seed}-{hash_of(settings, case)}"
            run = functools.partial(train, recipe, config, options.data, sizes, options.device, folder)
            made.append(Job(settings, case, run, functools.partial(shutil.rmtree, folder, ignore_errors=True)))
    return made


def normalise(case):
    """Fill in fields that `TrainConfig` got after a case was measured: before, they were off, as by default."""
    return case | {"config": json.loads(json.dumps(asdict(TrainConfig()))) | case["config"]}


@functools.cache
def load(data, train_size, test_size):
    """The images, the same for all runs: seeds draw weights, order and augmentation."""
    return load_data(data, train_size=train_size, test_size=test_size, seed=0)


def train(recipe, config, data_name, sizes, device, folder):
    """Train once; a run that was cut off goes on from `folder`, after its last whole epoch.

    Returns:
        accuracy and test_loss (one number an epoch), wall_seconds and cpu_seconds (since the start, evaluation
        included; the CPU's summed over its cores), parameters, precision, and what was trained on.
    """
    data = load(data_name, sizes["train_size"], sizes["test_size"])
    torch.manual_seed(config.seed)
    model = build(recipe, data)
    cpu = CpuClock(folder / "cpu_seconds.json")
    history = fit(model, data, config, device=device, checkpoint=folder, on_epoch=lambda h: cpu.epoch(len(h)))
    if history.interrupted:
        raise KeyboardInterrupt
    return {
        "accuracy": history.test_accuracy,
        "test_loss": history.test_loss,
        "wall_seconds": [round(x, 1) for x in history.seconds],
        "cpu_seconds": [round(x, 1) for x in cpu.seconds],
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": config.precision or pick_precision(device),
        "images": len(data.train),
        "test_images": len(data.test),
    }


def build(recipe, data):
    """Return the recipe's model, with new weights."""
    shape = dict(img_size=data.img_size, in_chans=data.in_chans, num_classes=data.num_classes)
    return ViT(**shape, patch_size=recipe.patch_size, **SIZES[recipe.size])


class CpuClock:
    """CPU seconds of all threads at the end of each epoch, over all the pieces of a run that was cut off.

    An epoch that was cut off is trained anew, and its first try does not count. `path` is the file they are kept in.
    """

    def __init__(self, path):
        self.path, self.seconds = path, []
        if path.exists():
            self.seconds = json.loads(path.read_text())
        self.last = time.process_time()

    def epoch(self, done):
        """Note that `done` epochs are finished."""
        before = self.seconds[: done - 1]
        now = time.process_time()
        self.seconds = [*before, (before[-1] if before else 0) + now - self.last]
        self.last = now
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(self.seconds))
        beside.replace(self.path)
