"""Lab 01: what the checker feeds to unpatchify, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from ..pictures import cut, sample_image
from .common import CASES


def draw(d):
    case = CASES[d.index]
    grid = case["rows"], case["cols"]
    patches = d.normal(case["B"], grid[0] * grid[1], case["C"] * case["P"] ** 2)
    return dict(patches=patches, patch_size=case["P"], grid=grid)


def probe(answer, see, patches, patch_size, grid):
    see.twice("the result", answer, patches, patch_size, grid, axes="image channel row column")
    see("the result for one grey image of one patch", answer(patches[:1, :1, : patch_size**2], patch_size, (1, 1)))
    leaf = patches.clone().requires_grad_()
    see.gradient("`patches`", answer(leaf, patch_size, grid), leaf)


def picture(answer):
    """The image that it puts together."""
    return answer(cut(sample_image(), 6)[None], 6, (2, 3))[0].permute(1, 2, 0)


EXERCISE = Exercise(
    id="unpatchify",
    draw=draw,
    probe=probe,
    cases=3,
    picture=picture,
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
            "transposed-image",
            ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 2, 5, 1, 4)"),
            "The whole image is transposed: rows and columns are exchanged.",
            "grid is (rows, cols), and the result is (B, C, rows*P, cols*P).",
        ),
        Mistake(
            "grid-order-only",
            ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 2, 4, 1, 5)"),
            "The grid's two axes are exchanged before the merge: a row of pixels goes with a column of patches.",
            "The patch's row axis goes with the grid's rows, its column axis with the grid's columns.",
        ),
        Mistake(
            "patches-side-by-side",
            ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 4, 1, 2, 5)"),
            "The row axis of the pixels stands before the grid's rows: lines of different patches alternate.",
            "In rows*P the row of patches changes slowest: it comes first, the pixel within it second.",
        ),
        Mistake(
            "columns-interleaved",
            ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 1, 4, 5, 2)"),
            "The column axis of the pixels stands before the grid's columns: columns of different patches alternate.",
            "In cols*P the column of patches changes slowest: it comes first, the pixel within it second.",
        ),
        Mistake(
            "channels-behind",
            ("tiles.reshape(B, C, rows * P, cols * P)", "tiles.reshape(B, C, rows * P, cols * P).permute(0, 2, 3, 1)"),
            "The result is (B, H, W, C); images are (B, C, H, W) everywhere in this course.",
            "The channels stand right behind the batch.",
        ),
        Mistake(
            "not-merged",
            ("tiles.reshape(B, C, rows * P, cols * P)", "tiles"),
            "The axes are in order but not merged: the result has the four axes (B, C, rows*P, cols*P).",
            "One more reshape.",
        ),
        Mistake(
            "first-image-only",
            ("tiles.reshape(B, C, rows * P, cols * P)", "tiles.reshape(B, C, rows * P, cols * P)[:1]"),
            "Only the first image is returned.",
            "Leave the batch's axis as it is, in front.",
        ),
        Mistake(
            "grid-exchanged",
            (
                ("patches.reshape(B, rows, cols, C, P, P)", "patches.reshape(B, cols, rows, C, P, P)"),
                ("tiles.reshape(B, C, rows * P, cols * P)", "tiles.reshape(B, C, cols * P, rows * P)"),
            ),
            "The grid is taken as (cols, rows); it is (rows, cols), and the image has rows*P lines.",
            "Rows come before columns everywhere in this course.",
        ),
        Mistake(
            "split-exchanged",
            ("patches.reshape(B, rows, cols, C, P, P)", "patches.reshape(B, cols, rows, C, P, P)"),
            "N is split as (cols, rows); it must be (rows, cols), as the grid is given.",
            "N = rows*cols with the column changing fastest.",
        ),
        Mistake(
            "laid-out-crosswise",
            (
                ("permute(0, 3, 1, 4, 2, 5)", "permute(0, 3, 2, 4, 1, 5)"),
                ("tiles.reshape(B, C, rows * P, cols * P)", "tiles.reshape(B, C, cols * P, rows * P)"),
            ),
            "A row of patches is laid out downwards: the grid's rows and columns are exchanged, the pixels inside a patch are not.",
            "Patches of one row stand side by side, along the image's last axis.",
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
)
