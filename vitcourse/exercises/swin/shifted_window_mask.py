"""Lab 08: what the checker feeds to shifted_window_mask, and the mistakes that it knows."""

from ..base import Exercise, Mistake

# Sides, windows and shifts are all unequal; the second case is shifted along one axis only.
_CASES = [
    dict(grid=(10, 20), window_size=5, shift=(1, 3)),
    dict(grid=(12, 4), window_size=4, shift=(3, 0)),
    dict(grid=(1, 5), window_size=1, shift=(0, 0)),  # windows of one token
    dict(grid=(4, 1), window_size=1, shift=(0, 0)),
]


def draw(d):
    return _CASES[d.index]


AXES = "window query key"


def probe(answer, see, grid, window_size, shift):
    see.twice("the result", answer, grid, window_size, shift, axes=AXES)
    sides = (2 * window_size, 3 * window_size)
    one = min(1, window_size - 1)
    see("the result for a shift given as one number", answer(sides, window_size, one), axes=AXES)
    see("the result for no shift", answer(grid, window_size, (0, 0)), axes=AXES)
    see("the result when rows and columns are shifted alike", answer((8, 12), 4, (2, 2)), axes=AXES)


def picture(answer):
    """Each window's pairs that may meet, laid out as the windows are."""
    allowed = answer((6, 9), 3, (1, 1)).exp()  # 0 becomes 1, -inf becomes 0
    return allowed.reshape(2, 3, 9, 9).permute(0, 2, 1, 3).reshape(18, 27)


_ROW = "row_came_around = torch.arange(H) >= H - down"
_COL = "col_came_around = torch.arange(W) >= W - right"
_REGIONS = "regions = 2 * row_came_around[:, None] + col_came_around"
_RESULT = 'return torch.zeros(apart.shape).masked_fill(apart, float("-inf"))'
_CUT = "window_partition(regions[None, :, :, None], M).reshape(-1, M * M)"


EXERCISE = Exercise(
    id="shifted_window_mask",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "first-rows",
            (
                (_ROW, "row_came_around = torch.arange(H) < down"),
                (_COL, "col_came_around = torch.arange(W) < right"),
            ),
            "The regions are marked at the top and the left; what came around lies at the bottom and the right.",
            "The map was rolled up and left. Where are its first rows now?",
        ),
        Mistake(
            "rows-only",
            (_REGIONS, "regions = 0 * col_came_around + 2 * row_came_around[:, None]"),
            "Only the rows that came around are kept apart; columns come around too.",
            "The map was rolled along both axes, and each seam needs its own number.",
        ),
        Mistake(
            "columns-only",
            (_REGIONS, "regions = 0 * row_came_around[:, None] + col_came_around"),
            "Only the columns that came around are kept apart; rows come around too.",
            "The map was rolled along both axes, and each seam needs its own number.",
        ),
        Mistake(
            "two-regions",
            (_REGIONS, "regions = row_came_around[:, None] | col_came_around"),
            "All tokens that came around share one region; a window in the corner holds four pieces from four corners.",
            "Below the seam and to the right of it are two different places, and the corner is a third one.",
        ),
        Mistake(
            "regions-added",
            (_REGIONS, "regions = row_came_around[:, None].long() + col_came_around"),
            "Two of the four regions have the same number: “came around below” and “came around at the right”.",
            "Two bits make four numbers only when one of them counts twice as much.",
        ),
        Mistake(
            "old-windows",
            (
                (_ROW, "row_came_around = (torch.arange(H) + down) % H // M"),
                (_COL, "col_came_around = (torch.arange(W) + right) % W // M"),
                (_REGIONS, "regions = W * row_came_around[:, None] + col_came_around"),
            ),
            "Tokens are kept apart by the windows that they were in before the shift; but to join those is what the "
            "shift is for.",
            "Only what came around an edge is in the wrong place. Everything else in a window was a neighbour before.",
        ),
        Mistake(
            "off-by-one",
            (
                (_ROW, "row_came_around = torch.arange(H) > H - down"),
                (_COL, "col_came_around = torch.arange(W) > W - right"),
            ),
            "The regions begin one row and one column too late.",
            "Of H rows, the last `down` came around. Which is the first of them?",
        ),
        Mistake(
            "shift-exchanged",
            (
                "down, right = (shift, shift) if isinstance(shift, int) else shift",
                "right, down = (shift, shift) if isinstance(shift, int) else shift",
            ),
            "The two shifts are exchanged: rows first, columns second.",
            "Rows move down and up, columns to the right and left.",
        ),
        Mistake(
            "not-cut",
            (_CUT, "regions.reshape(-1, M * M)"),
            "The regions were cut into runs of the map's lines, not into windows.",
            "The mask belongs to the windows of window_partition: send the map of regions through it.",
        ),
        Mistake(
            "transposed",
            (_CUT, "window_partition(regions.T[None, :, :, None], M).reshape(-1, M * M)"),
            "The map of regions is transposed, so that the masks belong to other windows.",
            "Rows of the map come first, in the regions too.",
        ),
        Mistake(
            "columns-of-windows",
            (
                _CUT,
                "window_partition(regions[None, :, :, None], M).unflatten(0, (H // M, W // M))"
                ".transpose(0, 1).reshape(-1, M * M)",
            ),
            "The masks are right, but in the order of columns: the windows run row by row.",
            "Take the order that window_partition gives, and leave it as it is.",
        ),
        Mistake(
            "inverted",
            ('masked_fill(apart, float("-inf"))', 'masked_fill(~apart, float("-inf"))'),
            "The mask is the wrong way round: it forbids the pairs of one region and allows all others.",
            "0 changes no score. Which pairs shall stay as they are?",
        ),
        Mistake(
            "minus-hundred",
            ('float("-inf")', "-100.0"),
            "The pairs are right, but the number is -100, as in timm and torchvision; here it is -inf.",
            "After the softmax both are zero at usual scores. -inf is zero at any score.",
        ),
        Mistake(
            "boolean",
            (_RESULT, "return apart"),
            "The pairs are right, but the mask is boolean; it must be what is added to the scores, 0 or -inf.",
            "Begin with zeros, and fill in -inf where it is True.",
        ),
        Mistake(
            "factor",
            (_RESULT, "return (~apart).float()"),
            "The mask holds 1 and 0, as if scores were multiplied by it; it is added to the scores: 0 and -inf.",
            "A score of 0 still has its share after the softmax. Only -inf has none.",
        ),
        Mistake(
            "axis-for-heads",
            (_RESULT, 'return torch.zeros(apart.shape).masked_fill(apart, float("-inf"))[:, None]'),
            "The mask has an axis for the heads already; here it is (nW, M², M²), and WindowAttention adds that axis.",
            "The result has three axes.",
        ),
        Mistake(
            "rolled-the-wrong-way",
            (
                ("torch.arange(H) >= H - down", "(torch.arange(H) < down).roll(down)"),
                ("torch.arange(W) >= W - right", "(torch.arange(W) < right).roll(right)"),
            ),
            "The regions were rolled down and right; the map was rolled up and left.",
            "Either mark the last rows and columns, or mark the first ones and roll by the negative shift.",
        ),
        Mistake(
            "rolled-once-more",
            (
                ("torch.arange(H) >= H - down", "(torch.arange(H) >= H - down).roll(-down)"),
                ("torch.arange(W) >= W - right", "(torch.arange(W) >= W - right).roll(-right)"),
            ),
            "The regions of the rolled map were rolled again.",
            "What came around is at the bottom and the right of the rolled map. No roll is needed.",
        ),
        Mistake(
            "minus-a-billion",
            ('float("-inf")', "-1e9"),
            "The pairs are right, but the number is not -inf.",
            'float("-inf"), whatever other numbers do in a softmax.',
        ),
        Mistake(
            "smallest-number",
            ('float("-inf")', "torch.finfo(torch.float32).min"),
            "The pairs are right, but the number is the smallest finite one; here it is -inf.",
            "A score added to it overflows or not, as luck has it.",
        ),
        Mistake(
            "plus-infinity",
            ('float("-inf")', 'float("inf")'),
            "The sign is wrong: +inf makes a pair the only one; -inf forbids it.",
            "The softmax of -inf is 0.",
        ),
        Mistake(
            "zero-times-infinity",
            ('torch.zeros(apart.shape).masked_fill(apart, float("-inf"))', 'apart * float("-inf")'),
            "0 times infinity is not a number: pairs that may meet are NaN.",
            "Fill in -inf where it is needed, rather than multiplying.",
        ),
        Mistake(
            "whole-map",
            ("window_partition(regions[None, :, :, None], M).reshape(-1, M * M)", "regions.reshape(1, -1)"),
            "All tokens of the map are compared; a mask compares the tokens of one window.",
            "Cut the regions into windows first.",
        ),
        Mistake(
            "rows-shift-for-both",
            ("torch.arange(W) >= W - right", "torch.arange(W) >= W - down"),
            "The rows' shift is used for the columns too; each axis has its own.",
            "The shift is (down, right).",
        ),
        Mistake(
            "columns-shift-for-both",
            ("torch.arange(H) >= H - down", "torch.arange(H) >= H - right"),
            "The columns' shift is used for the rows too; each axis has its own.",
            "The shift is (down, right).",
        ),
        Mistake(
            "without-itself",
            (
                'torch.zeros(apart.shape).masked_fill(apart, float("-inf"))',
                "(torch.zeros(apart.shape).masked_fill(apart, float(\"-inf\"))).masked_fill(torch.eye(M * M, dtype=torch.bool), float('-inf'))",
            ),
            "A token may not look at itself: the diagonal is -inf.",
            "Every token is in its own region.",
        ),
        Mistake(
            "lower-half",
            (
                'torch.zeros(apart.shape).masked_fill(apart, float("-inf"))',
                '(torch.zeros(apart.shape).masked_fill(apart, float("-inf"))).tril()',
            ),
            "Half of the pairs is left out: a mask of regions is symmetric.",
            "Compare all pairs, in both directions.",
        ),
        Mistake(
            "nothing-forbidden",
            (
                'return torch.zeros(apart.shape).masked_fill(apart, float("-inf"))',
                'mask = torch.zeros(apart.shape)\n    mask.masked_fill(apart, float("-inf"))\n    return mask',
            ),
            "Nothing is forbidden: every pair of tokens may meet.",
            "masked_fill returns a new tensor: is it thrown away? Are the regions so large that a whole window is in one of them?",
        ),
        Mistake(
            "half-a-window",
            ("(shift, shift) if isinstance(shift, int) else shift", "(M // 2, M // 2)"),
            "The shift is taken to be half a window; it is an argument.",
            "Use `shift`.",
        ),
        Mistake(
            "one-row-early",
            ("torch.arange(H) >= H - down", "torch.arange(H) >= H - down - 1"),
            "The rows' region begins one row too early.",
            "Of H rows, the last `down` came around. Which is the first of them?",
        ),
        Mistake(
            "windows-transposed",
            (
                "window_partition(regions[None, :, :, None], M).reshape(-1, M * M)",
                "window_partition(regions[None, :, :, None], M).transpose(1, 2).reshape(-1, M * M)",
            ),
            "The tokens of each window are numbered column by column; they run row by row.",
            "Leave the window as window_partition gives it.",
        ),
    ),
    hints=(
        "Paint the rolled map: one colour for what stayed, one for rows that came around, one for columns, one for both. "
        "Two tokens of a window may meet if they have the same colour.",
        "regions (H, W) of numbers 0 to 3 -> window_partition of (1, H, W, 1) -> (nW, M²) -> compare (nW, M², 1) with "
        "(nW, 1, M²).",
        "torch.arange(H) >= H - down marks the rows, the columns alike; 2 * rows[:, None] + cols; after the cut "
        "apart = regions[:, :, None] != regions[:, None, :], and masked_fill puts -inf into zeros there.",
    ),
)
