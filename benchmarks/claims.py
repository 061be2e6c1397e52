"""What the built-in shapes promise: what a linear model, the small ViT without positions and a CNN reach on them."""

import functools
import time
from dataclasses import asdict, replace

import torch
from torch import nn

from vitcourse.data import load_data
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit

from .document import number, percent, table
from .machine import code_hash
from .part import Job

TITLE = "What the built-in shapes promise"
CODE = ("vitcourse/reference/vit.py", "vitcourse/data/shapes.py")
RECIPE = TrainConfig(epochs=10, batch_size=100, peak_lr=3e-3, flip=True)
OPTIONS = (
    ("claims-epochs", RECIPE.epochs, 1, "epochs on all images; three times as many on few"),
    ("claims-images", 10_000, 60, "training images"),
    ("claims-test-images", 2_000, 30, "test images"),
)


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))


def vit(patch_size=8):
    return ViT(img_size=32, patch_size=patch_size, num_classes=10, embed_dim=64, depth=4, num_heads=4)


def vit_without_positions():
    model = vit()
    nn.init.zeros_(model.tokens.pos_embed)
    model.tokens.pos_embed.requires_grad_(False)
    return model


def cnn():
    layers, channels = [], 3
    for width in (24, 48, 96):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96 * 4 * 4, 10))


# Name, model, its rate, and the share of the images. Of few images three times as many epochs are made: with the same
# number there would be too few steps.
ROWS = (
    ("linear on pixels", linear, 5e-4, 1),
    ("ViT, patch 8", vit, 3e-3, 1),
    ("ViT, patch 8, no positions", vit_without_positions, 3e-3, 1),
    ("CNN, a tenth of the images", cnn, 3e-3, 0.1),
    ("ViT, patch 8, a tenth of the images", vit, 3e-3, 0.1),
    ("ViT, patch 8, three tenths of the images", vit, 3e-3, 0.3),
)


def jobs(options):
    """Return a `Job` for each row."""
    sizes = dict(train_size=options.claims_images, test_size=options.claims_test_images)
    settings = dict(sizes, epochs=options.claims_epochs, code=code_hash(measure, *(row[1] for row in ROWS), *CODE))
    made = []
    for name, build, rate, share in ROWS:
        count = round(share * options.claims_images)
        epochs = options.claims_epochs * (1 if share == 1 else 3)
        config = replace(RECIPE, peak_lr=rate, epochs=epochs)
        case = dict(model=name, images=count, config=asdict(config))
        made.append(Job(settings, case, functools.partial(measure, build, config, sizes | dict(train_size=count))))
    return made


def measure(build, config, sizes):
    """Train once on the CPU; returns the last epoch's accuracy, and seconds."""
    data = load_data("shapes", **sizes)
    torch.manual_seed(config.seed)
    model = build()
    wall, cpu = time.perf_counter(), time.process_time()
    history = fit(model, data, config, device="cpu", progress=False)
    if history.interrupted:
        raise KeyboardInterrupt
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return dict(accuracy=history.test_accuracy[-1], seconds=wall, cpu_seconds=cpu)


def section(records):
    """Return the part's lines of the document."""
    rows = []
    for record in records:
        case, result = record["case"], record["result"]
        accuracy, seconds = percent(result["accuracy"]), [number(result[name]) for name in ("seconds", "cpu_seconds")]
        rows.append([case["model"], f"{case['images']:,}", case["config"]["epochs"], accuracy, *seconds])
    heads = ["model", "images", "epochs", "test accuracy", "seconds", "CPU seconds"]
    return [
        f"One seed, {records[0]['settings']['test_size']:,} test images, last epoch, on the CPU.",
        "",
        *table(heads, rows),
    ]
