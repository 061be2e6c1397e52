"""Lab 05: what the checker feeds to cutmix, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake
from .common import AXES, IMAGE_CASES, PARTS, draw_images, two_images


def draw(d):
    H, W = IMAGE_CASES[d.index]["H"], IMAGE_CASES[d.index]["W"]
    inside, at_the_left_border = (1, d.integer(2, 4), 4, 5), (d.integer(4, 6), 0, 5, 3)
    box = (inside, at_the_left_border, (2, 0, 4, 1), (0, 1, 1, 3))[d.index]
    assert box[0] + box[2] <= H and box[1] + box[3] <= W
    return dict(**draw_images(d), box=box)


def probe(answer, see, images, targets, perm, box):
    see.pair("the result", PARTS, answer(images, targets, box, perm), AXES)
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, targets, box, perm)[0], leaf)
    H, W = images.shape[2:]
    for words, other in (("an empty box", (0, 0, 0, W)), ("a box over the whole image", (0, 0, H, W))):
        mixed_images, mixed_targets = answer(images, targets, other, perm)
        see(f"the batch of images for {words}", mixed_images, axes=AXES[0])
        see(f"the batch of targets for {words}", mixed_targets, axes=AXES[1])
    see.pair("the result of a second call", _AGAIN, answer(images, targets, box, perm), AXES)


_AGAIN = tuple(f"{part} of a second call" for part in PARTS)


def picture(answer):
    """The first of two images."""
    return answer(two_images(), torch.eye(2), (3, 5, 6, 9), torch.tensor([1, 0]))[0][0].permute(1, 2, 0)


_BOX = "images[\n        perm, :, top : top + height, left : left + width\n    ]"
_BOX_TARGETS = "mixed_targets = (1 - pasted) * targets + pasted * targets[perm]"


EXERCISE = Exercise(
    id="cutmix",
    cases=len(IMAGE_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "targets-not-mixed",
            (_BOX_TARGETS, "mixed_targets = targets.clone()"),
            "A part of each image is another one's, but the targets do not say so.",
            "Weigh the two targets by the share of pixels that each image has. If you divide areas, mind that // gives whole "
            "numbers.",
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
        Mistake(
            "inverse-permutation-of-targets",
            (_BOX_TARGETS, "mixed_targets = (1 - pasted) * targets + pasted * targets[perm.argsort()]"),
            "Images and targets have different partners.",
            "Index both with perm, in the same way.",
        ),
        Mistake(
            "mirrored-batch",
            (
                (_BOX, "images.flip(0)[:, :, top : top + height, left : left + width]"),
                (_BOX_TARGETS, "mixed_targets = (1 - pasted) * targets + pasted * targets.flip(0)"),
            ),
            "The partner is taken from the batch in reverse; `perm` says who it is.",
            "Index with perm.",
        ),
        Mistake(
            "partner-alone",
            (_BOX_TARGETS, "mixed_targets = targets[perm].clone()"),
            "The targets are the partner's alone; both images have their share.",
            "Weigh the two targets by the share of pixels that each image has.",
        ),
        Mistake(
            "halves",
            (_BOX_TARGETS, "mixed_targets = 0.5 * targets + 0.5 * targets[perm]"),
            "Both targets count one half; they count as much as their pixels do.",
            "The partner's share is the box's area, over the image's.",
        ),
        Mistake(
            "area-times-channels",
            ("pasted = height * width / (H * W)", "pasted = C * height * width / (H * W)"),
            "The share is C times too large: a pixel counts once, whatever its number of channels.",
            "Over all values it would be C * H * W.",
        ),
        Mistake(
            "sides-added",
            ("pasted = height * width / (H * W)", "pasted = (height + width) / (H + W)"),
            "The sides are added; an area is their product.",
            "How many pixels has the box, and how many the image?",
        ),
        Mistake(
            "sides-exchanged",
            ("top, left, height, width = box", "top, left, width, height = box"),
            "Height and width of the box are exchanged: it is (top, left, height, width).",
            "height counts rows, width counts columns.",
        ),
        Mistake(
            "one-more",
            (
                (
                    " mixed_images[:, :, top : top + height, left : left + width]",
                    " mixed_images[:, :, top : top + height + 1, left : left + width + 1]",
                ),
                (_BOX, "images[perm, :, top : top + height + 1, left : left + width + 1]"),
            ),
            "The box is one row and one column too large: a slice ends before its second number.",
            "top to top + height are height rows already.",
        ),
        Mistake(
            "centre",
            (
                "    mixed_images = images.clone()",
                "    top, left = max(top - height // 2, 0), max(left - width // 2, 0)\n    mixed_images = images.clone()",
            ),
            "The box is laid around (top, left) as its centre; it is its upper left corner.",
            "The box's rows begin at top.",
        ),
        Mistake(
            "bars",
            (
                (
                    "mixed_images[:, :, top : top + height, left : left + width]",
                    "mixed_images[:, :, top : top + height]",
                ),
                (_BOX, "images[perm, :, top : top + height]"),
            ),
            "Whole rows are pasted, from the left border to the right; the box has columns too.",
            "Slice both axes.",
        ),
        Mistake(
            "added",
            (
                "mixed_images[:, :, top : top + height, left : left + width] =",
                "mixed_images[:, :, top : top + height, left : left + width] +=",
            ),
            "The partner's pixels are added to the image's; they replace them.",
            "= writes, += adds.",
        ),
        Mistake(
            "blended",
            (
                _BOX,
                "0.5 * images[:, :, top : top + height, left : left + width] + 0.5 * images[perm, :, top : top + height, left : left + width]",
            ),
            "The box is a blend of both images (that is mixup); cutmix replaces the pixels.",
            "Only the partner's pixels go into the box.",
        ),
        Mistake(
            "one-partner",
            (_BOX, "images[perm[0], :, top : top + height, left : left + width]"),
            "Every image gets its box from one and the same partner; image i's comes from image perm[i].",
            "Index the batch with the whole of perm.",
        ),
        Mistake(
            "pasted-from-the-pasted",
            (
                "mixed_images[:, :, top : top + height, left : left + width] = " + _BOX,
                "for i, j in enumerate(perm):\n        mixed_images[i, :, top : top + height, left : left + width] = mixed_images[j, :, top : top + height, left : left + width]",
            ),
            "A box is taken from an image that has been pasted into already; it comes from the partner as it was.",
            "Read from images, write into the copy.",
        ),
        Mistake(
            "only-images",
            ("return mixed_images, mixed_targets", "return mixed_images"),
            "Only the images come back; cutmix returns images and targets.",
            "Return two things.",
        ),
        Mistake(
            "detached",
            ("images.clone()", "images.detach().clone()"),
            "The images are cut off from the graph (detach).",
            "clone keeps the graph. Leave out detach, .data and no_grad.",
        ),
        Mistake(
            "only-the-box",
            (
                "return mixed_images, mixed_targets",
                "return images[perm, :, top : top + height, left : left + width], mixed_targets",
            ),
            "Only the box comes back; the result is the whole image with the box in it.",
            "Write the box into a copy of the images, and return that.",
        ),
    ),
    hints=(
        "Copy the images, overwrite a rectangle with the partner's pixels from the same place, and count pixels for the targets.",
        "A slice of (B, C, H, W) by rows top to top + height and columns left to left + width is the box. Its share of the "
        "image's H * W pixels is the partner's weight.",
        "Assign to mixed[:, :, top : top + height, left : left + width] the same slice of images[perm]. The partner's weight is "
        "height * width / (H * W), the image's own is what is left to 1; then mix the targets as mixup does.",
    ),
)
