"""Lab 05, mixup and cutmix: what the checker feeds to an answer, and the mistakes that it knows."""

from . import pictures
from .base import Exercise, Mistake

_IMAGE_CASES = [dict(B=5, C=2, H=6, W=9, K=4), dict(B=3, C=4, H=11, W=8, K=7)]


def _draw_images(d):
    case = _IMAGE_CASES[d.index]
    images = d.normal(case["B"], case["C"], case["H"], case["W"])
    targets = d.distribution(case["B"], case["K"])
    return dict(images=images, targets=targets, perm=d.derangement(case["B"]))


def _draw_mixup(d):
    return dict(**_draw_images(d), lam=d.uniform(0.15, 0.35) + 0.45 * d.index)


_PARTS = ("the batch of images", "the batch of targets")


def _probe_mixup(answer, see, images, targets, perm, lam):
    see.pair("the result", _PARTS, answer(images, targets, lam, perm))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, lam, perm)[0], leaf)
    for share in (1.0, 0.0):
        mixed_images, mixed_targets = answer(images, targets, share, perm)
        see(f"the batch of images with lam = {share:g}", mixed_images)
        see(f"the batch of targets with lam = {share:g}", mixed_targets)


def _draw_cutmix(d):
    H, W = _IMAGE_CASES[d.index]["H"], _IMAGE_CASES[d.index]["W"]
    inside, at_the_left_border = (1, d.integer(2, 4), 3, 5), (d.integer(4, 6), 0, 5, 3)
    box = (inside, at_the_left_border)[d.index]
    assert box[0] + box[2] <= H and box[1] + box[3] <= W
    return dict(**_draw_images(d), box=box)


def _probe_cutmix(answer, see, images, targets, perm, box):
    see.pair("the result", _PARTS, answer(images, targets, box, perm))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, box, perm)[0], leaf)
    H, W = images.shape[2:]
    for words, other in (("an empty box", (2, 1, 0, 3)), ("a box over the whole image", (0, 0, H, W))):
        mixed_images, mixed_targets = answer(images, targets, other, perm)
        see(f"the batch of images for {words}", mixed_images)
        see(f"the batch of targets for {words}", mixed_targets)


def _mixup_in_place(images, targets, lam, perm):
    partners, partner_targets = (1 - lam) * images[perm], (1 - lam) * targets[perm]
    return images.mul_(lam).add_(partners), targets.mul_(lam).add_(partner_targets)


_TARGETS_LINE = "mixed_targets = lam * targets + (1 - lam) * targets[perm]"

_IMAGES_LINE = "mixed_images = lam * images + (1 - lam) * images[perm]"

_BOX = "images[\n        perm, :, top : top + height, left : left + width\n    ]"

_BOX_TARGETS = "mixed_targets = (1 - pasted) * targets + pasted * targets[perm]"


MIXUP = Exercise(
    id="mixup",
    draw=_draw_mixup,
    probe=_probe_mixup,
    picture=pictures.mixed_image,
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
    ),
    hints=(
        "A weighted mean of two images, pixel by pixel, and the same weighted mean of their targets.",
        "images[perm] has shape (B, C, H, W), with image perm[i] at place i; targets[perm] is (B, K). lam weighs the first, "
        "1 - lam the second.",
        "lam * images + (1 - lam) * images[perm], lam * targets + (1 - lam) * targets[perm].",
    ),
)


CUTMIX = Exercise(
    id="cutmix",
    draw=_draw_cutmix,
    probe=_probe_cutmix,
    picture=pictures.pasted_image,
    mistakes=(
        Mistake(
            "targets-not-mixed",
            (_BOX_TARGETS, "mixed_targets = targets.clone()"),
            "A part of each image is another one's, but the targets do not say so.",
            "Weigh the two targets by the share of pixels that each image has.",
        ),
        Mistake(
            "shares-exchanged",
            (_BOX_TARGETS, "mixed_targets = pasted * targets + (1 - pasted) * targets[perm]"),
            "The shares are exchanged: the box's share belongs to the partner.",
            "With an empty box the targets stay as they are.",
        ),
        Mistake(
            "rows-and-columns-exchanged",
            (
                (
                    "mixed_images[:, :, top : top + height, left : left + width]",
                    "mixed_images[:, :, left : left + width, top : top + height]",
                ),
                (_BOX, "images[perm, :, left : left + width, top : top + height]"),
            ),
            "Rows and columns are exchanged: top and height count rows, which is axis 2.",
            "Images are (B, C, H, W): the vertical axis comes first.",
        ),
        Mistake(
            "box-as-corners",
            (
                (
                    "mixed_images[:, :, top : top + height, left : left + width]",
                    "mixed_images[:, :, top:height, left:width]",
                ),
                (_BOX, "images[perm, :, top:height, left:width]"),
            ),
            "The box is read as two corners, but it is a corner and a size: (top, left, height, width).",
            "The row below the box is top + height.",
        ),
        Mistake(
            "box-from-the-corner",
            (_BOX, "images[perm, :, :height, :width]"),
            "The box is cut from the partner's upper left corner; it comes from the same place.",
            "Both sides of the assignment have the same rows and columns.",
        ),
        Mistake(
            "inverse-permutation",
            (
                (_BOX, "images[perm.argsort(), :, top : top + height, left : left + width]"),
                (_BOX_TARGETS, "mixed_targets = (1 - pasted) * targets + pasted * targets[perm.argsort()]"),
            ),
            "The permutation runs backwards: image i's box comes from image perm[i].",
            "Indexing with perm puts image perm[i] at place i.",
        ),
        Mistake(
            "own-box",
            (_BOX, "images[:, :, top : top + height, left : left + width]"),
            "Each image gets its own box back: nothing is pasted.",
            "The right side of the assignment needs perm.",
        ),
        Mistake(
            "inside-out",
            (
                ("mixed_images = images.clone()", "mixed_images = images[perm]"),
                (_BOX, "images[:, :, top : top + height, left : left + width]"),
            ),
            "Inside and outside are exchanged: the image itself stays around the box.",
            "Start from a copy of the images, and write the partner's pixels into the box.",
        ),
        Mistake(
            "black-box",
            ("= " + _BOX, "= 0"),
            "The box is blacked out (that is cutout); cutmix fills it with the partner's pixels.",
            "What goes in comes from images[perm], at the same place.",
        ),
        Mistake(
            "first-channel-only",
            (
                ("mixed_images[:, :, top", "mixed_images[:, 0, top"),
                (_BOX, "images[perm, 0, top : top + height, left : left + width]"),
            ),
            "Only the first channel of the box is pasted.",
            "Take all of axis 1, on both sides.",
        ),
        Mistake(
            "square-area",
            ("height * width / (H * W)", "height * width / (H * H)"),
            "The share is wrong unless the image is square: an image has H * W pixels.",
            "Both sides of the image count.",
        ),
        Mistake(
            "share-of-one-side",
            ("height * width / (H * W)", "height / H"),
            "The share is that of one side; the targets are weighed by area.",
            "How many pixels has the box, and how many the image?",
        ),
        Mistake(
            "in-place",
            ("mixed_images = images.clone()", "mixed_images = images"),
            "The caller's images are changed in place; the next epoch would train on ruined data.",
            "Write into a copy.",
        ),
    ),
    hints=(
        "Copy the images, overwrite a rectangle with the partner's pixels from the same place, and count pixels for the targets.",
        "A slice of (B, C, H, W) by rows top to top + height and columns left to left + width is the box. Its share of the "
        "image's H * W pixels is the partner's weight.",
        "mixed = images.clone(); mixed[:, :, top : top + height, left : left + width] = images[perm][:, :, top : top + height, "
        "left : left + width]; pasted = height * width / (H * W); (1 - pasted) * targets + pasted * targets[perm].",
    ),
)
