"""The attention explorer: pick a patch or the class token, and see where it looks, in any layer and head."""

from dataclasses import dataclass
from functools import lru_cache

import torch

from ...reference.maps import catch_attention
from ..plots.explore_attention import CHIP, atlas_box, draw_attention, image_box
from .panel import Explorer, chooser, slider, spots

KEPT = 16  # images whose attention is kept, so that going back to one costs nothing


def explore_attention(model, images, data=None, targets=None, prefix=1):
    """Look through a model's attention: one image, one query, every layer and head.

    The model runs once for each image. After more training, call this again.

    Args:
        model: images -> logits (B, K), yours or the course's: any ViT whose attention `catch_attention` can catch.
        images: (B, C, H, W), uint8 or float in 0..1.
        data: the `ImageData` that they are of, for its mean, std and classes: the model gets the images normalised.
            None hands them to the model as they are.
        targets: B class indices, what is true.
        prefix: tokens before the patches: 1 for a class token alone, 1 + R with R registers.

    Returns:
        `Explorer`; as the last line of a cell it shows itself.

    Raises:
        ValueError: the model has no such attention, or its tokens do not fit the image.
    """

    @lru_cache(KEPT)
    def seen(index):
        return attention_in(model, images[index], data, prefix)

    first = seen(0)
    L, heads, tokens = first.weights.shape[:3]

    def draw(image, layer, head, query):
        attention = seen(image)
        maps = attention.maps(query)
        column = 0 if head == "mean" else head
        says = prediction_words(attention.logits, data.classes if data else None, targets, image)
        titles = (f"image {image}. {says}", f"layer {layer}, {head_words(column)}")
        canvas = draw_attention(images[image], maps, (layer - 1, column), attention.place(query), titles)
        return canvas, words(attention, layer, column, query)

    controls = {
        "image": slider("image", 0, len(images) - 1),
        "layer": slider("layer", 1, L, L),
        "head": chooser("head", ["mean", *range(1, heads + 1)]),
        "query": slider("query (0: class token)", 0, tokens - 1),
    }
    explorer = Explorer(controls, draw, "An image, a token that asks, and the patches that it attends to")
    H, W = images.shape[-2:]
    grid, columns = first.grid, 1 + heads
    explorer.cover(
        spots((1, 1), CHIP, lambda *_: explorer.set(query=0), lambda *_: "class token"),
        spots(grid, image_box(H, W), lambda r, c: explorer.set(query=prefix + r * grid[1] + c)),
        spots(
            (L, columns),
            atlas_box(L, columns, grid),
            lambda r, c: explorer.set(layer=r + 1, head=c or "mean"),
            lambda r, c: f"layer {r + 1}, {head_words(c)}",
        ),
    )
    return explorer


@dataclass(frozen=True)
class Attention:
    """What a model's layers attend to in one image.

    Attributes:
        weights: (L, h, T, T) on the CPU; rows are queries.
        logits: (K,).
        grid: (rows, cols) of the patches.
        prefix: tokens before the patches.
    """

    weights: torch.Tensor
    logits: torch.Tensor
    grid: tuple[int, int]
    prefix: int

    def maps(self, query):
        """(L, 1 + h, rows, cols): what the patches get from a query; per layer the mean of the heads, then each."""
        given = self.weights[:, :, query, self.prefix :]  # (L, h, N)
        given = torch.cat([given.mean(dim=1, keepdim=True), given], dim=1)
        return given.reshape(*given.shape[:2], *self.grid)

    def place(self, query):
        """(row, col) of a token that is a patch, else its name."""
        if query == 0:
            return "class token"
        if query < self.prefix:
            return f"token {query}"
        return divmod(query - self.prefix, self.grid[1])


@torch.no_grad()
def attention_in(model, image, data=None, prefix=1):
    """Run a model on one image (C, H, W) and keep what it attends to; the model's mode is left as it was.

    Returns:
        `Attention`.

    Raises:
        ValueError: see `explore_attention`.
    """
    weight = next(model.parameters())
    x = image[None].to(weight.device)
    if data is not None:
        x = x.float() if x.is_floating_point() else x.float() / 255
        mean, std = (each.to(weight.device)[:, None, None] for each in (data.mean, data.std))
        x = (x - mean) / std
    was_training = model.training
    model.eval()
    try:
        with catch_attention(model) as caught:
            logits = model(x.to(weight.dtype))
    finally:
        model.train(was_training)
    if not caught:
        raise ValueError("no layer of this model gives attention weights, as lab 03's MultiHeadAttention does")
    if len({layer.shape for layer in caught}) > 1:
        raise ValueError("the layers of this model differ in their heads or tokens, so they do not fit one table")
    weights = torch.stack([layer[0].float().cpu() for layer in caught])  # (L, h, T, T)
    return Attention(weights, logits[0].float().cpu(), patch_grid(image.shape, weights.shape[-1] - prefix), prefix)


def patch_grid(shape, N):
    """(rows, cols) of N square patches over an image of this shape (..., H, W).

    Raises:
        ValueError: when N squares cannot fill it.
    """
    H, W = shape[-2:]
    rows = round((N * H / W) ** 0.5) if N > 0 else 0
    if rows == 0 or N % rows or rows * W != N // rows * H:
        raise ValueError(f"{N} patches do not fill {H} x {W} pixels: does `prefix` count all tokens before them?")
    return rows, N // rows


def prediction_words(logits, classes, targets, index):
    """What the model says about an image, and whether it is true."""
    probability, k = logits.softmax(dim=0).max(dim=0)
    name = lambda k: classes[int(k)] if classes is not None else f"class {int(k)}"  # noqa: E731
    says = f"The model says {name(k)} ({probability:.0%})"
    if targets is not None and int(targets[index]) != int(k):
        return f"{says}, not {name(targets[index])}"
    return says if targets is None else f"{says}, and is right"


def head_words(column):
    """The name of a column of maps."""
    return "mean of the heads" if column == 0 else f"head {column}"


def words(attention, layer, column, query):
    """Where a query looks, in words; `layer` counts from 1, `column` 0 is the mean of the heads."""
    shares = attention.maps(query)[layer - 1, column]  # (rows, cols)
    rows, cols = attention.grid
    place = attention.place(query)
    who = f"The {place}" if isinstance(place, str) else f"The patch in row {place[0]}, column {place[1]},"
    on_patches, best = float(shares.sum()), int(shares.argmax())
    top = float(shares.flatten()[best])
    even = 1 / (rows * cols + attention.prefix)
    others = "the class token" if attention.prefix == 1 else f"the {attention.prefix} tokens before them"
    return (
        f"{who} gives {on_patches:.0%} of its attention to the patches, the rest to {others}. Most goes to row "
        f"{best // cols}, column {best % cols}: {top:.1%}, {top / even:.1f} times the even share."
    )
