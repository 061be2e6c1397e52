"""What the checks of whole models share: how a new model's parameters are drawn, seen from both sides."""

import torch
from torch import nn


def probe_new_model(see, model):
    """Observe what a model starts from: linear layers of init_weights, and what that leaves alone.

    The model's layers must be so wide that a standard deviation can be told: 40 or more numbers each.
    """
    linears = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    biases_are_zero = not any(bool(module.bias.any()) for module in linears.values())
    see("whether a new model's linear layers start with biases of 0", biases_are_zero)
    for name, module in linears.items():
        see(f"how far a new model's `{name}.weight` spreads", spread_in_words(module.weight, 0.02))
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm)]
    scales_are_one = all(torch.equal(m.weight, torch.ones_like(m.weight)) for m in norms)
    see(
        "whether a new model's norms start with scale 1 and shift 0",
        scales_are_one and not any(m.bias.any() for m in norms),
    )


def spread_in_words(parameter, std):
    """Whether a parameter is drawn with a standard deviation of `std`, as far as its numbers can tell."""
    found = float(parameter.detach().std())
    if found == 0:
        return "all of its numbers are the same"
    near = std / 1.5 < found < std * 1.5  # of 80 numbers the standard deviation is within 8 % as a rule
    return f"a standard deviation of {std:g}" if near else f"a standard deviation of {found:.1g}"
