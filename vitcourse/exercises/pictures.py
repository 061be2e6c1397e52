"""Pictures of what an answer does, for the card of a wrong one: each function takes an answer and returns an array.

The kinds of array are those of `Exercise.picture`. Whatever an answer makes of the input is drawn; one that raises or
returns another shape is not.
"""

import torch


def sample_image(height=12, width=18):
    """(3, height, width) in 0..1: redder to the right, greener downwards, with a bright corner: no two pixels alike."""
    rows, cols = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    bright = ((rows < 0.4) & (cols < 0.3)).float()
    return torch.stack([cols, rows, bright])


def _cut(image, size):
    """(3, H, W) -> (N, 3*size*size), the right way, for what undoes it."""
    return torch.nn.functional.unfold(image[None], size, stride=size)[0].T


def patches_in_order(answer):
    """patchify: the patches that it returns, in their order."""
    patches = answer(sample_image()[None], 6)[0]
    return patches.unflatten(-1, (3, 6, 6)).permute(0, 2, 3, 1)


def image_again(answer):
    """unpatchify: the image that it puts together."""
    return answer(_cut(sample_image(), 6)[None], 6, (2, 3))[0].permute(1, 2, 0)


def position_table(answer):
    """sincos_positions: the whole table, a row a position."""
    return answer((4, 6), 32)


def resampled_channel(answer):
    """resample_positions: one channel of the patch positions on the new grid."""
    positions = torch.cat([torch.zeros(1, 3), _cut(sample_image(4, 6), 1)])[None]
    return answer(positions, (4, 6), (8, 12))[0, 1:].reshape(8, 12, 3)


def attention_weights(answer):
    """scaled_dot_product: the weights, a row a query."""
    rng = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(8, 16, generator=rng) for _ in range(3))
    return answer(q, k, v)[1]


def head_weights(answer):
    """MultiHeadAttention: the weights of its heads side by side."""
    torch.manual_seed(0)
    module = answer(16, 2)
    with torch.no_grad():
        module.qkv.weight *= 3  # so that the weights are not all alike
        _, weights = module(torch.randn(1, 8, 16), need_weights=True)
    return torch.cat(tuple(weights[0]), dim=1)


def learning_rates(answer):
    """warmup_cosine: the learning rate of every step of a short run."""
    return torch.tensor([answer(step, 60, 12, 1.0, 0.1) for step in range(60)])


def _two_images():
    return torch.stack([sample_image(), 1 - sample_image()])


def mixed_image(answer):
    """mixup: the first of two images."""
    return answer(_two_images(), torch.eye(2), 0.7, torch.tensor([1, 0]))[0][0].permute(1, 2, 0)


def pasted_image(answer):
    """cutmix: the first of two images."""
    return answer(_two_images(), torch.eye(2), (3, 5, 6, 9), torch.tensor([1, 0]))[0][0].permute(1, 2, 0)


def cls_map(answer):
    """cls_attention_map: the map of weights whose class token looks at the brighter patches more."""
    brightness = sample_image(8, 12).mean(dim=0).flatten()  # a patch for each pixel
    rng = torch.Generator().manual_seed(0)
    weights = torch.rand(1, 2, 97, 97, generator=rng)
    weights[0, :, 0, 1:] = brightness
    return answer(weights / weights.sum(dim=-1, keepdim=True), (8, 12))[0]


def similarity_maps(answer):
    """position_similarity: the maps of all positions of a small grid, laid out as the grid."""
    rows, cols = 4, 6
    y, x = torch.meshgrid(torch.arange(rows) / rows, torch.arange(cols) / cols, indexing="ij")
    waves = torch.stack([f(2 * k * axis) for axis in (y, x) for f in (torch.sin, torch.cos) for k in (0.5, 1, 2)])
    positions = torch.cat([torch.ones(1, 12), waves.flatten(1).T])[None]
    return answer(positions, (rows, cols)).permute(0, 2, 1, 3).reshape(rows * rows, cols * cols)


def _channels_last(height=12, width=18):
    return sample_image(height, width).permute(1, 2, 0)


def windows_in_order(answer):
    """window_partition: the windows that it returns, in their order."""
    return answer(_channels_last()[None], 6)


def map_again(answer):
    """window_reverse: the map that it puts together."""
    windows = _cut(sample_image(), 6).unflatten(-1, (3, 6, 6)).permute(0, 2, 3, 1)
    return answer(windows, 6, (12, 18))[0]


def offset_numbers(answer):
    """relative_position_index: the number of each pair, a row a query."""
    return answer(3).float()


def window_masks(answer):
    """shifted_window_mask: each window's pairs that may meet, laid out as the windows are."""
    allowed = answer((6, 9), 3, (1, 1)).exp()  # 0 becomes 1, -inf becomes 0
    return allowed.reshape(2, 3, 9, 9).permute(0, 2, 1, 3).reshape(18, 27)


def merged_order(answer):
    """PatchMerging: the squares that it joins, read off a module that leaves their 4*D numbers as they are."""
    module = answer(3)
    module.norm, module.reduction = torch.nn.Identity(), torch.nn.Identity()
    four = module(_channels_last(8, 12)[None])[0].detach()  # (4, 6, 12)
    return four.unflatten(-1, (2, 2, 3)).flatten(0, 1).transpose(1, 2)  # the lower left one came second
