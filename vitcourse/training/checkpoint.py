"""Checkpoints: all of a run that changes while it trains, on disk, so that a killed run goes on where it was.

A checkpoint is written beside the last one and then put in its place in one step; the one before it is kept as
well. It holds tensors and plain values only, so that it loads with `weights_only=True`, without running any code.
"""

import io
import os
import time
from dataclasses import asdict
from pathlib import Path

import torch

from ..common.files import cannot_write, first_line, replace_file
from .config import TrainingError
from .device import random_states, set_random_states
from .identity import difference

FILE = "checkpoint.pt"
FORMAT = "vitcourse checkpoint 1"


class TrainState:
    """What changes while a run trains: weights and their average, optimiser, scaler, history, position, random states.

    `epoch` counts finished epochs, `step` the steps made in the one that is under way; `losses` and `sizes` have an
    entry for each step of it. `batches` are that epoch's `Batches`, once it has begun. `average` is None without `ema`.
    `parts` is in how many parts a batch goes through the model, for want of memory.
    """

    def __init__(self, model, optimizer, scaler, average, history, device):
        self.model, self.optimizer, self.scaler, self.average = model, optimizer, scaler, average
        self.history, self.device = history, device
        self.epoch, self.step, self.parts = 0, 0, 1
        self.losses = self.sizes = self.batches = None
        self.start = time.perf_counter()

    @property
    def seconds(self):
        """Seconds of training up to now, over all the pieces of the run."""
        return time.perf_counter() - self.start

    def begin_epoch(self, batches):
        """Get ready for an epoch, or for the rest of one that a checkpoint was made in."""
        saved_losses, saved_sizes = self.losses, self.sizes
        self.batches = batches
        self.losses = torch.zeros(len(batches), device=self.device)  # stay there: reading one makes the CPU wait
        self.sizes = torch.zeros(len(batches))
        if self.step:
            self.losses[: self.step] = saved_losses[: self.step].to(self.device)
            self.sizes[: self.step] = saved_sizes[: self.step]
            batches.start_at(self.step, self._draws)

    def end_epoch(self):
        """Move to the start of the next epoch."""
        self.epoch, self.step = self.epoch + 1, 0
        self.losses = self.sizes = self.batches = None

    def state_dict(self):
        """Return the state as tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict()["state"],
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "history": asdict(self.history),
            "epoch": self.epoch,
            "step": self.step,
            "parts": self.parts,
            "losses": None if self.losses is None else self.losses[: self.step].cpu(),
            "sizes": None if self.sizes is None else self.sizes[: self.step].clone(),
            "draws": self.batches.state_dict() if self.step else None,
            "device": self.device.type,
            "random": random_states(self.device),
            "seconds": self.seconds,
        }

    def load_state_dict(self, saved):
        """Take over a state; it must be of the same model, recipe and data."""
        self.model.load_state_dict(saved["model"])
        groups = self.optimizer.state_dict()["param_groups"]  # rates and the like are the recipe's
        self.optimizer.load_state_dict({"state": saved["optimizer"], "param_groups": groups})
        if self.scaler.is_enabled() and saved["scaler"]:  # empty from a device that needed none
            self.scaler.load_state_dict(saved["scaler"])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
        for name, value in saved["history"].items():  # in place: the caller may hold it already
            if hasattr(self.history, name):
                setattr(self.history, name, value)
        self.epoch, self.step, self.parts = saved["epoch"], saved["step"], saved.get("parts", 1)
        self.losses, self.sizes, self._draws = saved["losses"], saved["sizes"], saved["draws"]
        set_random_states(saved["random"], self.device)
        self.start = time.perf_counter() - saved["seconds"]

    def place(self):
        """Say in words where the run is."""
        steps = f"{self.step} step" + "s" * (self.step != 1)
        if not self.epoch:
            return steps
        return f"epoch {self.epoch} of {self.history.epochs}" + f" and {steps} of the next" * bool(self.step)


class Checkpoints:
    """A run's checkpoint files: written at intervals, checked when read.

    Args:
        place: a folder, for checkpoint.pt in it, or a path that ends in .pt. Made when missing.
        every: steps between checkpoints; there is one after each epoch in any case. None: only those.
        run: the run's `identity`.
        say: prints a line.
        writes: whether this process writes; of several that train together one does.

    Raises:
        TrainingError: when the folder cannot be made, or `every` is no number of steps.
    """

    def __init__(self, place, every, run, say, writes=True):
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise TrainingError(f"every must be a number of steps, at least 1, or None for each epoch; got {every!r}.")
        self.path, self.before = checkpoint_paths(place)
        self.every, self.run, self.say, self.writes = every, run, say, writes
        self.keep_last = True  # whether the file in place is worth keeping
        self.failed = False
        if not writes:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for torn in self.path.parent.glob(f".{self.path.name}.*.tmp"):  # of a process killed while it wrote
                torn.unlink(missing_ok=True)
        except OSError as error:
            raise TrainingError(cannot_write(self.path.parent, error)) from None

    def due(self, step):
        """Return whether a checkpoint is due after `step` steps of the run."""
        return self.every is not None and step % self.every == 0

    def read(self):
        """Return the newest state on disk that can be read, or None when there is none.

        Raises:
            TrainingError: when no file can be read, or the checkpoint is of another run.
        """
        problem = None
        for path in (self.path, self.before):
            if not path.exists():
                continue
            try:
                saved = torch.load(path, map_location="cpu", weights_only=True)
                if not isinstance(saved, dict) or saved.get("format") != FORMAT:
                    raise ValueError("it is no checkpoint of a run")
            except Exception as error:  # a torn or foreign file can fail in any way inside zip or pickle
                problem = problem or f"{path} cannot be read ({_short(error)})"
                self.keep_last = False
                continue
            self._refuse_another_run(path, saved["run"])
            if problem:
                self.say(f"{problem}: the run goes on from the checkpoint before it.")
            return saved["state"]
        if problem:
            raise TrainingError(f"{problem}: delete it to start the run anew, or choose another place.")
        return None

    def write(self, state):
        """Write a checkpoint; what goes wrong is said once, and training goes on with the old ones kept."""
        if not self.writes:
            return
        saved = {"format": FORMAT, "run": self.run, "state": state.state_dict()}
        content = io.BytesIO()
        torch.save(saved, content)  # into memory first: torch's own writer can crash the process on a full disk

        def write(path):
            with open(path, "wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())  # on the disk before the name is: a power cut leaves one of the two whole
            if self.keep_last and self.path.exists():
                os.replace(self.path, self.before)

        try:
            replace_file(self.path, write)
            self.keep_last = True
        except OSError as error:
            if not self.failed:
                self.say(f"{cannot_write(self.path.parent, error)} Training goes on; older checkpoints stay.")
            self.failed = True

    def _refuse_another_run(self, path, run):
        found = difference(run, self.run)
        if found:
            part, words = found
            raise TrainingError(
                f"{path} is a checkpoint of a run with another {part} ({words}): go on with the same {part}, or choose "
                "another place for the checkpoints."
            )


def checkpoint_paths(place):
    """Return the paths of the last checkpoint and of the one before it."""
    path = Path(place).expanduser()
    path = path if path.suffix == ".pt" else path / FILE
    return path, path.with_name(f"{path.stem}.before.pt")


def remove_checkpoints(place):
    """Delete the checkpoints of a run that is saved and needs them no more."""
    for path in checkpoint_paths(place):
        path.unlink(missing_ok=True)


def _short(error):
    return first_line(error)[:100]
