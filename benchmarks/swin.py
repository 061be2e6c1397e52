"""Lab 08's question: Swin against ViT at equal cost, and Swin whose windows never move.

The models need the same number of counted operations for an image, within a few per cent, and see the same images in
the same order. CPU seconds are summed over the threads and include evaluation: operations are not seconds.
"""

import functools
import statistics
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from vitcourse.data import load_data
from vitcourse.reference.swin import SwinBlock
from vitcourse.reference.swin_model import SwinTransformer
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit

from .document import number, percent, table
from .machine import code_hash
from .part import Job

TITLE = "Swin against ViT at equal operations"
SHOW_ALL = True  # other data, or another number of epochs, is another comparison and not an older one
CODE = ("vitcourse/reference/swin.py", "vitcourse/reference/swin_model.py", "vitcourse/reference/vit.py")
OPTIONS = (
    ("swin-data", "shapes", "shapes", "shapes, cifar10, or a folder with train/ and test/"),
    ("swin-images", 5000, 60, "training images"),
    ("swin-test-images", 2000, 30, "test images"),
    ("swin-epochs", 12, 1, "of each run"),
    ("swin-seeds", [0, 1], [0], "a run of each model for each of them"),
)


class UnshiftedBlock(SwinBlock):
    """A Swin block whose windows never move, whatever is asked for."""

    def __init__(self, embed_dim, num_heads, grid, window_size, shifted=False, mlp_ratio=4.0):
        super().__init__(embed_dim, num_heads, grid, window_size, False, mlp_ratio)


def vit(**data):
    return ViT(**data, patch_size=4, embed_dim=48, depth=3, num_heads=3)


def swin(block=SwinBlock, **data):
    sizes = dict(patch_size=4, embed_dim=44, depths=(2, 2), num_heads=(2, 4), window_size=4)
    return SwinTransformer(**data, **sizes, block=block)


def swin_never_shifted(**data):
    return swin(UnshiftedBlock, **data)


MODELS = {"ViT": vit, "Swin": swin, "Swin, never shifted": swin_never_shifted}


def jobs(options):
    """Return a `Job` for each seed and model, all models of the first seed first."""
    sizes = dict(train_size=options.swin_images, test_size=options.swin_test_images)
    settings = dict(data=Path(options.swin_data).name, epochs=options.swin_epochs, **sizes)
    settings["code"] = code_hash(measure, *MODELS.values(), UnshiftedBlock, *CODE)
    made = []
    for seed in options.swin_seeds:
        for name in MODELS:
            run = functools.partial(measure, name, seed, options.swin_data, sizes, options.swin_epochs)
            made.append(Job(settings, dict(model=name, seed=seed), run))
    return made


def measure(name, seed, data_name, sizes, epochs):
    """Train once on the CPU; returns parameters, counted operations, accuracy and loss in the end, CPU seconds."""
    data = load_data(data_name, **sizes)
    model_sizes = dict(img_size=data.img_size, in_chans=data.in_chans, num_classes=data.num_classes)
    torch.manual_seed(seed)
    model = MODELS[name](**model_sizes)
    crop = 0 if data_name == "shapes" else 2  # the objects of shapes are at random places already
    recipe = TrainConfig(epochs, batch_size=64, peak_lr=2e-3, flip=True, crop=crop, seed=seed, precision="fp32")
    start = time.process_time()
    history = fit(model, data, recipe, device="cpu", progress=False)
    seconds = time.process_time() - start
    if history.interrupted:
        raise KeyboardInterrupt
    return dict(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        operations=count_operations(MODELS[name], **model_sizes),
        accuracy=history.test_accuracy[-1],
        test_loss=history.test_loss[-1],
        cpu_seconds=seconds,
    )


def count_operations(build, **data):
    """Operations of a forward pass for one image, two for a multiplication with its addition, by PyTorch's counter."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        build(**data)(torch.empty(1, data["in_chans"], *data["img_size"]))
    return counter.get_total_flops()


def section(records):
    """Return the part's lines of the document."""
    first, runs = records[0]["settings"], {}
    for record in records:
        runs.setdefault(record["case"]["model"], []).append(record)
    rows = []
    for name, own in runs.items():
        results, seeds = [record["result"] for record in own], [str(record["case"]["seed"]) for record in own]
        accuracies = [result["accuracy"] for result in results]
        spread = f" ({percent(min(accuracies))} to {percent(max(accuracies))})" * (len(own) > 1)
        loss, seconds = (statistics.mean(result[key] for result in results) for key in ("test_loss", "cpu_seconds"))
        row = [name, f"{results[0]['parameters']:,}", f"{results[0]['operations'] / 1e6:.1f}", ", ".join(seeds)]
        rows.append([*row, percent(statistics.mean(accuracies)) + spread, number(loss), number(seconds)])
    heads = ["model", "parameters", "M operations", "seeds", "test accuracy", "test loss", "CPU seconds"]
    return [
        f"{first['data']}: {first['train_size']:,} training and {first['test_size']:,} test images, {first['epochs']} "
        "epochs, on the CPU in fp32. Accuracy as a mean with its lowest and highest seed, loss and seconds as means.",
        "",
        *table(heads, rows),
    ]
