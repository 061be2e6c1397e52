"""Lab 08: what the checker feeds to window_partition, and the mistakes that it knows."""

from ..base import Exercise, Mistake
from .common import WINDOW_CASES, channels_last


def draw(d):
    case = WINDOW_CASES[d.index]
    M = case["M"]
    return dict(x=d.normal(case["B"], case["rows"] * M, case["cols"] * M, case["C"]), window_size=M)


AXES = "window row column channel"


def probe(answer, see, x, window_size):
    see.twice("the result", answer, x, window_size, axes=AXES)
    one = x[:1, :window_size, :window_size, :1]
    see("the result for one map of one window and one channel", answer(one, window_size), axes=AXES)
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", answer(leaf, window_size), leaf)
    see("the result for a map of whole numbers", answer((100 * x).long(), window_size), axes=AXES)
    if window_size == 1:  # it divides everything
        return
    long = x.new_zeros(1, 1, window_size**2, 1)  # the window's area divides its area
    both, height, width = x[:, :-1, :-1], x[:, :-1], x[:, :, :-1]
    for name, cut in (("height and width", both), ("height", height), ("width", width), ("height of one row", long)):
        sizes = (*cut.shape[1:3], window_size)
        see.raises(f"for a {name} that the window size does not divide", answer, cut, window_size, mentions=sizes)


def picture(answer):
    """The windows that it returns, in their order."""
    return answer(channels_last()[None], 6)


_SPLIT = "x.reshape(B, H // M, M, W // M, M, C)"
_MERGE = "windows.reshape(-1, M, M, C)  # (B*nW, M, M, C)"
_ERROR = 'raise ValueError(f"window size {M} does not divide the map\'s height {H} and width {W}")'


EXERCISE = Exercise(
    id="window_partition",
    cases=len(WINDOW_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
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
            "A map that M does not divide is taken without a word (cropped, padded or resized); there must be a ValueError that "
            "names H, W and M.",
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
        Mistake(
            "unfolded-then-reshaped",
            (
                ("x.reshape(B, H // M, M, W // M, M, C)", "x.unfold(1, M, M).unfold(2, M, M)"),
                ("windows.permute(0, 1, 3, 2, 4, 5)", "windows"),
            ),
            "unfold leaves the windows as (…, C, M, M), and a reshape to (…, M, M, C) mixes channels with rows and columns.",
            "Move the channels behind the window's two axes before you merge.",
        ),
        Mistake(
            "channels-before-columns",
            ("windows.permute(0, 1, 3, 2, 4, 5)", "windows.permute(0, 1, 3, 2, 5, 4)"),
            "The channels stand before a window's columns when the last reshape merges them.",
            "The channels stay last all the way.",
        ),
        Mistake(
            "both-sides-wrong",
            ("if H % M or W % M:", "if H % M and W % M:"),
            "It raises only when M divides neither side; one side is enough.",
            "Or, not and.",
        ),
        Mistake(
            "area-tested",
            ("if H % M or W % M:", "if (H * W) % (M * M):"),
            "It tests the area; M must divide both sides, and a product can hide that it does not.",
            "H % M and W % M, each by itself.",
        ),
        Mistake(
            "backwards",
            ("return windows.reshape(-1, M, M, C)", "return windows.reshape(-1, M, M, C).flip(0)"),
            "The windows run backwards: the first one is the upper left one.",
            "Leave out the flip.",
        ),
        Mistake(
            "first-map-only",
            ("return windows.reshape(-1, M, M, C)", "return windows[0].reshape(-1, M, M, C)"),
            "Only the first map is cut; windows of all maps are asked for.",
            "No [0]: the batch is merged with the windows.",
        ),
        Mistake(
            "overlapping",
            ("x.reshape(B, H // M, M, W // M, M, C)", "x.unfold(1, M, 1).unfold(2, M, 1).permute(0, 1, 4, 2, 5, 3)"),
            "The windows overlap: unfold moves by one token instead of by M.",
            "unfold's third argument is the step.",
        ),
    ),
    hints=(
        "It is patchify again, with the channels last: split H into windows and rows within a window, split W alike, "
        "move the axes, merge.",
        "(B, H, W, C) -> (B, H/M, M, W/M, M, C) -> (B, H/M, W/M, M, M, C) -> (B*nW, M, M, C). Test H % M and W % M first.",
        "x.reshape(B, H // M, M, W // M, M, C), then a permute that puts the two axes of the windows side by side, before the two "
        "inside them, then a reshape to (-1, M, M, C).",
    ),
)
