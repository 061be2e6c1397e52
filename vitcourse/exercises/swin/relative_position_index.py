"""Lab 08: what the checker feeds to relative_position_index, and the mistakes that it knows."""

from ..base import Exercise, Mistake


def draw(d):
    return dict(window_size=(3, 4)[d.index])


def probe(answer, see, window_size):
    see.twice("the result", answer, window_size, axes="query key")
    see("the result for a window of one token", answer(1), axes="query key")


def picture(answer):
    """The number of each pair, a row a query."""
    return answer(3).float()


EXERCISE = Exercise(
    id="relative_position_index",
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "no-offset",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "dy * (2 * M - 1) + dx"),
            "The offsets were not moved to start at 0: half of the numbers are negative, and a negative index reads "
            "from the table's other end without an error.",
            "dy and dx begin at -(M - 1). Which number must be added to each of them?",
        ),
        Mistake(
            "columns-not-moved",
            ("(dx + M - 1)", "dx"),
            "Only the rows' offsets were moved to start at 0; the columns' offsets are still negative.",
            "dx begins at -(M - 1) as dy does.",
        ),
        Mistake(
            "rows-not-moved",
            ("(dy + M - 1)", "dy"),
            "Only the columns' offsets were moved to start at 0; the rows' offsets are still negative.",
            "dy begins at -(M - 1) as dx does.",
        ),
        Mistake(
            "starts-at-one",
            (("(dy + M - 1)", "(dy + M)"), ("(dx + M - 1)", "(dx + M)")),
            "The offsets start at 1, not at 0: the largest number lies outside the table.",
            "The smallest offset is -(M - 1), one less than M in size.",
        ),
        Mistake(
            "factor-window",
            ("(2 * M - 1)", "M"),
            "The row's offset is multiplied by M, so that different offsets share a number: dx takes 2M - 1 values.",
            "In a table that is written row by row, a step of one row skips a whole row of entries. How long is it?",
        ),
        Mistake(
            "no-factor",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "(dy + M - 1) + (dx + M - 1)"),
            "The two offsets are only added: (1, 0) and (0, 1) get the same number.",
            "Two digits make a number when the first one counts for as much as the second one has values.",
        ),
        Mistake(
            "factor-too-large",
            ("(2 * M - 1) +", "(2 * M) +"),
            "The row's offset is multiplied by 2M; an offset takes 2M - 1 values, so entries would be skipped.",
            "Count the numbers from -(M - 1) to M - 1.",
        ),
        Mistake(
            "key-minus-query",
            (
                ("rows[:, None] - rows[None, :]", "rows[None, :] - rows[:, None]"),
                ("cols[:, None] - cols[None, :]", "cols[None, :] - cols[:, None]"),
            ),
            "The sign is the other way round: the offset is the query's place minus the key's.",
            "The first axis is the query's. A learned table would not mind, a pretrained one does.",
        ),
        Mistake(
            "columns-before-rows",
            ("rows, cols = tokens // M, tokens % M", "cols, rows = tokens // M, tokens % M"),
            "Rows and columns are exchanged: tokens are numbered row by row, and the row's offset counts 2M - 1 times.",
            "Token 1 stands to the right of token 0, not below it.",
        ),
        Mistake(
            "distance",
            (
                ("rows[:, None] - rows[None, :]", "(rows[:, None] - rows[None, :]).abs()"),
                ("cols[:, None] - cols[None, :]", "(cols[:, None] - cols[None, :]).abs()"),
            ),
            "The sign of the offsets is lost: a neighbour to the left gets the number of the one to the right.",
            "The bias may differ by direction, so the index must.",
        ),
        Mistake(
            "floating",
            ("tokens = torch.arange(M * M)", "tokens = torch.arange(M * M, dtype=torch.float32)"),
            "The result is floating; an index is made of whole numbers (int64).",
            "torch.arange of whole numbers gives whole numbers. What made them floating?",
        ),
        Mistake(
            "flattened",
            (
                "return (dy + M - 1) * (2 * M - 1) + (dx + M - 1)",
                "return ((dy + M - 1) * (2 * M - 1) + (dx + M - 1)).flatten()",
            ),
            "The numbers are right, but in one long row; the result is (M², M²), a row for each query.",
            "Leave the flattening out: indexing the table works with two axes too.",
        ),
        Mistake(
            "sign-of-the-rows",
            ("rows[:, None] - rows[None, :]", "rows[None, :] - rows[:, None]"),
            "The rows' offset has the wrong sign: it is the query's row minus the key's.",
            "Subtract rows and columns in the same way.",
        ),
        Mistake(
            "sign-of-the-columns",
            ("cols[:, None] - cols[None, :]", "cols[None, :] - cols[:, None]"),
            "The columns' offset has the wrong sign: it is the query's column minus the key's.",
            "Subtract rows and columns in the same way.",
        ),
        Mistake(
            "clamped",
            ("rows[:, None] - rows[None, :]", "(rows[:, None] - rows[None, :]).clamp(min=0)"),
            "Negative offsets are set to 0, so that all of them share a number.",
            "Move the offsets so that the smallest is 0.",
        ),
        Mistake(
            "factor-2m-plus-one",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "(dy + M - 1) * (2 * M + 1) + (dx + M - 1)"),
            "The row's offset is multiplied by 2M + 1; an offset takes 2M - 1 values.",
            "Count the numbers from -(M - 1) to M - 1.",
        ),
        Mistake(
            "squared-distance",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "dy**2 + dx**2"),
            "This is a squared distance; the index numbers offsets, and each offset has its own number.",
            "Two digits, dy and dx, make one number.",
        ),
        Mistake(
            "city-blocks",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "dy.abs() + dx.abs()"),
            "This is a distance in steps; the index numbers offsets, and each offset has its own number.",
            "Two digits, dy and dx, make one number.",
        ),
        Mistake(
            "same-digit-twice",
            ("tokens // M, tokens % M", "tokens % M, tokens % M"),
            "The rows are the columns again: a token's row is its number divided by M, without the remainder.",
            "// and % belong together.",
        ),
        Mistake(
            "offsets-multiplied",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "(dy + M - 1) * (dx + M - 1)"),
            "The two offsets are multiplied with each other; only the row's is multiplied, by 2M - 1, and the column's is added.",
            "As 3 and 7 make 37.",
        ),
        Mistake(
            "from-one",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "(dy + M - 1) * (2 * M - 1) + (dx + M - 1) + 1"),
            "The numbers start at 1; the first row of the table is number 0.",
            "The smallest offset, (-(M - 1), -(M - 1)), has number 0.",
        ),
        Mistake(
            "along-a-line",
            ("tokens = torch.arange(M * M)", "tokens = torch.arange(M)"),
            "A window of M tokens in a line; it has M rows and M columns, so M * M tokens.",
            "torch.arange over all tokens of the window.",
        ),
        Mistake(
            "two-numbers",
            ("(dy + M - 1) * (2 * M - 1) + (dx + M - 1)", "torch.stack([dy + M - 1, dx + M - 1], dim=-1)"),
            "Each pair has two numbers, dy and dx; they must be joined to one.",
            "Two digits make one number.",
        ),
    ),
    hints=(
        "Write down the row and the column of each token, then subtract each from each. The two differences are the "
        "digits of one number.",
        "rows, cols: (M²,). dy, dx: (M², M²), a column minus a row, from -(M - 1) to M - 1. Add M - 1 to both; dx has "
        "2M - 1 values, so dy counts that many times.",
        "rows, cols = tokens // M, tokens % M; dy = rows[:, None] - rows[None, :], dx alike. Move both by M - 1 and join them: "
        "dy counts 2 * M - 1 times, dx once.",
    ),
)
