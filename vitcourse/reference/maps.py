"""Lab 06: what the attention weights say about an image, and a test that does not use them."""

import inspect
from contextlib import contextmanager

import torch
import torch.nn.functional as F


@contextmanager
def catch_attention(model):
    """Catch the weights of every attention layer while a model runs inside this `with`.

    Each layer is called once more, with `need_weights=True`, by a hook that runs after it: the model's own call, its
    result and its mode stay as they are, and the weights cost a second pass through attention.

    Args:
        model: any module. Its attention layers are told by what they take: see `attention_layers`.

    Yields:
        a list, empty at first, to which each layer that runs appends its weights (B, h, T, T): in the order of the
        layers, in the graph, on the model's device.
    """
    caught = []

    def catch(layer, args, kwargs, output):
        signature = inspect.signature(layer.forward)
        call = signature.bind(*args, **kwargs)
        asked = dict(need_weights=True, average_attn_weights=False)  # nn.MultiheadAttention would average the heads
        call.arguments |= {name: value for name, value in asked.items() if name in signature.parameters}
        caught.append(layer.forward(*call.args, **call.kwargs)[1])

    hooks = [layer.register_forward_hook(catch, with_kwargs=True) for layer in attention_layers(model)]
    try:
        yield caught
    finally:
        for hook in hooks:
            hook.remove()


def attention_layers(model):
    """The modules of a model whose `forward` takes `need_weights`; of one inside another, the inner one.

    So a learner's own `MultiHeadAttention` is found as the reference's is, and PyTorch's `nn.MultiheadAttention` too.
    """
    takes = [module for module in model.modules() if "need_weights" in inspect.signature(module.forward).parameters]
    return [module for module in takes if not any(other in takes for other in list(module.modules())[1:])]


def cls_attention_map(weights, grid):
    """Show how much the class token attends to each patch in one layer, as the mean of the heads.

    Args:
        weights: (B, h, 1+N, 1+N), one layer's attention weights, the class token first: a row is a query.
        grid: (rows, cols), with rows * cols = N patches, row by row.

    Returns:
        (B, rows, cols). Each map sums to the share of the class token's attention that falls on patches; what is
        missing to 1 it pays to itself.
    """
    # TODO: take the class token's row without its own column, average the heads, lay the patches out as the grid
    ### BEGIN SOLUTION
    B = weights.shape[0]
    from_cls = weights[:, :, 0, 1:]  # (B, h, N)
    return from_cls.mean(dim=1).reshape(B, *grid)
    ### END SOLUTION


def attention_rollout(weights_per_layer):
    """Follow attention through all layers, residuals included (Abnar and Zuidema 2020, section 3).

    In each layer a token is taken to be half itself (the residual) and half what it attends to: 0.5 A + 0.5 I, with
    the heads' mean A. These matrices are multiplied, later layers from the left.

    Args:
        weights_per_layer: a list of (B, h, 1+N, 1+N), the first layer's weights first, the class token first.

    Returns:
        (B, N): the class token's row of the product, without the class token's column.
    """
    # TODO: make 0.5 A + 0.5 I of each layer, multiply them in the right order, take the class token's row
    ### BEGIN SOLUTION
    B, h, T, _ = weights_per_layer[0].shape
    identity = torch.eye(T).to(weights_per_layer[0])
    rollout = identity.expand(B, T, T)  # before the first layer every token is itself
    for weights in weights_per_layer:
        attention = weights.mean(dim=1)  # (B, T, T)
        rollout = (0.5 * attention + 0.5 * identity) @ rollout
    return rollout[:, 0, 1:]
    ### END SOLUTION


def mean_attention_distance(weights, grid, patch_size):
    """Measure how far each head looks, in pixels (Dosovitskiy et al. 2021, figure 7 right).

    A query patch's distance is the mean of the distances to all patches, weighted by its attention. The class token
    has no place, so its row and its column are left out, and what is left of each row is scaled to sum to 1.

    Args:
        weights: (B, h, 1+N, 1+N), one layer's attention weights, the class token first: a row is a query.
        grid: (rows, cols), with rows * cols = N patches, row by row.
        patch_size: the side of a patch in pixels; distances are those of the patches' centres.

    Returns:
        (h,), in pixels: the mean over all query patches of all images.
    """
    rows, cols = grid
    # TODO: leave the class token out, scale the rows to 1, weigh the patches' distances, average queries and images
    ### BEGIN SOLUTION
    among_patches = weights[:, :, 1:, 1:]  # (B, h, N, N)
    among_patches = among_patches / among_patches.sum(dim=-1, keepdim=True)
    number = torch.arange(rows * cols)
    places = torch.stack([number // cols, number % cols], dim=1).to(weights) * patch_size  # (N, 2)
    distances = (places[:, None] - places[None]).norm(dim=-1)  # (N, N)
    return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))  # over keys; over images and queries
    ### END SOLUTION


def position_similarity(pos_embed, grid):
    """Compare every patch's position with every other's (Dosovitskiy et al. 2021, figure 7, centre).

    Args:
        pos_embed: (1, 1 + rows*cols, D), the class token's slot first.
        grid: (rows, cols).

    Returns:
        (rows, cols, rows, cols): entry [r, c, i, j] is the cosine of the angle between the positions of the patches
        (r, c) and (i, j), so [r, c] is a map over the image.
    """
    # TODO: leave the class slot out, scale each vector to length 1, compare all pairs, lay both axes out as grids
    ### BEGIN SOLUTION
    vectors = F.normalize(pos_embed[0, 1:], dim=-1)  # (N, D)
    cosines = vectors @ vectors.T  # (N, N)
    return cosines.reshape(*grid, *grid)
    ### END SOLUTION


@torch.no_grad()
def occlusion_map(model, images, classes, patch_size, stride=None):
    """Cover one square of each image after the other, and see how much the logit of a class falls.

    Zeiler and Fergus (2014), section 4.2, asked a network so. Nothing inside the model is looked at, so it works for
    any classifier. The square is filled with 0, which in normalised images is the data's mean colour.

    Args:
        model: images (B, C, H, W) -> logits (B, K).
        images: (B, C, H, W) float, normalised.
        classes: (B,) int64, the class to watch in each image.
        patch_size: the square's side in pixels.
        stride: pixels from one square to the next; None is `patch_size`, squares side by side.

    Returns:
        (B, rows, cols): by how much the logit of the class falls when the square is covered; negative where it rises.
    """
    B, C, H, W = images.shape
    stride = stride or patch_size
    tops, lefts = range(0, H - patch_size + 1, stride), range(0, W - patch_size + 1, stride)
    chosen = classes[:, None]
    whole = model(images).gather(1, chosen)  # (B, 1)
    falls = []
    for top in tops:
        for left in lefts:
            covered = images.clone()
            covered[:, :, top : top + patch_size, left : left + patch_size] = 0
            falls.append(whole - model(covered).gather(1, chosen))
    return torch.cat(falls, dim=1).reshape(B, len(tops), len(lefts))
