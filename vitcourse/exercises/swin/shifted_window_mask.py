"""Lab 08: what the checker feeds to shifted_window_mask, and the mistakes that it knows."""

from ..base import Exercise, Mistake

# Sides, windows and shifts are all unequal; the second case is shifted along one axis only.
_CASES = [
    dict(grid=(6, 12), window_size=3, shift=(1, 2)),
    dict(grid=(12, 4), window_size=4, shift=(3, 0)),
    dict(grid=(1, 5), window_size=1, shift=(0, 0)),  # windows of one token
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
