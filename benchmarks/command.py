"""The command: which parts, how large, and where the results go."""

import argparse
import sys
from pathlib import Path

from vitcourse.training.config import TrainingError
from vitcourse.training.data import DataError
from vitcourse.training.device import pick_device

from . import accuracy
from .machine import REPO
from .part import run_jobs
from .store import Store

PARTS = {"accuracy": accuracy}


def main(argv=None):
    """Run the parts that are named, all by default; returns 0, 1 after an error, 130 after Ctrl-C."""
    options = make_parser().parse_args(argv)
    try:
        options.device = pick_device(options.device)
        for name in options.parts or PARTS:
            part, store = PARTS[name], Store(options.results)
            normalise = getattr(part, "normalise", lambda case: case)
            run_jobs(name, part.jobs(options), store, options.device, fresh=options.fresh, normalise=normalise)
    except KeyboardInterrupt:
        print("Stopped. What is measured is kept: the same command goes on.", file=sys.stderr)
        return 130
    except (DataError, TrainingError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_parser():
    """Return the parser of the command's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS) + "; all when left out"
    )
    parser.add_argument("--results", type=Path, default=REPO / ".bench", help="folder of the results (.bench)")
    parser.add_argument("--fresh", action="store_true", help="measure again what has a result")
    parser.add_argument("--device", help="cpu, cuda or mps (a GPU if there is one)")
    runs = parser.add_argument_group("accuracy")
    runs.add_argument("--data", default="cifar10", help="cifar10, shapes, or a folder with train/ and test/ (cifar10)")
    runs.add_argument("--images", type=int, help="training images (all)")
    runs.add_argument("--test-images", type=int, help="test images (all)")
    runs.add_argument("--epochs", type=int, help="of each run (the recipe's)")
    runs.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one run of each recipe for each (0 1 2)")
    runs.add_argument("--recipes", nargs="+", default=["textbook", "quick"], help="names (textbook quick)")
    return parser
