"""An exponential moving average of a model's weights: smoother than the last step's, often a little better."""

import contextlib

import torch


class WeightAverage:
    """The moving average of a model's parameters.

    After step t (from 0) the average moves to the weights by 1 - min(decay, (1 + t) / (10 + t)): in the beginning it
    follows closely, so that the first, random weights are soon forgotten. Buffers are not averaged.

    Args:
        model: its parameters are averaged, from what they are now.
        decay: 0 to 1; about 1 / (1 - decay) steps count.
    """

    def __init__(self, model, decay):
        self.decay, self.step = decay, 0
        self.parameters = list(model.parameters())
        self.averages = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def update(self):
        """Take in the weights after a step."""
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.averages, [p.detach() for p in self.parameters], 1 - decay)
        self.step += 1

    @contextlib.contextmanager
    def in_model(self):
        """Let the model have the averaged weights meanwhile."""
        trained = [parameter.detach().clone() for parameter in self.parameters]
        try:
            _copy(self.averages, self.parameters)
            yield
        finally:
            _copy(trained, self.parameters)

    def state_dict(self):
        """Return the average and its age, for a checkpoint."""
        return {"step": self.step, "averages": self.averages}

    def load_state_dict(self, saved):
        """Take over what `state_dict` returned."""
        self.step = saved["step"]
        _copy(saved["averages"], self.averages)


@torch.no_grad()
def _copy(tensors, targets):
    for tensor, target in zip(tensors, targets, strict=True):
        target.copy_(tensor)
