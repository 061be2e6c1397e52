"""Swin against ViT at equal cost, on the built-in shapes or a folder of images: `python -m benchmarks.swin --data DIR`.

The models need the same number of counted operations for an image, within a few per cent, and see the same images in
the same order, so a run of each costs the same. CPU seconds are summed over the threads and include evaluation; they
are printed since operations are not seconds. Each line of the table is one run; the last lines are means over seeds.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: threads that wait would burn CPU seconds

import torch
from torch.utils.flop_counter import FlopCounterMode

from vitcourse.data import load_data
from vitcourse.reference.swin import SwinBlock
from vitcourse.reference.swin_model import SwinTransformer
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit


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


def count_operations(build, **data):
    """Operations of a forward pass for one image, two for a multiplication with its addition, by PyTorch's counter."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        build(**data)(torch.empty(1, data["in_chans"], *data["img_size"]))
    return counter.get_total_flops()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="shapes", help="as load_data takes it; the default is the built-in shapes")
    parser.add_argument("--images", type=int, default=5000, help="training images")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="names, in quotes")
    arguments = parser.parse_args()
    data = load_data(arguments.data, train_size=arguments.images, test_size=2000)
    sizes = dict(img_size=data.img_size, in_chans=data.in_chans, num_classes=data.num_classes)
    print("| model | parameters | M operations | seed | test accuracy | test loss | CPU seconds |")
    print("|---|---|---|---|---|---|---|", flush=True)
    results = {name: [] for name in arguments.models}
    for seed in arguments.seeds:
        for name in arguments.models:
            torch.manual_seed(seed)
            model = MODELS[name](**sizes)
            crop = 0 if arguments.data == "shapes" else 2  # the objects of shapes are at random places already
            recipe = TrainConfig(
                epochs=arguments.epochs, batch_size=64, peak_lr=2e-3, flip=True, crop=crop, seed=seed, precision="fp32"
            )
            cpu = time.process_time()
            history = fit(model, data, recipe, device="cpu", progress=False)
            cpu = time.process_time() - cpu
            results[name].append(100 * history.test_accuracy[-1])
            parameters = sum(parameter.numel() for parameter in model.parameters())
            print(
                f"| {name} | {parameters:,} | {count_operations(MODELS[name], **sizes) / 1e6:.1f} | {seed} "
                f"| {results[name][-1]:.1f} % | {history.test_loss[-1]:.3f} | {cpu:.0f} |",
                flush=True,
            )
    for name, accuracies in results.items():
        spread = max(accuracies) - min(accuracies)
        print(f"{name}: {sum(accuracies) / len(accuracies):.1f} % on average, {spread:.1f} points between the seeds")


if __name__ == "__main__":
    main()
