"""Measure what the built-in data promises: `python benchmarks/claims.py [--quick]`.

Prints a table: a linear model, the small ViT, the same without positions, and a CNN and the ViT from fewer examples.
CPU seconds are summed over the threads, so that they mean something on a busy machine too. About ten minutes on
two cores; `--quick` only shows that everything runs.
"""

import argparse
import time
from dataclasses import replace

import torch
from torch import nn

from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.data import load_data
from vitcourse.training.fit import fit

RECIPE = TrainConfig(epochs=10, batch_size=100, peak_lr=3e-3, flip=True)


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


def few(count):
    """The same number of epochs would be too few steps for few images: three times as many."""
    return dict(train_size=count), replace(RECIPE, epochs=3 * RECIPE.epochs)


RUNS = [
    ("linear on pixels", linear, {}, replace(RECIPE, peak_lr=5e-4)),
    ("ViT, patch 8", vit, {}, RECIPE),
    ("ViT, patch 8, no positions", vit_without_positions, {}, RECIPE),
    ("ViT, patch 8, 1,000 images", vit, *few(1000)),
    ("CNN, 1,000 images", cnn, *few(1000)),
    ("ViT, patch 8, 3,000 images", vit, *few(3000)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two epochs of 500 images each: the numbers mean nothing")
    parser.add_argument("--only", default="", help="run the rows whose name contains this")
    arguments = parser.parse_args()
    print("| model | images × epochs | test accuracy | seconds | CPU seconds |")
    print("|---|---|---|---|---|")
    for name, build, options, config in RUNS:
        if arguments.only not in name:
            continue
        if arguments.quick:
            options, config = dict(train_size=500, test_size=200), replace(config, epochs=2)
        data = load_data("shapes", **options)
        torch.manual_seed(config.seed)
        model = build()
        wall, cpu = time.perf_counter(), time.process_time()
        history = fit(model, data, config, device="cpu", progress=False)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        accuracy = f"{100 * history.test_accuracy[-1]:.1f} %"
        print(f"| {name} | {len(data.train):,} × {config.epochs} | {accuracy} | {wall:.0f} | {cpu:.0f} |", flush=True)


if __name__ == "__main__":
    main()
