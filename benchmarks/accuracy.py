"""Part c: the textbook recipe against the course's, on the same images, seeds and number of epochs."""

import functools
import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from vitcourse.common.files import replace_text
from vitcourse.data import load_data
from vitcourse.runs.kinds import configure, find_kind
from vitcourse.runs.recipes import RECIPES
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.device import pick_precision
from vitcourse.training.fit import fit

from .document import number, percent, table
from .part import Job, hash_of

TITLE = "Accuracy against time"
SHOW_ALL = True  # other data, or another number of epochs, is another comparison and not an older one
TOY_DATA = "shapes"
OPTIONS = (
    ("data", "cifar10", TOY_DATA, "cifar10, shapes, or a folder with train/ and test/"),
    ("images", 0, 60, "training images (0: all on a GPU or with --full, else 10,000)"),
    ("test-images", 0, 30, "test images (0: all on a GPU or with --full, else 2,000)"),
    ("epochs", 0, 2, "of each run (0: the recipe's own on a GPU or with --full, else 5)"),
    ("seeds", [0, 1, 2], [0, 1], "a run of each recipe for each of them"),
    ("recipes", ["textbook", "quick"], ["textbook", "quick"], "names of recipes"),
    ("full", False, False, "all images and the recipes' own epochs, also on a CPU"),
)
ON_A_CPU = dict(images=10_000, test_images=2_000, epochs=5)


def jobs(options):
    """Return a `Job` for each seed and recipe, all recipes of the first seed first."""
    small = options.device.type == "cpu" and not options.full
    limits = {name: getattr(options, name) or (ON_A_CPU[name] if small else None) for name in ON_A_CPU}
    sizes = dict(train_size=limits["images"], test_size=limits["test_images"])
    settings = dict(data=Path(options.data).name, epochs=limits["epochs"], **sizes)
    made = []
    for seed in options.seeds:
        for name in options.recipes:
            if name not in RECIPES:
                raise TrainingError(f"There is no recipe {name!r}: choose from {', '.join(RECIPES)}.")
            recipe = RECIPES[name]
            config = replace(recipe.config, seed=seed, epochs=limits["epochs"] or recipe.config.epochs)
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
        accuracy, test_loss and ema_accuracy (one number an epoch; the last one is empty without averaging),
        wall_seconds and cpu_seconds (since the start, evaluation included; the CPU's summed over its cores),
        parameters, precision, and what was trained on.
    """
    data = load(data_name, sizes["train_size"], sizes["test_size"])
    torch.manual_seed(config.seed)
    model = build(recipe, data, device)
    cpu = CpuClock(folder / "cpu_seconds.json")
    history = fit(model, data, config, device=device, checkpoint=folder, on_epoch=lambda h: cpu.epoch(len(h)))
    if history.interrupted:
        raise KeyboardInterrupt
    return {
        "accuracy": history.test_accuracy,
        "test_loss": history.test_loss,
        "ema_accuracy": history.ema_accuracy,
        "wall_seconds": [round(x, 1) for x in history.seconds],
        "cpu_seconds": [round(x, 1) for x in cpu.seconds],
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": config.precision or pick_precision(device),
        "images": len(data.train),
        "test_images": len(data.test),
    }


def build(recipe, data, device):
    """Return the recipe's model, with new weights."""
    kind = find_kind(recipe.model)
    options = {} if recipe.patch_size is None else dict(patch_size=recipe.patch_size)
    return kind.build(**configure(kind, data, device, recipe.size, options))


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
        replace_text(self.path, json.dumps(self.seconds))


def section(records):
    """Return the part's lines of the document."""
    settings, runs = records[0]["settings"], {}
    for record in sorted(records, key=_order):
        runs.setdefault(record["case"]["recipe"], []).append(record)
    first = records[0]["result"]
    epochs = f"{settings['epochs']} epochs" if settings["epochs"] else "each recipe's own epochs"
    baseline = next(iter(runs))
    lines = [
        f"{settings['data']}: {first['images']:,} training and {first['test_images']:,} test images, the same for all "
        f"runs; {epochs}. A seed draws weights, order and augmentation. Accuracy on the test images after the last "
        "epoch, as a mean with its lowest and highest seed; seconds are a run's mean, evaluation included.",
        "",
        *table(
            ["recipe", "parameters", "precision", "seeds", "accuracy", "CPU seconds", "seconds", f"against {baseline}"],
            [_row(name, runs, baseline) for name in runs],
        ),
        "",
        "After each epoch, accuracy (mean over the seeds) and the CPU seconds spent up to then:",
        "",
        *_curves(runs),
    ]
    return lines


def _order(record):
    """The recipes in their own order, one that is gone by now at the end; each one's seeds from the lowest."""
    names, case = list(RECIPES), record["case"]
    return names.index(case["recipe"]) if case["recipe"] in names else len(names), case["recipe"], case["seed"]


def _row(name, runs, baseline):
    results = [record["result"] for record in runs[name]]
    last = [result["accuracy"][-1] for result in results]
    seeds = ", ".join(str(record["case"]["seed"]) for record in runs[name])
    cpu, wall = (mean([result[clock][-1] for result in results]) for clock in ("cpu_seconds", "wall_seconds"))
    accuracy = percent(mean(last)) + (f" ({percent(min(last))} to {percent(max(last))})" if len(last) > 1 else "")
    averaged = [result["ema_accuracy"][-1] for result in results if result.get("ema_accuracy")]
    if averaged:
        accuracy += f"; averaged weights {percent(mean(averaged))}"
    parameters, precision = f"{results[0]['parameters']:,}", results[0]["precision"]
    return [name, parameters, precision, seeds, accuracy, number(cpu), number(wall), _gain(runs[name], runs[baseline])]


def _gain(these, those):
    """Points of accuracy more than the baseline, over the seeds that both have."""
    if these is those:
        return ""
    other = {record["case"]["seed"]: record["result"]["accuracy"][-1] for record in those}
    pairs = [(r["result"]["accuracy"][-1], other.get(r["case"]["seed"])) for r in these]
    gains = [100 * (mine - its) for mine, its in pairs if its is not None]
    if not gains:
        return "no seed in common"
    each = f" ({min(gains):+.1f} to {max(gains):+.1f})" if len(gains) > 1 else ""
    return f"{mean(gains):+.1f} points{each}"


def _curves(runs):
    longest = max(len(record["result"]["accuracy"]) for records in runs.values() for record in records)
    rows = []
    for epoch in range(longest):
        cells = [epoch + 1]
        for records in runs.values():
            done = [record["result"] for record in records if len(record["result"]["accuracy"]) > epoch]
            if done:
                cells.append(percent(mean([r["accuracy"][epoch] for r in done])))
                cells.append(number(mean([r["cpu_seconds"][epoch] for r in done])))
            else:
                cells += ["", ""]
        rows.append(cells)
    return table(["epoch", *(head for name in runs for head in (name, "CPU seconds"))], rows)


def mean(values):
    return sum(values) / len(values)
