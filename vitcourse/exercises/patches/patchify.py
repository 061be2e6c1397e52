"""Lab 01: what the checker feeds to patchify, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from ..pictures import sample_image
from .common import CASES, draw_images


def draw(d):
    return dict(images=draw_images(d), patch_size=CASES[d.index]["P"])


def probe(answer, see, images, patch_size):
    see.twice("the result", answer, images, patch_size, axes="image patch number")
    see("the result for one grey image of one patch", answer(images[:1, :1, :patch_size, :patch_size], patch_size))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, patch_size), leaf)
    if patch_size == 1:
        return  # which divides every side
    # 22 x 8 pixels hold as many as eleven patches of 4 x 4, but cannot be cut into them
    H, W = images.shape[2:]
    larger = images.repeat(1, 1, 2, 2)
    cuts = [("height", larger[:, :, : 2 * H - 2, :W]), ("width", larger[:, :, :H, : W + 1])]
    both = ("height and a width", larger[:, :, : H + 1, : W + 1])
    for name, cut in [both, *cuts[:: 1 if images.shape[1] > 1 else -1]]:
        sizes = (*cut.shape[2:], patch_size)
        see.raises(f"for a {name} that the patch size does not divide", answer, cut, patch_size, mentions=sizes)


def picture(answer):
    """The patches that it returns, in their order."""
    patches = answer(sample_image()[None], 6)[0]
    return patches.unflatten(-1, (3, 6, 6)).permute(0, 2, 3, 1)


EXERCISE = Exercise(
    id="patchify",
    draw=draw,
    probe=probe,
    cases=3,
    picture=picture,
    mistakes=(
        Mistake(
            "no-permute",
            ("tiles = tiles.permute(0, 2, 4, 1, 3, 5)", "tiles = tiles"),
            "The axes were split and merged again without being moved: each “patch” is a run of neighbouring numbers "
            "in memory, not a square of the image.",
            "Between the two reshapes the axes must change places: first which patch, then what is inside it.",
        ),
        Mistake(
            "column-order",
            ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 4, 2, 1, 3, 5)"),
            "The patches run column by column; they must run row by row, as a page is read.",
            "Which of the grid's two axes must change slowest? It comes first.",
        ),
        Mistake(
            "channels-last",
            ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 2, 4, 3, 5, 1)"),
            "Each patch is flattened with the channel last; it must be channel, row, column, as a convolution's "
            "weight is.",
            "Within a patch the channel's axis comes before the two pixel axes.",
        ),
        Mistake(
            "transposed-patch",
            ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 2, 4, 1, 5, 3)"),
            "Each patch is transposed: its columns come before its rows.",
            "Within a patch, the pixels' row axis comes before their column axis.",
        ),
        Mistake(
            "transposed-image",
            ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 4, 2, 1, 5, 3)"),
            "The whole image is transposed: patches and their pixels both run column by column.",
            "Rows come before columns twice: in the grid, and inside each patch.",
        ),
        Mistake(
            "strided-pixels",
            (
                ("images.reshape(B, C, rows, P, cols, P)", "images.reshape(B, C, P, rows, P, cols)"),
                ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 3, 5, 1, 2, 4)"),
            ),
            "A patch gathers pixels from all over the image: H was split into (P, rows), so that neighbours land in "
            "different patches.",
            "When an axis of length rows*P is split, the part that changes slowest comes first: which row of patches, "
            "then which pixel in it.",
        ),
        Mistake(
            "pixels-in-a-row",
            (
                "tiles.permute(0, 2, 4, 1, 3, 5)",
                "images.reshape(B, C, rows * cols, P * P).transpose(1, 2)",
            ),
            "Each channel is cut into runs of P*P numbers as they lie in memory: a “patch” is a piece of a line, not a square.",
            "A square takes P numbers from each of P lines: split H and W, each into two axes.",
        ),
        Mistake(
            "unfolded-not-permuted",
            (
                (
                    "images.reshape(B, C, rows, P, cols, P)",
                    "images.unfold(2, P, P).unfold(3, P, P)",
                ),
                ("tiles = tiles.permute(0, 2, 4, 1, 3, 5)", "tiles = tiles"),
            ),
            "The tiles are (B, C, rows, cols, P, P), and the merge puts the channel in front of the grid: a “patch” gathers squares of one channel.",
            "Move the channel behind the grid's two axes before you merge.",
        ),
        Mistake(
            "grid-exchanged",
            ("images.reshape(B, C, rows, P, cols, P)", "images.reshape(B, C, cols, P, rows, P)"),
            "H is split into cols and W into rows; it must be H into rows of patches and W into cols.",
            "Which of the two numbers times P gives H?",
        ),
        Mistake(
            "columns-and-channels-last",
            ("permute(0, 2, 4, 1, 3, 5)", "permute(0, 2, 4, 5, 3, 1)"),
            "Each patch is flattened as column, row, channel; it must be channel, row, column.",
            "Within a patch the channel's axis comes first, then rows, then columns.",
        ),
        Mistake(
            "patches-last",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B, rows * cols, C * P * P).transpose(1, 2)"),
            "The result is (B, C*P*P, N), as F.unfold gives it; it must be (B, N, C*P*P).",
            "Exchange the last two axes.",
        ),
        Mistake(
            "patches-first",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B, rows * cols, C * P * P).transpose(0, 1)"),
            "The patches stand in front of the images; the result is (B, N, C*P*P).",
            "torch.stack makes the new axis where its argument dim says.",
        ),
        Mistake(
            "first-image-only",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B, rows * cols, C * P * P)[:1]"),
            "Only the first image's patches are returned.",
            "Leave the batch's axis as it is, in front.",
        ),
        Mistake(
            "windows-overlap",
            (
                "tiles.reshape(B, rows * cols, C * P * P)",
                "images.unfold(2, P, 1).unfold(3, P, 1).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)",
            ),
            "The window moves on by one pixel, so that patches overlap: its step must be P.",
            "F.unfold has a stride, and it is 1 unless you say otherwise.",
        ),
        Mistake(
            "not-flattened",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B, rows * cols, C, P, P)"),
            "The patches are right but not flattened: each one must become a single axis of length C*P*P.",
            "The result has three axes. The last one holds all the numbers of one patch.",
        ),
        Mistake(
            "batch-merged",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B * rows * cols, C * P * P)"),
            "The batch was merged into the patches: the first axis must still say which image a patch is from.",
            "The result has three axes: image, patch, the patch's numbers.",
        ),
        Mistake(
            "squeezed",
            ("tiles.reshape(B, rows * cols, C * P * P)", "tiles.reshape(B, rows * cols, C * P * P).squeeze()"),
            "squeeze drops every axis of length 1: with one image or one patch the result loses an axis.",
            "The result has three axes, always. Leave squeeze out, or name the one axis that it may drop.",
        ),
        Mistake(
            "assertion",
            (
                'raise ValueError(f"patch size {P} does not divide the image\'s height {H} and width {W}")',
                "raise AssertionError",
            ),
            "The sizes are tested, but with an AssertionError; it must be a ValueError.",
            "assert is for what can never happen, and python -O removes it. A caller's mistake is a ValueError.",
        ),
        Mistake(
            "no-size-check",
            ("if H % P or W % P:", "if False:"),
            "When P does not divide the image there must be a ValueError that names H, W and P; torch's own message about "
            "shapes does not say what is wrong.",
            "Test both sides with % before you cut, and raise ValueError with an f-string.",
        ),
        Mistake(
            "cropped",
            (
                'raise ValueError(f"patch size {P} does not divide the image\'s height {H} and width {W}")',
                "images = images[:, :, : H // P * P, : W // P * P]",
            ),
            "An image that P does not divide is cropped in silence; there must be a ValueError that names H, W and P.",
            "Pixels that vanish without a word are a bug that nobody finds. Raise instead.",
        ),
        Mistake(
            "padded",
            (
                'raise ValueError(f"patch size {P} does not divide the image\'s height {H} and width {W}")',
                "images = nn.functional.pad(images, (0, -W % P, 0, -H % P))\n        H, W = images.shape[2:]",
            ),
            "An image that P does not divide is filled up in silence; there must be a ValueError that names H, W and P.",
            "Pixels that were never in the image are no better than those that vanish. Raise instead.",
        ),
        Mistake(
            "resized",
            (
                'raise ValueError(f"patch size {P} does not divide the image\'s height {H} and width {W}")',
                "H, W = max(P, H // P * P), max(P, W // P * P)\n        images = nn.functional.interpolate(images, (H, W), mode='bilinear')",
            ),
            "An image that P does not divide is resized in silence; there must be a ValueError that names H, W and P.",
            "A function that cuts does nothing else. Raise instead.",
        ),
        Mistake(
            "both-sides-check",
            ("if H % P or W % P:", "if H % P and W % P:"),
            "There is a ValueError only when P divides neither side; one side suffices.",
            "and asks for both, or for one of the two.",
        ),
        Mistake(
            "area-check",
            ("if H % P or W % P:", "if (H * W) % (P * P):"),
            "The area is tested; both sides must be: 22 x 8 pixels hold as many as eleven patches of 4 x 4, but cannot be cut into them.",
            "Each side has to be a multiple of P by itself.",
        ),
        Mistake(
            "width-only-check",
            ("if H % P or W % P:", "if W % P:"),
            "Only the width is tested; a height that P does not divide must raise a ValueError too.",
            "The image has two sides, and each can be wrong alone.",
        ),
        Mistake(
            "other-exception",
            (
                "raise ValueError(f",
                "raise Exception(f",
            ),
            "The exception is of another kind; it must be a ValueError.",
            "Whoever calls you catches ValueError, and nothing broader.",
        ),
        Mistake(
            "height-only-check",
            ("if H % P or W % P:", "if H % P:"),
            "Only the height is tested; a width that P does not divide must raise a ValueError too.",
            "The image has two sides, and each can be wrong alone.",
        ),
        Mistake(
            "vague-error",
            (
                'f"patch size {P} does not divide the image\'s height {H} and width {W}"',
                '"the patch size does not divide the image"',
            ),
            "The ValueError is there, but its message does not name H, W and P.",
            "An f-string puts the three numbers into the message.",
        ),
    ),
    hints=(
        "Cutting is only moving axes. Split H into rows of patches and pixels within a patch, split W alike, put the "
        "two grid axes together and the three inner axes together, and merge.",
        "(B, C, H, W) -> (B, C, rows, P, cols, P) -> (B, rows, cols, C, P, P) -> (B, rows*cols, C*P*P). Test H % P and "
        "W % P first.",
        "images.reshape(B, C, rows, P, cols, P).permute(0, 2, 4, 1, 3, 5).reshape(B, rows * cols, C * P * P), with "
        "rows = H // P and cols = W // P.",
    ),
)
