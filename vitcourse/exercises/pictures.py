"""What the pictures of several exercises share: an image in which no two pixels are alike, and how to cut it.

An exercise's own `picture(answer)` stands in its module and returns an array of one of the kinds of `Exercise.picture`.
Whatever an answer makes of the input is drawn; one that raises or returns another shape is not.
"""

import torch


def sample_image(height=12, width=18):
    """(3, height, width) in 0..1: redder to the right, greener downwards, with a bright corner: no two pixels alike."""
    rows, cols = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    bright = ((rows < 0.4) & (cols < 0.3)).float()
    return torch.stack([cols, rows, bright])


def cut(image, size):
    """(3, H, W) -> (N, 3*size*size), the right way, for what undoes it."""
    return torch.nn.functional.unfold(image[None], size, stride=size)[0].T
