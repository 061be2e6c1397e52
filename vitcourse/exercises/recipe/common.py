"""What several exercises of lab 05 share."""

import torch

from ..pictures import sample_image

IMAGE_CASES = [
    dict(B=5, C=2, H=6, W=9, K=4),
    dict(B=3, C=4, H=11, W=8, K=7),
    dict(B=4, C=1, H=7, W=1, K=1),
    dict(B=1, C=3, H=1, W=6, K=5),  # an image that is its own partner
]


def draw_images(d):
    case = IMAGE_CASES[d.index]
    images = d.normal(case["B"], case["C"], case["H"], case["W"])
    targets = d.distribution(case["B"], case["K"])
    return dict(images=images, targets=targets, perm=d.derangement(case["B"]))


PARTS = ("the batch of images", "the batch of targets")
AXES = ("image channel row column", "image class")


def two_images():
    return torch.stack([sample_image(), 1 - sample_image()])
