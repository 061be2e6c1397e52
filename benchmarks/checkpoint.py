"""Part e: what a checkpoint costs, in milliseconds and as a share of a training step and of an epoch."""

import functools
import math
import tempfile

import torch

from vitcourse.training.checkpoint import Checkpoints, TrainState
from vitcourse.training.config import History, TrainConfig
from vitcourse.training.device import pick_precision
from vitcourse.training.optimizers import make_optimizer

from .clock import ratios, spread, take_turns
from .document import number, percent, quartiles, table
from .machine import code_hash
from .part import Job
from .step import course, step

TITLE = "What a checkpoint costs"
EPOCH_IMAGES = 50_000  # CIFAR-10's
CODE = ("vitcourse/training/checkpoint.py", "vitcourse/common/files.py")
OPTIONS = (("checkpoint-repeats", 15, 2, "checkpoints written"),)


def jobs(options):
    """Return one `Job`."""
    size = dict(embed_dim=options.width, depth=options.depth, num_heads=options.width // 64)
    settings = dict(batch_size=options.batch_size, **size, repeats=options.checkpoint_repeats)
    settings |= dict(threads=torch.get_num_threads(), code=code_hash(measure, *CODE))
    run = functools.partial(measure, size, options.batch_size, options.checkpoint_repeats, options.device)
    return [Job(settings, dict(precision=pick_precision(options.device)), run)]


def measure(size, batch_size, repeats, device):
    """Return the times of a step and of a checkpoint, and the size of its file in bytes."""
    device = torch.device(device)
    model = course(**size).to(device)
    optimizer = make_optimizer(model, TrainConfig())
    images = torch.randn(batch_size, 3, 32, 32, device=device)
    targets = torch.randint(10, (batch_size,), device=device)
    scaler = torch.amp.GradScaler(device.type, enabled=False)
    state = TrainState(model, optimizer, scaler, None, History(epochs=1), device)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(folder, None, {}, print)
        train = functools.partial(step, model, optimizer, images, targets, pick_precision(device))
        tasks = {"step": train, "checkpoint": functools.partial(checkpoints.write, state)}
        times = take_turns(tasks, repeats, device)
        return times | {"bytes": checkpoints.path.stat().st_size}


def section(records):
    """Return the part's lines of the document."""
    rows = []
    for record in records:
        result, settings = record["result"], record["settings"]
        steps = math.ceil(EPOCH_IMAGES / settings["batch_size"])
        ratio = spread(ratios(result, "checkpoint", "step"))
        wall, cpu = (1000 * spread(result["checkpoint"][clock])[0] for clock in ("wall", "cpu"))
        size = f"{result['bytes'] / 1e6:.1f} MB"
        cpu_ratio = quartiles(spread(ratios(result, "checkpoint", "step", "cpu")))
        rows.append([size, number(wall), number(cpu), quartiles(ratio), cpu_ratio, percent(ratio[0] / steps, 2)])
    first = records[0]["settings"]
    return [
        f"Model, AdamW's state, history and random states of the ViT with width {first['embed_dim']} and "
        f"{first['depth']} blocks, written whole and forced to the disk (fsync); in turns with training steps of "
        f"{first['batch_size']} images. An epoch has {EPOCH_IMAGES:,} images, and one checkpoint at its end.",
        "",
        *table(["file", "ms", "CPU ms", "in training steps", "in CPU seconds", "share of an epoch"], rows),
    ]
