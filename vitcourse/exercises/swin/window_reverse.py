"""Lab 08: what the checker feeds to window_reverse, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from ..pictures import cut, sample_image
from .common import WINDOW_CASES


def draw(d):
    case = WINDOW_CASES[d.index]
    M, rows, cols = case["M"], case["rows"], case["cols"]
    windows = d.normal(case["B"] * rows * cols, M, M, case["C"])
    return dict(windows=windows, window_size=M, grid=(rows * M, cols * M))


AXES = "map row column channel"


def probe(answer, see, windows, window_size, grid):
    M = window_size
    see.twice("the result", answer, windows, M, grid, axes=AXES)
    one = answer(windows[:1, :, :, :1], M, (M, M))
    see("the result for one map of one window and one channel", one, axes=AXES)
    leaf = windows.clone().requires_grad_()
    see.gradient("`windows`", answer(leaf, M, grid), leaf)


def picture(answer):
    """The map that it puts together."""
    windows = cut(sample_image(), 6).unflatten(-1, (3, 6, 6)).permute(0, 2, 3, 1)
    return answer(windows, 6, (12, 18))[0]


EXERCISE = Exercise(
    id="window_reverse",
    cases=len(WINDOW_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
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
        Mistake(
            "split-as-a-map",
            ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(-1, H // M, M, W // M, M, C)"),
            "The windows are split as if they were a map: window_partition's first reshape is not the inverse of its last.",
            "What the last reshape merged is split first: B*nW into (B, H/M, W/M).",
        ),
        Mistake(
            "tokens-split-first",
            ("windows.reshape(-1, H // M, W // M, M, M, C)", "windows.reshape(-1, M, M, H // M, W // M, C)"),
            "The first axis was split into tokens and then windows; it holds windows only, the tokens have their own two axes.",
            "(B*nW, M, M, C): what does each axis count?",
        ),
        Mistake(
            "wrong-neighbours",
            ("x.permute(0, 1, 3, 2, 4, 5)", "x.permute(0, 2, 3, 1, 4, 5)"),
            "The window's axes meet the wrong axes of the grid: its rows belong beside the grid's rows.",
            "(B, H/M, M, W/M, M, C) before you merge.",
        ),
        Mistake(
            "first-map-only",
            ("return x.reshape(-1, H, W, C)", "return x.reshape(-1, H, W, C)[:1]"),
            "Only the first map comes back; there is one for each B.",
            "No [0], and no [:1].",
        ),
        Mistake(
            "maps-miscounted",
            (
                "windows.reshape(-1, H // M, W // M, M, M, C)",
                "windows.reshape(windows.shape[0] // (H // M), H // M, W // M, M, M, C)",
            ),
            "The number of maps is wrong: a map has (H/M) * (W/M) windows.",
            "Let reshape find it with -1.",
        ),
    ),
    hints=(
        "Run window_partition backwards: split what it merged, move the axes back, merge what it split.",
        "(B*nW, M, M, C) -> (B, H/M, W/M, M, M, C) -> (B, H/M, M, W/M, M, C) -> (B, H, W, C). -1 finds B.",
        "windows.reshape(-1, H // M, W // M, M, M, C), then a permute that puts each window axis behind its axis of the grid, then "
        "a reshape to (-1, H, W, C).",
    ),
)
