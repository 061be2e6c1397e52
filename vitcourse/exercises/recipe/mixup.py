"""Lab 05: what the checker feeds to mixup, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake
from .common import AXES, IMAGE_CASES, PARTS, draw_images, two_images


def draw(d):
    return dict(**draw_images(d), lam=d.uniform(0.15, 0.35) + 0.45 * (d.index % 2))


def probe(answer, see, images, targets, perm, lam):
    see.pair("the result", PARTS, answer(images, targets, lam, perm), AXES)
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, lam, perm)[0], leaf)
    for share in (1.0, 0.0):
        mixed_images, mixed_targets = answer(images, targets, share, perm)
        see(f"the batch of images with lam = {share:g}", mixed_images, axes=AXES[0])
        see(f"the batch of targets with lam = {share:g}", mixed_targets, axes=AXES[1])


def picture(answer):
    """The first of two images."""
    return answer(two_images(), torch.eye(2), 0.7, torch.tensor([1, 0]))[0][0].permute(1, 2, 0)


def _mixup_in_place(images, targets, lam, perm):
    partners, partner_targets = (1 - lam) * images[perm], (1 - lam) * targets[perm]
    return images.mul_(lam).add_(partners), targets.mul_(lam).add_(partner_targets)


_TARGETS_LINE = "mixed_targets = lam * targets + (1 - lam) * targets[perm]"
_IMAGES_LINE = "mixed_images = lam * images + (1 - lam) * images[perm]"


EXERCISE = Exercise(
    id="mixup",
    cases=len(IMAGE_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "targets-not-mixed",
            (_TARGETS_LINE, "mixed_targets = targets.clone()"),
            "The images are mixed but the targets are not: the model would be told that a blend is one class alone.",
            "Whatever happens to the images happens to the targets.",
        ),
        Mistake(
            "weights-exchanged",
            (
                (_IMAGES_LINE, "mixed_images = (1 - lam) * images + lam * images[perm]"),
                (_TARGETS_LINE, "mixed_targets = (1 - lam) * targets + lam * targets[perm]"),
            ),
            "The weights are exchanged: lam belongs to the image itself, 1 - lam to its partner.",
            "With lam = 1 nothing may change.",
        ),
        Mistake(
            "target-weights-exchanged",
            (_TARGETS_LINE, "mixed_targets = (1 - lam) * targets + lam * targets[perm]"),
            "The images are right, but the targets have the weights exchanged.",
            "Use the same two weights in both lines.",
        ),
        Mistake(
            "inverse-permutation",
            (
                (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images[perm.argsort()]"),
                (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets[perm.argsort()]"),
            ),
            "The permutation runs backwards: image i's partner is image perm[i].",
            "Indexing with perm puts image perm[i] at place i.",
        ),
        Mistake(
            "inverse-permutation-of-targets",
            (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets[perm.argsort()]"),
            "Images and targets have different partners.",
            "Index both with perm, in the same way.",
        ),
        Mistake(
            "mirrored-batch",
            (
                (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images.flip(0)"),
                (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets.flip(0)"),
            ),
            "The partner is taken from the batch in reverse; `perm` says who it is.",
            "Index with perm.",
        ),
        Mistake(
            "dominant-target",
            (_TARGETS_LINE, "mixed_targets = (targets if lam >= 0.5 else targets[perm]).clone()"),
            "The target is that of the stronger image alone; mixup gives both, with the weights of the images.",
            "The mixed target is a distribution over both classes.",
        ),
        Mistake(
            "weights-above-one",
            (
                (_IMAGES_LINE, "mixed_images = images + (1 - lam) * images[perm]"),
                (_TARGETS_LINE, "mixed_targets = targets + (1 - lam) * targets[perm]"),
            ),
            "The weights add up to more than 1: the image itself is not scaled by lam.",
            "The two weights are lam and 1 - lam.",
        ),
        Mistake(
            "not-returned",
            ("return mixed_images, mixed_targets", "return mixed_images"),
            "Only the images come back; mixup returns images and targets.",
            "Return two things.",
        ),
        Mistake(
            "in-place",
            _mixup_in_place,
            "The caller's images are changed in place; the next epoch would train on ruined data.",
            "Build new tensors: no mul_, no +=, no assignment into images.",
        ),
        Mistake(
            "halves",
            (
                (_IMAGES_LINE, "mixed_images = (images + images[perm]) / 2"),
                (_TARGETS_LINE, "mixed_targets = (targets + targets[perm]) / 2"),
            ),
            "Both images count one half; lam says how much each counts.",
            "The two weights are lam and 1 - lam.",
        ),
        Mistake(
            "partners-twice",
            (_IMAGES_LINE, "mixed_images = lam * images[perm] + (1 - lam) * images[perm]"),
            "The partners are mixed with themselves: the image itself has no part.",
            "perm stands in one of the two terms.",
        ),
        Mistake(
            "images-not-mixed",
            (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images"),
            "The targets are mixed but the images are not: their partners are missing.",
            "images[perm] are the partners.",
        ),
        Mistake(
            "neighbour",
            (
                (_IMAGES_LINE, "mixed_images = lam * images + (1 - lam) * images.roll(1, 0)"),
                (_TARGETS_LINE, "mixed_targets = lam * targets + (1 - lam) * targets.roll(1, 0)"),
            ),
            "The partner is the neighbour in the batch; `perm` says who it is.",
            "Index with perm.",
        ),
        Mistake(
            "added",
            (
                (_IMAGES_LINE, "mixed_images = images + images[perm]"),
                (_TARGETS_LINE, "mixed_targets = targets + targets[perm]"),
            ),
            "The images are added without weights; they count lam and 1 - lam.",
            "A target must still sum to 1.",
        ),
        Mistake(
            "subtracted",
            (_IMAGES_LINE, "mixed_images = lam * images - (1 - lam) * images[perm]"),
            "The partner is subtracted; it is added.",
            "A weighted mean has two positive weights that add up to 1.",
        ),
        Mistake(
            "squared-weight",
            (
                (_IMAGES_LINE, "mixed_images = lam**2 * images + (1 - lam**2) * images[perm]"),
                (_TARGETS_LINE, "mixed_targets = lam**2 * targets + (1 - lam**2) * targets[perm]"),
            ),
            "The weight is squared; lam itself is the image's weight.",
            "The two weights are lam and 1 - lam.",
        ),
        Mistake(
            "detached",
            (_IMAGES_LINE, "mixed_images = lam * images.detach() + (1 - lam) * images[perm]"),
            "One of the two images is cut off from the graph (detach).",
            "Leave out detach, .data and no_grad.",
        ),
        Mistake(
            "targets-side-by-side",
            (_TARGETS_LINE, "mixed_targets = torch.cat([lam * targets, (1 - lam) * targets[perm]], dim=1)"),
            "The two targets stand side by side; they are added, class by class.",
            "The mixed target has K numbers, as each of the two has.",
        ),
        Mistake(
            "targets-first",
            ("return mixed_images, mixed_targets", "return mixed_targets, mixed_images"),
            "Images and targets are returned in the wrong order: the images come first.",
            "Exchange the two names after return.",
        ),
        Mistake(
            "both-targets-returned",
            ("return mixed_images, mixed_targets", "return mixed_images, targets, targets[perm], lam"),
            "It returns both targets and lam, as the paper's code does; here the targets are mixed already: return two things.",
            "Since the loss takes soft targets, one mixed target says all.",
        ),
    ),
    hints=(
        "A weighted mean of two images, pixel by pixel, and the same weighted mean of their targets.",
        "images[perm] has shape (B, C, H, W), with image perm[i] at place i; targets[perm] is (B, K). lam weighs the first, "
        "1 - lam the second.",
        "For the targets: lam * targets + (1 - lam) * targets[perm]. The images are mixed in the same way; return both.",
    ),
)
