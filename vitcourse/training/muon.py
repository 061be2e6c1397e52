"""Muon (Jordan et al. 2024): steps in which every direction of a matrix counts alike."""

import math

import torch

# Of the polynomial in `orthogonalize`; Jordan et al. chose them to lift small singular values as fast as can be.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum for matrices, orthogonalised before each step.

    The steps of `torch.optim.Muon(..., adjust_lr_fn="match_rms_adamw")`, up to rounding. That one came with torch 2.9,
    takes one matrix at a time, and always computes in bf16: on a CPU without bf16 units it took 17 times as long. Here
    matrices of one shape go together, in a format of your choice.

    Args:
        params: matrices, or groups of them.
        lr: rate, of the size that suits AdamW: a step is scaled by 0.2 times the root of the matrix's longer side, the
            usual length of AdamW's (Liu et al. 2025, "Muon is Scalable for LLM Training").
        weight_decay: as AdamW's.
        momentum: share of the old gradients, Nesterov's way.
        dtype: of the orthogonalisation.
    """

    def __init__(self, params, lr, weight_decay=0.0, momentum=0.95, dtype=torch.float32):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, momentum=momentum))
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure=None):
        """Make one step; `closure`, if given, computes the loss anew before it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            of_one_shape = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    of_one_shape.setdefault(weight.shape, []).append(weight)
            for weights in of_one_shape.values():
                self._step(weights, group)
        return loss

    def _step(self, weights, group):
        gradients = [weight.grad for weight in weights]
        for weight in weights:
            if "momentum_buffer" not in self.state[weight]:
                self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
        averages = [self.state[weight]["momentum_buffer"] for weight in weights]
        torch._foreach_lerp_(averages, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, averages, group["momentum"])
        updates = orthogonalize(torch.stack(ahead).to(self.dtype)).to(weights[0].dtype)
        scale = 0.2 * math.sqrt(max(weights[0].shape))
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(weights, list(updates), alpha=-group["lr"] * scale)


def orthogonalize(matrices, steps=5):
    """Bring all singular values of each matrix near 1 and leave the singular vectors as they are.

    Each step applies a·s + b·s³ + c·s⁵ to the singular values s (Newton-Schulz); five bring nearly all into 0.7 to 1.2.

    Args:
        matrices: (B, n, m) floating.
        steps: how many.

    Returns:
        (B, n, m) of the same dtype.
    """
    B, n, m = matrices.shape
    a, b, c = COEFFICIENTS
    x = matrices.mT if n > m else matrices  # the products below have the shorter side
    x = x / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)  # no singular value above 1
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if n > m else x
