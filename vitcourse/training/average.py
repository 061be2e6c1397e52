"""An exponential moving average of a model's weights: smoother than the last step's, often a little better."""

import torch
from torch.optim.swa_utils import AveragedModel


def make_average(model, decay):
    """Return the moving average of a model's weights; `update_parameters(model)` takes them in after a step.

    The first step's weights are the first average. After step t (from 1) it moves to the weights by
    1 - min(decay, (1 + t) / (10 + t)): in the beginning it follows closely, so that early weights are soon forgotten.
    Buffers are the model's own.

    Args:
        model: an nn.Module, on the device where it is trained. The average is a copy of it, in `.module`.
        decay: 0 to 1; about 1 / (1 - decay) steps count.

    Returns:
        torch.optim.swa_utils.AveragedModel.
    """

    def move(averages, weights, _):
        steps = average.n_averaged.item()  # the one that stays on the CPU: what is handed in would make it wait
        torch._foreach_lerp_(list(averages), list(weights), 1 - min(decay, (1 + steps) / (10 + steps)))

    average = AveragedModel(model, multi_avg_fn=move)
    return average
