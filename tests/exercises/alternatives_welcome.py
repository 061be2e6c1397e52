"""Other right answers for lab 00."""

import numpy as np
import torch
import torch.nn.functional as F


def by_loop(height, width, patch_size):
    count = 1
    for _top in range(0, height, patch_size):
        for _left in range(0, width, patch_size):
            count += 1
    return count


def by_area(height, width, patch_size):
    return 1 + height * width // patch_size**2


def by_rounding(height, width, patch_size):
    return int((height / patch_size) * (width / patch_size)) + 1


def by_numpy(height, width, patch_size):
    return int(np.prod(np.array([height, width]) // patch_size) + 1)


def by_list(height, width, patch_size):
    patches = [(r, c) for r in range(height // patch_size) for c in range(width // patch_size)]
    return len(["class token", *patches])


def by_unfolding(height, width, patch_size):
    image = torch.zeros(1, 1, height, width)
    return F.unfold(image, kernel_size=patch_size, stride=patch_size).shape[-1] + 1


def by_divmod(height, width, patch_size):
    (rows, left), (cols, over) = divmod(height, patch_size), divmod(width, patch_size)
    assert left == over == 0
    tokens = rows * cols
    tokens += 1
    return tokens


ALTERNATIVES = {"count_tokens": [by_loop, by_area, by_rounding, by_numpy, by_list, by_unfolding, by_divmod]}
