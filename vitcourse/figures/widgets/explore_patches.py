"""The patch explorer: any image, any patch size; what becomes of the image, and what attention will cost."""

import math

from ...reference import patches as reference
from ..plots.explore_patches import draw_patches, image_box
from .panel import Explorer, chooser, slider, spots


def explore_patches(images, patchify=None, labels=None):
    """Cut images into patches of any size that fits: the grid, the sequence, one patch's numbers, and the cost.

    Args:
        images: (B, C, H, W) with C = 1 or 3, uint8 or float in 0..1.
        patchify: your own function, (B, C, H, W) and P -> (B, N, C*P*P); None takes the course's.
        labels: B texts, what each image shows.

    Returns:
        `Explorer`; as the last line of a cell it shows itself.
    """
    patchify = patchify or reference.patchify
    H, W = images.shape[-2:]
    sizes = patch_sizes(H, W)
    start = min(sizes, key=lambda P: abs(math.log(P / (min(H, W) / 4))))  # about four patches across

    def draw(image, patch_size, token):
        tiles, grid = cut(images[image], patch_size, patchify)
        token = min(token, len(tiles) - 1)
        costs = {P: cost(H, W, P)["scores"] for P in sizes}
        title = f"image {image}" + (f": {labels[image]}" if labels is not None else "")
        return draw_patches(images[image], tiles, grid, token, costs, title), words(images.shape[1], H, W, patch_size)

    controls = {
        "image": slider("image", 0, len(images) - 1),
        "patch_size": chooser("patch size", sizes, start),
        "token": slider("token", 0, cost(H, W, start)["tokens"] - 1),
    }
    explorer = Explorer(controls, draw, "An image cut into patches, and the sequence that they make")

    overlays = {}

    def fit_to_size(_=None):
        P = controls["patch_size"].value
        rows, cols = H // P, W // P
        controls["token"].max = rows * cols - 1
        if P not in overlays:
            follow = lambda r, c: explorer.set(token=r * cols + c)  # noqa: E731
            overlays[P] = spots((rows, cols), image_box(H, W), follow)
        explorer.cover(overlays[P])

    fit_to_size()
    controls["patch_size"].observe(fit_to_size, names="value")
    return explorer


def patch_sizes(H, W):
    """The patch sizes that divide both sides and leave at least two patches."""
    return [P for P in range(1, min(H, W) + 1) if H % P == W % P == 0 and H * W // P**2 > 1]


def cut(image, patch_size, patchify):
    """Cut one image with `patchify`.

    Args:
        image: (C, H, W).

    Returns:
        tiles (N, C, P, P) in the sequence's order, and the grid (rows, cols).
    """
    C, H, W = image.shape
    patches = patchify(image[None], patch_size)  # (1, N, C*P*P)
    return patches.reshape(-1, C, patch_size, patch_size), (H // patch_size, W // patch_size)


def cost(H, W, patch_size):
    """How many tokens an image becomes, and how many scores attention computes between them.

    Returns:
        {"tokens": N, "scores": N * N, "bytes": 4 * N * N}: scores for one head of one layer, in float32.
    """
    N = (H // patch_size) * (W // patch_size)
    return {"tokens": N, "scores": N * N, "bytes": 4 * N * N}


def words(C, H, W, patch_size):
    """What a patch size means, in words."""
    numbers = cost(H, W, patch_size)
    N = numbers["tokens"]
    return (
        f"{H} × {W} pixels in patches of {patch_size} × {patch_size}: {N:,} tokens of {C * patch_size**2:,} numbers. "
        f"Attention compares each with each: {N:,} · {N:,} = {numbers['scores']:,} scores for one head of one layer "
        f"({size_words(numbers['bytes'])} in float32)."
    )


def size_words(size):
    """A number of bytes as a reader says it: 1,024 -> '1.0 kB'."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"
