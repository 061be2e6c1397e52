"""Lab 01: what the checker feeds to patchify, unpatchify and PatchEmbed, and the mistakes that it knows."""

from ..reference.patches import PatchEmbed
from . import pictures
from .base import Exercise, Mistake

# Every axis has another size, so that no two can be confused; the second case has other sizes again.
_CASES = [
    dict(B=2, C=5, rows=2, cols=3, P=3),  # 6 x 9 pixels
    dict(B=3, C=2, rows=4, cols=1, P=5),  # 20 x 5 pixels
]


def _images(d):
    case = _CASES[d.index]
    return d.normal(case["B"], case["C"], case["rows"] * case["P"], case["cols"] * case["P"])


def _draw_patchify(d):
    return dict(images=_images(d), patch_size=_CASES[d.index]["P"])


def _probe_patchify(answer, see, images, patch_size):
    see("the result", answer(images, patch_size))
    see("the result for one grey image of one patch", answer(images[:1, :1, :patch_size, :patch_size], patch_size))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", answer(leaf, patch_size), leaf)
    H, W = images.shape[2:]
    for name, cut in (("height", images[:, :, :-1]), ("width", images[:, :, :, :-1])):
        sizes = (*cut.shape[2:], patch_size)
        see.raises(f"for a {name} that the patch size does not divide", answer, cut, patch_size, mentions=sizes)


def _draw_unpatchify(d):
    case = _CASES[d.index]
    grid = case["rows"], case["cols"]
    patches = d.normal(case["B"], grid[0] * grid[1], case["C"] * case["P"] ** 2)
    return dict(patches=patches, patch_size=case["P"], grid=grid)


def _probe_unpatchify(answer, see, patches, patch_size, grid):
    see("the result", answer(patches, patch_size, grid))
    see("the result for one grey image of one patch", answer(patches[:1, :1, : patch_size**2], patch_size, (1, 1)))
    leaf = patches.clone().requires_grad_()
    see.gradient("`patches`", answer(leaf, patch_size, grid), leaf)


def _draw_patch_embed(d):
    case = _CASES[d.index]
    images = _images(d)
    sizes = dict(img_size=tuple(images.shape[2:]), patch_size=case["P"], in_chans=case["C"], embed_dim=7)
    return dict(images=images, sizes=sizes, state=d.state(PatchEmbed(**sizes)))


def _probe_patch_embed(answer, see, images, sizes, state):
    module = see.build(answer, state, images.dtype, **sizes)
    see("`num_patches`", getattr(module, "num_patches", None))
    see("the result", module(images))
    see("the result for one image", module(images[:1]))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", module(leaf), leaf)
    see.gradient("`proj.weight`", module(images), module.proj.weight)
    see("`num_patches` for a square image given as one number", answer(**{**sizes, "img_size": 30}).num_patches)
    see.raises("for an image of another size", module, images[:, :, :-1])
    height = images.shape[2] + 1
    see.raises("for a patch size that does not divide", answer, **{**sizes, "img_size": (height, images.shape[3])})


EXERCISES = (
    Exercise(
        id="patchify",
        draw=_draw_patchify,
        probe=_probe_patchify,
        picture=pictures.patches_in_order,
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
    ),
    Exercise(
        id="unpatchify",
        draw=_draw_unpatchify,
        probe=_probe_unpatchify,
        picture=pictures.image_again,
        mistakes=(
            Mistake(
                "no-permute",
                ("tiles = tiles.permute(0, 3, 1, 4, 2, 5)", "tiles = tiles"),
                "The axes were split and merged again without being moved: each patch is smeared over a line of the image.",
                "Each pixel axis must stand right behind the grid axis it belongs to before the two are merged.",
            ),
            Mistake(
                "column-order",
                (
                    ("patches.reshape(B, rows, cols, C, P, P)", "patches.reshape(B, cols, rows, C, P, P)"),
                    ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 2, 4, 1, 5)"),
                ),
                "The patches are laid out column by column; they come row by row.",
                "grid is (rows, cols), and N = rows*cols with the column changing fastest.",
            ),
            Mistake(
                "channels-last",
                (
                    ("patches.reshape(B, rows, cols, C, P, P)", "patches.reshape(B, rows, cols, P, P, C)"),
                    ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 5, 1, 3, 2, 4)"),
                ),
                "Each patch is read as (P, P, C), but it was flattened as (C, P, P).",
                "Split the last axis in the order in which patchify merged it.",
            ),
            Mistake(
                "transposed-patch",
                ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 1, 5, 2, 4)"),
                "Each patch is transposed: its rows and columns are exchanged.",
                "The patch's row axis goes with the grid's rows, its column axis with the grid's columns.",
            ),
            Mistake(
                "same-permute-as-patchify",
                ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 2, 4, 1, 3, 5)"),
                "This permutes as patchify does; undoing needs the inverse permutation.",
                "Write down where each axis must go: (B, rows, cols, C, P, P) becomes (B, C, rows, P, cols, P).",
            ),
            Mistake(
                "square-only",
                (
                    "tiles = patches.reshape(B, rows, cols, C, P, P)",
                    "rows = cols = int(N**0.5)\n    tiles = patches.reshape(B, rows, cols, C, P, P)",
                ),
                "The grid is taken to be square (the root of N); it is given as (rows, cols).",
                "Six patches can be 2 x 3 or 3 x 2: N alone does not tell. Use grid.",
            ),
            Mistake(
                "squeezed",
                ("tiles.reshape(B, C, rows * P, cols * P)", "tiles.reshape(B, C, rows * P, cols * P).squeeze()"),
                "squeeze drops every axis of length 1: with one image or one channel the result loses an axis.",
                "The result has four axes, always. Leave squeeze out.",
            ),
            Mistake(
                "three-channels",
                ("C = patch_len // (P * P)", "C = 3"),
                "The number of channels is taken to be 3; it follows from the length of a patch.",
                "A patch holds C*P*P numbers, and P is known.",
            ),
            Mistake(
                "pixels-before-grid",
                ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 4, 1, 5, 2)"),
                "The pixel axes stand before the grid axes, so that neighbouring pixels come from different patches.",
                "In rows*P the row of patches changes slowest: it comes first, the pixel within it second.",
            ),
        ),
        hints=(
            "Run patchify backwards: split what it merged, move the axes back, merge what it split.",
            "(B, N, C*P*P) -> (B, rows, cols, C, P, P) -> (B, C, rows, P, cols, P) -> (B, C, rows*P, cols*P).",
            "patches.reshape(B, rows, cols, C, P, P).permute(0, 3, 1, 4, 2, 5).reshape(B, C, rows * P, cols * P).",
        ),
    ),
    Exercise(
        id="PatchEmbed",
        draw=_draw_patch_embed,
        probe=_probe_patch_embed,
        mistakes=(
            Mistake(
                "not-transposed",
                ("grid.flatten(2).transpose(1, 2)", "grid.flatten(2)"),
                "The result is (B, D, N): channels before tokens. A sequence is (B, N, D).",
                "After flattening the grid, exchange the last two axes.",
            ),
            Mistake(
                "reshaped-not-transposed",
                ("grid.flatten(2).transpose(1, 2)", "grid.reshape(B, -1, grid.shape[1])"),
                "A reshape to (B, N, D) has the right shape but mixes numbers of different patches; the axes must be "
                "exchanged, not re-cut.",
                "reshape never moves numbers in memory order. transpose does what you want.",
            ),
            Mistake(
                "column-order",
                ("grid.flatten(2).transpose(1, 2)", "grid.transpose(2, 3).flatten(2).transpose(1, 2)"),
                "The patches run column by column; they must run row by row.",
                "flatten(2) alone already reads the grid row by row.",
            ),
            Mistake(
                "no-stride",
                ("kernel_size=patch_size, stride=patch_size", "kernel_size=patch_size"),
                "The convolution slides pixel by pixel, so that patches overlap: its stride must be the patch size.",
                "To look at each patch exactly once, the window moves by its own width.",
            ),
            Mistake(
                "linear",
                (
                    "nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)",
                    "nn.Linear(in_chans * patch_size**2, embed_dim)",
                ),
                "`proj` is an nn.Linear; it must be an nn.Conv2d. The two compute the same, but the weight's shape differs, "
                "and checkpoints hold the convolution's.",
                "Which window and which step make a convolution look at each patch exactly once?",
            ),
            Mistake(
                "swapped-channels",
                ("nn.Conv2d(in_chans, embed_dim,", "nn.Conv2d(embed_dim, in_chans,"),
                "The convolution's channels are exchanged: it takes the image's C channels in and gives D out.",
                "nn.Conv2d names the channels that come in first, those that go out second.",
            ),
            Mistake(
                "no-num-patches",
                ("self.num_patches = self.grid[0] * self.grid[1]", "pass"),
                "The module has no attribute `num_patches`.",
                "Set it in __init__, under exactly that name: later labs read it.",
            ),
            Mistake(
                "squeezed",
                ("grid.flatten(2).transpose(1, 2)", "grid.flatten(2).transpose(1, 2).squeeze()"),
                "squeeze drops every axis of length 1: for a batch of one image the result loses its first axis.",
                "The result has three axes, always. Leave squeeze out.",
            ),
            Mistake(
                "no-bias",
                ("stride=patch_size)", "stride=patch_size, bias=False)"),
                "The convolution has no bias; a patch embedding has one (and timm's checkpoints hold it).",
                "Leave nn.Conv2d's bias at its default.",
            ),
            Mistake(
                "counts-tokens",
                (
                    "self.num_patches = self.grid[0] * self.grid[1]",
                    "self.num_patches = self.grid[0] * self.grid[1] + 1",
                ),
                "num_patches counts the patches alone; the class token comes later, in lab 02.",
                "It is the number of cells of the grid.",
            ),
            Mistake(
                "square-grid",
                ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = self.grid[0] ** 2"),
                "num_patches is right for square images only.",
                "self.grid is (rows, cols), and they can differ.",
            ),
        ),
        hints=(
            "A convolution whose window is one patch and whose step is one patch applies the same linear map to each patch.",
            "proj: (B, C, H, W) -> (B, D, rows, cols); merge the grid's two axes -> (B, D, N); exchange two axes -> (B, N, D).",
            "nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size); then .flatten(2).transpose(1, 2).",
        ),
    ),
)
