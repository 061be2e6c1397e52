"""What a trained model's class token looks at, whatever kind of model it is."""

from dataclasses import dataclass

import torch

from ..data.augment import normalize
from ..reference.maps import attention_rollout, catch_attention, cls_attention_map


@dataclass(frozen=True)
class Look:
    """What a model said about images, and what its class token looked at; all on the CPU.

    Attributes:
        logits: (B, K).
        weights: each layer's attention weights (B, h, S+N, S+N), the class token first, the N patches last, S - 1
            other tokens (a distillation token, registers) between; empty for a model without a class token.
        grid: (rows, cols) of the patches; (0, 0) where there are none.
    """

    logits: torch.Tensor
    weights: tuple[torch.Tensor, ...]
    grid: tuple[int, int]

    def layer(self, index, head=None):
        """The class token's map (B, rows, cols) in one layer: one head's, or the mean of all."""
        weights = self.weights[index]
        N = self.grid[0] * self.grid[1]
        keep = [0, *range(weights.shape[-1] - N, weights.shape[-1])]
        weights = weights[:, :, keep][:, :, :, keep]
        return cls_attention_map(weights if head is None else weights[:, head : head + 1], self.grid)

    def rollout(self):
        """The class token's rollout (B, rows, cols) through all layers."""
        N = self.grid[0] * self.grid[1]
        return attention_rollout(list(self.weights))[:, -N:].unflatten(1, self.grid)


@torch.no_grad()
def look(model, images, mean, std):
    """Run a model in evaluation mode and catch what each of its attention layers attends to.

    Args:
        model: images -> logits, of the reference's parts or a learner's. Its mode is left as it was. A model without
            `patch_embed.grid`, with attention that gives no weights, say in windows, or without tokens before the
            patches gives none.
        images: (B, C, H, W) uint8, on any device.
        mean, std: (C,), of the run's data.

    Returns:
        `Look`.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with catch_attention(model) as caught:
            logits = model(normalize(images.to(device), mean.to(device), std.to(device)))
    finally:
        model.train(was_training)
    grid = getattr(getattr(model, "patch_embed", None), "grid", (0, 0))
    has_class_token = caught and caught[0].shape[-1] > grid[0] * grid[1] > 0
    weights = tuple(layer.float().cpu() for layer in caught) if has_class_token else ()
    return Look(logits.float().cpu(), weights, grid)
