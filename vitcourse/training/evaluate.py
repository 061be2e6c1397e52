"""What a trained model knows: its logits, loss, accuracy and confusions on a split."""

import torch

from ..data.augment import normalize
from .device import autocast, is_out_of_memory, pick_precision


@torch.no_grad()
def predict(model, split, data, batch_size=512, precision=None):
    """Return the model's logits for every image of a split, in order.

    Args:
        model: images (B, C, H, W) -> logits (B, K). It is put in evaluation mode meanwhile.
        split: a `Split`, on any device.
        data: the `ImageData`, for mean and std.
        batch_size: images at a time; half as many, and half of that, where they do not fit into memory.
        precision: as in `TrainConfig`; None is what `pick_precision` gives for the model's device.

    Returns:
        (N, K) float32 on the CPU.
    """
    device = next((p.device for p in model.parameters()), split.images.device)
    precision = precision or pick_precision(device)
    mean, std = data.mean.to(device), data.std.to(device)
    was_training = model.training
    model.eval()
    try:
        with autocast(device, precision):
            while True:
                try:
                    batches = (normalize(images.to(device), mean, std) for images in split.images.split(batch_size))
                    return torch.cat([model(images).float() for images in batches]).cpu()
                except Exception as error:
                    if not is_out_of_memory(error) or batch_size == 1:
                        raise
                batch_size //= 2
    finally:
        model.train(was_training)


def evaluate(model, split, data, batch_size=512, precision=None):
    """Return the mean cross-entropy and the accuracy (0..1) of a model on a split; arguments as in `predict`."""
    logits = predict(model, split, data, batch_size, precision)
    targets = split.targets.cpu()
    loss = torch.nn.functional.cross_entropy(logits, targets)
    accuracy = (logits.argmax(dim=1) == targets).float().mean()
    return loss.item(), accuracy.item()


def confusion_matrix(targets, predictions, num_classes):
    """Count how often class i was called class j: (K, K) int64, true classes down, predicted ones across.

    Args:
        targets: (N,) int64.
        predictions: (N,) int64.
    """
    pairs = targets.cpu() * num_classes + predictions.cpu()
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
