"""Where a trained model looks: the class token's attention over a few test images, as a figure."""

import torch

from .augment import normalize


@torch.no_grad()
def class_attention(model, images, data):
    """Return the model's logits and the last block's attention from the class token to the patches.

    Args:
        model: a `ViT`, or any model with `patch_embed.grid` that takes `need_weights=True`.
        images: (B, C, H, W) uint8, on any device.
        data: the `ImageData`, for mean and std.

    Returns:
        logits (B, K) and maps (B, rows, cols), both on the CPU: the mean of the heads. A map sums to less than 1,
        since the class token also attends to itself.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        inputs = normalize(images.to(device), data.mean.to(device), data.std.to(device))
        logits, weights_per_layer = model(inputs, need_weights=True)
    finally:
        model.train(was_training)
    cls_to_patches = weights_per_layer[-1][:, :, 0, 1:].mean(dim=1)  # (B, N): the mean of the heads
    maps = cls_to_patches.reshape(len(images), *model.patch_embed.grid)
    return logits.float().cpu(), maps.float().cpu()


def pick_examples(targets, count=8):
    """Return the indices of `count` images of classes as different as can be: the first of each class in turn."""
    targets = targets.tolist()
    seen, turns = {}, []
    for index, target in enumerate(targets):
        seen[target] = seen.get(target, 0) + 1
        turns.append((seen[target], target, index))
    return sorted(index for *_, index in sorted(turns)[:count])


def save_attention_figure(path, model, data, count=8):
    """Draw the class token's attention over `count` test images, with prediction and truth, into a PNG file.

    Args:
        path: of the file.
        model, data: as in `class_attention`.
        count: how many images; fewer when the test split is smaller.
    """
    import matplotlib

    matplotlib.use("Agg")  # writes files, needs no screen
    import matplotlib.pyplot as plt

    from ..figures.plots.maps import plot_attention_overlays
    from ..figures.style import style_context

    chosen = pick_examples(data.test.targets, count)
    images, truths = data.test.images[chosen], data.test.targets[chosen].tolist()
    logits, maps = class_attention(model, images, data)
    probabilities, said = logits.softmax(dim=1).max(dim=1)
    wrong = [guess != truth for guess, truth in zip(said.tolist(), truths, strict=True)]
    titles = [
        f"{data.classes[guess]} {sure:.0%}\n" + (f"not {data.classes[truth]}" if guess != truth else "right")
        for guess, sure, truth in zip(said.tolist(), probabilities.tolist(), truths, strict=True)
    ]
    with style_context():
        figure = plot_attention_overlays(images, maps, titles, wrong)
        figure.savefig(path)
        plt.close(figure)
