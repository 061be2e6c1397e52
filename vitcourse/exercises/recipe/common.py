"""What several exercises of lab 05 share."""

import torch

from ..pictures import sample_image

IMAGE_CASES = [dict(B=5, C=2, H=6, W=9, K=4), dict(B=3, C=4, H=11, W=8, K=7)]


def draw_images(d):
    case = IMAGE_CASES[d.index]
    images = d.normal(case["B"], case["C"], case["H"], case["W"])
    targets = d.distribution(case["B"], case["K"])
    return dict(images=images, targets=targets, perm=d.derangement(case["B"]))


PARTS = ("the batch of images", "the batch of targets")


def two_images():
    return torch.stack([sample_image(), 1 - sample_image()])
