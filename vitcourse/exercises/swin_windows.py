"""Lab 08: what the checker feeds to window_partition and window_reverse, and the mistakes that it knows."""

from . import pictures
from .base import Exercise, Mistake

# Every axis has another size, so that no two can be confused; the second case has other sizes again.
_CASES = [
    dict(B=2, rows=2, cols=3, M=3, C=5),  # 6 x 9 tokens
    dict(B=3, rows=4, cols=1, M=5, C=2),  # 20 x 5 tokens
]


def _draw_partition(d):
    case = _CASES[d.index]
    M = case["M"]
    return dict(x=d.normal(case["B"], case["rows"] * M, case["cols"] * M, case["C"]), window_size=M)


def _probe_partition(answer, see, x, window_size):
    see("the result", answer(x, window_size))
    see(
        "the result for one map of one window and one channel",
        answer(x[:1, :window_size, :window_size, :1], window_size),
    )
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", answer(leaf, window_size), leaf)
    see("the result for a map of whole numbers", answer((100 * x).long(), window_size))
    for name, cut in (("height", x[:, :-1]), ("width", x[:, :, :-1])):
        sizes = (*cut.shape[1:3], window_size)
        see.raises(f"for a {name} that the window size does not divide", answer, cut, window_size, mentions=sizes)


def _draw_reverse(d):
    case = _CASES[d.index]
    M, rows, cols = case["M"], case["rows"], case["cols"]
    windows = d.normal(case["B"] * rows * cols, M, M, case["C"])
    return dict(windows=windows, window_size=M, grid=(rows * M, cols * M))


def _probe_reverse(answer, see, windows, window_size, grid):
    M = window_size
    see("the result", answer(windows, M, grid))
    see("the result for one map of one window and one channel", answer(windows[:1, :, :, :1], M, (M, M)))
    leaf = windows.clone().requires_grad_()
    see.gradient("`windows`", answer(leaf, M, grid), leaf)


_SPLIT = "x.reshape(B, H // M, M, W // M, M, C)"
_MERGE = "windows.reshape(-1, M, M, C)  # (B*nW, M, M, C)"
_ERROR = 'raise ValueError(f"window size {M} does not divide the map\'s height {H} and width {W}")'

EXERCISES = (
    Exercise(
        id="window_partition",
        draw=_draw_partition,
        probe=_probe_partition,
        picture=pictures.windows_in_order,
        mistakes=(
            Mistake(
                "no-permute",
                ("windows = windows.permute(0, 1, 3, 2, 4, 5)", "windows = windows"),
                "The axes were split and merged again without being moved: each “window” is a piece of a line of the map, "
                "not a square.",
                "Between the two reshapes the axes must change places: first which window, then which token in it.",
            ),
            Mistake(
                "column-order",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 3, 1, 2, 4, 5)"),
                "The windows run column by column; they must run row by row, as a page is read.",
                "Of the two axes that say which window it is, the one for the rows comes first.",
            ),
            Mistake(
                "transposed-windows",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 1, 3, 4, 2, 5)"),
                "Each window is transposed: its columns come before its rows.",
                "Within a window, the axis of the rows comes before that of the columns.",
            ),
            Mistake(
                "transposed-map",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 3, 1, 4, 2, 5)"),
                "The whole map is transposed: windows, and the tokens in them, both run column by column.",
                "Rows come before columns twice: among the windows, and inside each of them.",
            ),
            Mistake(
                "strided-tokens",
                (
                    (_SPLIT, "x.reshape(B, M, H // M, M, W // M, C)"),
                    ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 2, 4, 1, 3, 5)"),
                ),
                "A window gathers tokens from all over the map: H was split into (M, H/M), so that neighbours land in "
                "different windows.",
                "When an axis is split, the part that changes slowest comes first: which window, then which token in it.",
            ),
            Mistake(
                "sides-exchanged",
                (_SPLIT, "x.reshape(B, W // M, M, H // M, M, C)"),
                "Height and width are exchanged where the map is split: its second axis is H, its third W.",
                "reshape asks only for the right number of elements. It does not notice exchanged sides.",
            ),
            Mistake(
                "maps-interleaved",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(1, 3, 0, 2, 4, 5)"),
                "The windows of different maps are interleaved; all windows of the first map come first, then the second's.",
                "The axis of the batch stays in front of the two that say which window it is.",
            ),
            Mistake(
                "batch-kept",
                (_MERGE, "windows.reshape(B, -1, M, M, C)"),
                "The windows are right, but the batch has an axis of its own; windows of all maps share the first axis.",
                "Attention does not care which map a window is from: to it, windows are the batch. The result has four axes.",
            ),
            Mistake(
                "tokens-flattened",
                (_MERGE, "windows.reshape(-1, M * M, C)"),
                "The two axes inside a window are merged already; the result is (B*nW, M, M, C).",
                "The block flattens the windows later. Here they stay squares.",
            ),
            Mistake(
                "channels-first",
                (_MERGE, "windows.reshape(-1, M, M, C).permute(0, 3, 1, 2)"),
                "The channels come first in each window; here they stay last, as they were in the map.",
                "These maps are (B, H, W, C), not (B, C, H, W) as images are.",
            ),
            Mistake(
                "squeezed",
                (_MERGE, "windows.reshape(-1, M, M, C).squeeze()"),
                "squeeze drops every axis of length 1: with one window or one channel the result loses an axis.",
                "The result has four axes, always. Leave squeeze out.",
            ),
            Mistake(
                "assertion",
                (_ERROR, "raise AssertionError"),
                "The sizes are tested, but with an AssertionError; it must be a ValueError.",
                "assert is for what can never happen, and python -O removes it. A caller's mistake is a ValueError.",
            ),
            Mistake(
                "no-size-check",
                ("if H % M or W % M:", "if False:"),
                "When M does not divide the map there must be a ValueError that names H, W and M; torch's own message about "
                "shapes does not say what is wrong.",
                "Test both sides with % before you cut, and raise ValueError with an f-string.",
            ),
            Mistake(
                "cropped",
                (_ERROR, "x = x[:, : H // M * M, : W // M * M]"),
                "A map that M does not divide is cropped in silence; there must be a ValueError that names H, W and M.",
                "Tokens that vanish without a word are a bug that nobody finds. Raise instead.",
            ),
            Mistake(
                "height-only-check",
                ("if H % M or W % M:", "if H % M:"),
                "Only the height is tested; a width that M does not divide must raise a ValueError too.",
                "The map has two sides, and each can be wrong alone.",
            ),
            Mistake(
                "vague-error",
                (
                    'f"window size {M} does not divide the map\'s height {H} and width {W}"',
                    '"the window size does not divide the map"',
                ),
                "The ValueError is there, but its message does not name H, W and M.",
                "An f-string puts the three numbers into the message.",
            ),
        ),
        hints=(
            "It is patchify again, with the channels last: split H into windows and rows within a window, split W alike, "
            "move the axes, merge.",
            "(B, H, W, C) -> (B, H/M, M, W/M, M, C) -> (B, H/M, W/M, M, M, C) -> (B*nW, M, M, C). Test H % M and W % M first.",
            "x.reshape(B, H // M, M, W // M, M, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, M, M, C).",
        ),
    ),
    Exercise(
        id="window_reverse",
        draw=_draw_reverse,
        probe=_probe_reverse,
        picture=pictures.map_again,
        mistakes=(
            Mistake(
                "no-permute",
                ("x = x.permute(0, 1, 3, 2, 4, 5)", "x = x"),
                "The axes were split and merged again without being moved: each window is smeared over a line of the map.",
                "Each axis inside a window must stand right behind the grid's axis it belongs to before the two are merged.",
            ),
            Mistake(
                "column-order",
                (
                    ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(-1, W // M, H // M, M, M, C)"),
                    ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 2, 3, 1, 4, 5)"),
                ),
                "The windows are laid out column by column; they come row by row.",
                "Of the windows of a map, the column changes fastest.",
            ),
            Mistake(
                "transposed-windows",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 1, 4, 2, 3, 5)"),
                "Each window is transposed: its rows and columns are exchanged.",
                "The window's row axis goes with the map's rows, its column axis with the map's columns.",
            ),
            Mistake(
                "tokens-before-windows",
                ("permute(0, 1, 3, 2, 4, 5)", "permute(0, 3, 1, 4, 2, 5)"),
                "The axes inside a window stand before those that say which window, so that neighbours are from different "
                "windows.",
                "In a row of the map the window changes slowest: it comes first, the token within it second.",
            ),
            Mistake(
                "split-exchanged",
                ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(-1, W // M, H // M, M, M, C)"),
                "Height and width are exchanged where the windows' axis is split: a map has H/M rows of W/M windows.",
                "reshape asks only for the right number of elements. It does not notice exchanged sides.",
            ),
            Mistake(
                "grid-exchanged",
                ("H, W = grid", "W, H = grid"),
                "Height and width are exchanged: grid is (H, W).",
                "Rows first, columns second, as in a tensor's shape.",
            ),
            Mistake(
                "grid-of-windows",
                ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(-1, H, W, M, M, C)"),
                "grid is taken as the number of windows; it counts tokens.",
                "A row of W tokens holds W / M windows.",
            ),
            Mistake(
                "maps-interleaved",
                (
                    ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(H // M, W // M, -1, M, M, C)"),
                    ("permute(0, 1, 3, 2, 4, 5)", "permute(2, 0, 3, 1, 4, 5)"),
                ),
                "Windows of different maps are mixed: all windows of the first map come first, then the second's.",
                "The batch is the slowest part of the first axis.",
            ),
            Mistake(
                "one-map",
                ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(1, H // M, W // M, M, M, C)"),
                "It puts a single map together; the windows can come from several maps.",
                "The number of maps follows from the number of windows: let reshape find it with -1.",
            ),
            Mistake(
                "square-only",
                ("H, W = grid", "H = W = int((grid[0] * grid[1]) ** 0.5)"),
                "The map is taken to be square; it is given as (H, W).",
                "The number of tokens alone does not tell the sides. Use grid.",
            ),
            Mistake(
                "squeezed",
                ("x.reshape(-1, H, W, C)  # (B, H, W, C)", "x.reshape(-1, H, W, C).squeeze()"),
                "squeeze drops every axis of length 1: with one map or one channel the result loses an axis.",
                "The result has four axes, always. Leave squeeze out.",
            ),
        ),
        hints=(
            "Run window_partition backwards: split what it merged, move the axes back, merge what it split.",
            "(B*nW, M, M, C) -> (B, H/M, W/M, M, M, C) -> (B, H/M, M, W/M, M, C) -> (B, H, W, C). -1 finds B.",
            "windows.reshape(-1, H // M, W // M, M, M, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, H, W, C).",
        ),
    ),
)
