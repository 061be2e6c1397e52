"""Lab 00: what the checker feeds to count_tokens, and the mistakes that it knows."""

from ..base import Exercise, Mistake


def draw(d):
    height, width, patch_size = [(20, 28, 4), (84, 21, 21), (36, 36, 36)][d.index]
    return dict(height=height, width=width, patch_size=patch_size)


def probe(answer, see, height, width, patch_size):
    see("the number of tokens", answer(height, width, patch_size))


EXERCISE = Exercise(
    id="count_tokens",
    draw=draw,
    probe=probe,
    cases=3,
    mistakes=(
        Mistake(
            "no-class-token",
            ("(width // patch_size) + 1", "(width // patch_size)"),
            "The patches are counted, but not the class token.",
            "The model puts one more token before the patches. Count it too.",
        ),
        Mistake(
            "true-division",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height / patch_size) * (width / patch_size) + 1",
            ),
            "The number is right, but `/` makes a float; a count is an int.",
            "Python has a division that gives whole numbers.",
        ),
        Mistake(
            "square-only",
            ("(height // patch_size) * (width // patch_size) + 1", "(height // patch_size) ** 2 + 1"),
            "This counts the patches of a square image: the width is not used.",
            "How many patches fit side by side, and how many one below the other? They can differ.",
        ),
        Mistake(
            "square-by-width",
            ("(height // patch_size) * (width // patch_size) + 1", "(width // patch_size) ** 2 + 1"),
            "This counts the patches of a square image: the height is not used.",
            "How many patches fit side by side, and how many one below the other? They can differ.",
        ),
        Mistake(
            "one-more-per-side",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height // patch_size + 1) * (width // patch_size + 1)",
            ),
            "One is added to each side of the table; the class token is one more token in all.",
            "Count the cells of the table first, and add 1 to that.",
        ),
        Mistake(
            "one-more-row",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height // patch_size + 1) * (width // patch_size)",
            ),
            "One is added to the rows, which makes a whole row of tokens more; the class token is one token in all.",
            "Brackets decide: count the cells of the table first, and add 1 to that.",
        ),
        Mistake(
            "one-more-column",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height // patch_size) * (width // patch_size + 1)",
            ),
            "One is added to the columns, which makes a whole column of tokens more; the class token is one token in all.",
            "Brackets decide: count the cells of the table first, and add 1 to that.",
        ),
        Mistake(
            "remainders",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height % patch_size) * (width % patch_size) + 1",
            ),
            "`%` gives what is left over, which is 0 when the patch size divides; the number of patches is wanted.",
            "Python's whole division has two slashes.",
        ),
        Mistake(
            "doubled-not-squared",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height * width) // (patch_size * 2) + 1",
            ),
            "The number of pixels is divided by twice the patch's side; a patch covers its side squared.",
            "A patch of side 4 covers 16 pixels. Two stars make a power.",
        ),
        Mistake(
            "fixed-patch-size",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height // 16) * (width // 16) + 1",
            ),
            "The patch is taken to have 16 pixels a side; its side is patch_size.",
            "Use the third argument.",
        ),
        Mistake(
            "every-window",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height - patch_size + 1) * (width - patch_size + 1) + 1",
            ),
            "This counts every place where a patch could lie; patches stand side by side and do not overlap.",
            "The next patch begins where the last one ends, patch_size pixels on.",
        ),
        Mistake(
            "two-more",
            (
                "(height // patch_size) * (width // patch_size) + 1",
                "(height // patch_size) * (width // patch_size) + 2",
            ),
            "One token too many: there is a single class token besides the patches.",
            "An image of one patch makes two tokens.",
        ),
        Mistake(
            "example-only",
            ("(height // patch_size) * (width // patch_size) + 1", "197"),
            "This returns the example's number whatever the image is.",
            "Use the three arguments: with height 12, width 20 and patch_size 4 the table has 3 rows and 5 columns.",
        ),
        Mistake(
            "sum-of-sides",
            ("(height // patch_size) * (width", "(height // patch_size) + (width"),
            "The patches down and the patches across are added, not multiplied.",
            "Think of a table: how many cells does one of 3 rows and 5 columns have?",
        ),
        Mistake(
            "pixels-per-patch",
            ("(height // patch_size) * (width // patch_size) + 1", "(height * width) // patch_size + 1"),
            "The number of pixels is divided by the patch's side; a patch covers its side squared.",
            "A patch of side 4 covers 16 pixels.",
        ),
        Mistake(
            "counts-pixels",
            ("(height // patch_size) * (width // patch_size) + 1", "height * width + 1"),
            "This counts pixels. A token is a whole patch.",
            "One patch covers patch_size pixels down and patch_size pixels across.",
        ),
    ),
    hints=(
        "Imagine the image cut into a table of patches. Count the table's cells, then add the class token.",
        "The table has height / patch_size rows and width / patch_size columns, as whole numbers.",
        "rows = height // patch_size; cols = width // patch_size; the answer is rows times cols, plus 1.",
    ),
)
