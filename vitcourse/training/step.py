"""One training step: gradients in mixed precision, in parts when memory is short, by all processes; clip; step."""

import torch
from torch import nn

from .config import TrainingError
from .device import autocast, is_out_of_memory, random_states, set_random_states


class Stepper:
    """Makes the steps of a run. Nothing in a step makes the CPU wait for the GPU.

    A batch that does not fit into memory is worked through in 2, 4, 8, … parts from then on: the sum of the parts'
    gradients, each weighted by its images, is the gradient of the whole batch. A model with BatchNorm then normalises
    within the parts.

    Args:
        state: the run's `TrainState`; `state.parts` is in how many parts a batch is worked through.
        forward: the model as it is called: `state.model`, or what torch.compile made of it.
        objective: as `fit` takes it.
        config: the `TrainConfig`.
        precision: "bf16", "fp16" or "fp32".
        workers: the `Workers`.
        say: prints a line.
    """

    def __init__(self, state, forward, objective, config, precision, workers, say):
        self.state, self.objective, self.config, self.precision = state, objective, config, precision
        self.workers, self.say = workers, say
        self.forward = _compiled(state.model, say) if config.compile else forward

    def __call__(self, images, targets, lr):
        """Make a step at a learning rate; returns the loss (), the mean over the batch, on the device.

        Raises:
            TrainingError: when not even single images fit into memory.
        """
        model, optimizer, scaler = self.state.model, self.state.optimizer, self.state.scaler
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss = self._gradients(images, targets)
        loss = self.workers.sum_gradients(model.parameters(), loss)
        scaler.unscale_(optimizer)  # the clip must see the gradients' true size
        nn.utils.clip_grad_norm_(model.parameters(), self.config.max_norm)
        scaler.step(optimizer)
        scaler.update()
        if self.state.average is not None:
            self.state.average.update_parameters(model)
        return loss

    def _gradients(self, images, targets):
        """Leave the gradients of this process's share of the batch; returns its part of the loss."""
        whole = len(images)
        mine = self.workers.share(images), self.workers.share(targets)
        weight = len(mine[0]) / whole
        if not len(mine[0]):  # then one image at no weight: each parameter gets its gradient, zero
            mine = images[:1], targets[:1]
        while True:
            before = random_states(self.state.device)
            self.state.optimizer.zero_grad()
            try:
                return self._backward(*mine, weight)
            except Exception as error:
                if self.forward is not self.state.model and is_compilers(error):
                    self.forward = _uncompiled(self.state.model, error, self.say)
                elif is_out_of_memory(error):
                    self._take_smaller_parts(len(mine[0]))
                else:
                    raise
            # Again, outside of the except clause: there the error still holds on to the memory.
            set_random_states(before, self.state.device)

    def _backward(self, images, targets, weight):
        parts = min(self.state.parts, len(images))
        loss = torch.zeros((), device=images.device)
        for some, their_targets in zip(images.tensor_split(parts), targets.tensor_split(parts), strict=True):
            with autocast(self.state.device, self.precision):
                part = self.objective(self.forward, some, their_targets)
            part = part.float() * (weight * len(some) / len(images))
            self.state.scaler.scale(part).backward()
            loss += part.detach()
        return loss

    def _take_smaller_parts(self, count):
        if self.state.parts >= count:
            raise TrainingError(memory_sentence(self.state.device, 1)) from None
        self.state.parts *= 2
        size, device = -(-count // self.state.parts), self.state.device
        self.say(
            f"Out of memory with {-(-2 * count // self.state.parts)} images at once: each batch now goes through the "
            f"model in {self.state.parts} parts of {size} or fewer. The gradients stay the same; a step takes longer."
        )
        if device.type == "cuda":
            torch.cuda.empty_cache()


def memory_sentence(device, batch_size):
    """Return what to try when memory ran out with so many images at once."""
    where = "GPU" if device.type != "cpu" else "machine"
    if batch_size == 1:
        return f"The {where} ran out of memory with one image at a time: use a smaller model or a larger patch size."
    return f"The {where} ran out of memory with batch_size {batch_size}: try batch_size {batch_size // 2}."


def is_compilers(error):
    """Return whether an error is torch.compile's own, say for want of a C++ compiler."""
    return type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))


def _compiled(model, say):
    try:
        return torch.compile(model)  # compiles when it is first called
    except RuntimeError as error:  # this Python or this system has none
        return _uncompiled(model, error, say)


def _uncompiled(model, error, say):
    lines = [line for line in str(error).splitlines() if line.strip()]
    say(f"torch.compile does not work here, and training goes on without it ({lines[0][:100]}).")
    return model
