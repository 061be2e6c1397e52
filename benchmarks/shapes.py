"""Part d: seconds from `vitcourse train --data shapes` to 90 % test accuracy, as a learner would see them."""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from .document import percent, table
from .machine import REPO, code_hash
from .part import Job

TITLE = "The built-in shapes to 90 %"
GOAL, TARGET = 0.9, 120
CODE = (
    "vitcourse/data",
    "vitcourse/training",
    "vitcourse/runs",
    "vitcourse/reference/vit.py",
    "vitcourse/reference/recipe.py",
)
OPTIONS = (
    ("shapes-runs", 3, 1, "runs, each with a seed of its own"),
    ("shapes-images", 0, 200, "training images (0: as many as the command takes by itself)"),
    ("shapes-epochs", 0, 1, "epochs (0: as many as the command takes by itself)"),
)


def jobs(options):
    """Return a `Job` for each seed."""
    arguments = []
    if options.shapes_images:
        arguments += ["--train-size", str(options.shapes_images), "--test-size", str(options.shapes_images)]
    if options.shapes_epochs:
        arguments += ["--epochs", str(options.shapes_epochs)]
    settings = dict(arguments=arguments, threads=torch.get_num_threads(), code=code_hash(measure, *CODE))
    device = str(options.device)
    return [
        Job(settings, dict(seed=seed), functools.partial(measure, [*arguments, "--seed", str(seed)], device))
        for seed in range(options.shapes_runs)
    ]


def measure(arguments, device):
    """Run the command in a process of its own.

    Returns:
        accuracy of each epoch, and seconds and cpu_seconds from the command's start to the line that shows it.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-u", "-m", "vitcourse", "train", "--data", "shapes", "--device", device]
        command += ["--out", str(out), *arguments]
        environment = os.environ | {"VITCOURSE_PROGRESS": "lines", "OMP_NUM_THREADS": str(torch.get_num_threads())}
        start, wall, cpu = time.perf_counter(), [], []
        process = subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                print(f"  {line}", end="")
                if line.startswith("epoch"):
                    wall.append(time.perf_counter() - start)
                    cpu.append(cpu_seconds(process.pid))
        except KeyboardInterrupt:
            process.wait()
            raise
        if process.wait() != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        accuracy = json.loads((out / "history.json").read_text())["test_accuracy"]
    return dict(accuracy=accuracy, seconds=wall, cpu_seconds=cpu)


def cpu_seconds(pid):
    """Return the CPU seconds that a process has used up to now, of all its threads; None where nobody tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def to_goal(result):
    """Return (epoch, seconds, CPU seconds) of the first epoch that reaches the goal, or None."""
    for epoch, accuracy in enumerate(result["accuracy"]):
        if accuracy >= GOAL:
            return epoch + 1, result["seconds"][epoch], result["cpu_seconds"][epoch]
    return None


def section(records):
    """Return the part's lines of the document."""
    rows, seconds = [], []
    for record in records:
        result, reached = record["result"], to_goal(record["result"])
        ending = f"{percent(result['accuracy'][-1])} after {len(result['accuracy'])} epochs"
        epoch, wall, cpu = reached or ("not reached", None, None)
        seconds.append(wall)
        shown = ["" if value is None else f"{value:.0f}" for value in (wall, cpu)]
        rows.append([record["case"]["seed"], epoch, *shown, ending])
    first = records[0]["settings"]
    command = " ".join(["vitcourse train --data shapes", *first["arguments"]])
    return [
        f"`{command}` with {first['threads']} threads, from the command's start to the line of the first epoch with at "
        f"least {percent(GOAL, 0)}: starting Python and drawing the images are counted.",
        "",
        *table(["seed", "epoch", "seconds", "CPU seconds", "in the end"], rows),
        "",
        _verdict(records, seconds),
    ]


def _verdict(records, seconds):
    if None in seconds:
        return f"{percent(GOAL, 0)} was not reached in every run: **not reached**."
    slowest = records[seconds.index(max(seconds))]
    said = f"The slowest run took {max(seconds):.0f} s. Target: {TARGET} s on two cores"
    if max(seconds) <= TARGET:
        return f"{said}: **reached**."
    cores = slowest["machine"]["cores"]
    if (slowest["moment"]["load"] or 0) <= cores:
        return f"{said}: **not reached**."
    cpu = to_goal(slowest["result"])[2]
    alone = f" Its CPU seconds would fill {cores} cores of its own for {cpu / cores:.0f} s." if cpu else ""
    return f"{said}: **not decided**, the machine was busy with other work.{alone}"
