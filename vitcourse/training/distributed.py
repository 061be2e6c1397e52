"""Several processes that train one model together, started by Hugging Face Accelerate; usually there is one.

`accelerate launch` and `notebook_launcher` start the same program several times, each on a device of its own. All hold
the whole data and draw the same batches from the same seed; each computes on its share of every batch. Gradients are
summed by one call after the backward pass, and not by DistributedDataParallel during it: a share may be empty, and one
process may run out of memory and take its share in smaller parts, while the others wait for it.
"""

import contextlib
import os
import signal
import threading

import torch

from .config import TrainingError
from .device import pick_device

LOOK_EVERY = 10  # steps between two looks at whether somebody asked to stop: each makes all processes wait


def several():
    """Return whether this process is one of several that a launcher started."""
    return int(os.environ.get("WORLD_SIZE") or 1) > 1 and "LOCAL_RANK" in os.environ


def leave():
    """End the connection to the other processes, if there are any: its threads may abort a process that just exits."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class Workers:
    """The processes of a run, as one of them sees them.

    `rank` counts from 0, `size` is their number, `device` where this one computes. The first one, `main`, prints and
    writes. Every method that speaks to the others must be called in each process.

    Args:
        device: as `pick_device` takes it; with several processes a GPU's number is the launcher's choice.

    Raises:
        TrainingError: when the device is not there, or Accelerate is not installed.
    """

    def __init__(self, device=None):
        self.rank, self.size, self.device = 0, 1, pick_device(device)
        self.asked_to_stop = False
        if not several():
            return
        try:
            from accelerate import PartialState, utils
        except ImportError:
            raise TrainingError(
                "Training on several devices needs Hugging Face Accelerate: pip install accelerate."
            ) from None
        state = PartialState(cpu=self.device.type != "cuda")
        self.rank, self.size, self.device = state.process_index, state.num_processes, state.device
        self.utils = utils

    @property
    def main(self):
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    @property
    def alone(self):
        """Whether there is no other process."""
        return self.size == 1

    def share(self, tensor):
        """Return this process's part of a tensor's rows; parts differ by one row at most."""
        return tensor if self.alone else tensor.tensor_split(self.size)[self.rank]

    def sum(self, tensor):
        """Return the sum of the processes' tensors."""
        return tensor if self.alone else self.utils.reduce(tensor, "sum")

    def sum_gradients(self, parameters, loss):
        """Replace each gradient by its sum over the processes, and return the sum of the losses ()."""
        if self.alone:
            return loss
        tensors = [p.grad for p in parameters if p.grad is not None] + [loss]
        flat = self.sum(torch.cat([tensor.flatten() for tensor in tensors]))
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))
        return loss

    def first(self, function):
        """Call a function in the first process only, and return its result, or raise its error, in all."""
        if self.alone:
            return function()
        result, error = None, None
        if self.main:
            try:
                result = function()
            except Exception as caught:
                error = caught
        result, error = self.utils.broadcast_object_list([result, error])
        if error is not None:
            raise error
        return result

    def in_turn(self, function):
        """Call a function in the first process, then in the others, which find what it wrote."""
        results = []
        self.first(lambda: results.append(function()))
        return results[0] if self.main else function()

    def same_weights(self, model):
        """Give every process the first one's weights and buffers."""
        if not self.alone:
            for tensor in model.state_dict().values():
                tensor.copy_(self.utils.broadcast(tensor.detach().clone()))

    @torch.no_grad()
    def mean_buffers(self, model):
        """Give every process the mean of the buffers, say a BatchNorm's statistics: each has seen its shares only."""
        if not self.alone:
            for buffer in model.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.sum(buffer) / self.size)

    def stop_if_asked(self):
        """Raise KeyboardInterrupt in all processes when one of them was asked to stop."""
        if not self.alone and self.sum(torch.tensor([float(self.asked_to_stop)], device=self.device)).item():
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def together(self):
        """Let Ctrl-C wait for `stop_if_asked`, so that all stop after the same step; let only the first one print."""
        if self.alone:
            yield
            return

        def ask(number, frame):
            self.asked_to_stop = True

        in_main_thread = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, ask) if in_main_thread else None
        try:
            with self.quiet():
                yield
        finally:
            if in_main_thread:
                signal.signal(signal.SIGINT, before)

    @contextlib.contextmanager
    def quiet(self):
        """Let only the first process print."""
        if self.main:
            yield
            return
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            yield
