"""Wrong answers for lab 00 that no known mistake lists: see test_wrong."""


def _count(expression):
    return f"def count_tokens(height, width, patch_size):\n    return {expression}\n"


WRONG = {
    "count_tokens": [
        ("area over the side, as a float", _count("height * width / patch_size**2 + 1"), {"true-division"}),
        ("two more tokens", _count("(height // patch_size) * (width // patch_size) + 2"), {"two-more"}),
        ("one taken away", _count("(height // patch_size) * (width // patch_size) - 1"), {"relation:plus"}),
        (
            "one more in front of the product",
            _count("(1 + height // patch_size) * (width // patch_size)"),
            {"one-more-row"},
        ),
        (
            "one more behind the columns",
            _count("(height // patch_size) * (width // patch_size + 1)"),
            {"one-more-column"},
        ),
        (
            "no brackets, so that the width is not divided",
            _count("height // patch_size * width + 1"),
            {"pixels-per-patch"},
        ),
        ("the height is not divided", _count("height * (width // patch_size) + 1"), {"pixels-per-patch"}),
        ("P * 2 for P squared", _count("height * width // (patch_size * 2) + 1"), {"doubled-not-squared"}),
        ("a patch of 16 pixels", _count("(height // 16) * (width // 16) + 1"), {"fixed-patch-size"}),
        ("a window that slides", _count("(height - patch_size + 1) * (width - patch_size + 1) + 1"), {"every-window"}),
        ("the sum of the sides", _count("(height + width) // patch_size + 1"), {"sum-of-sides"}),
        ("the remainders", _count("(height % patch_size) * (width % patch_size) + 1"), {"remainders"}),
        ("a pair", _count("(height // patch_size, width // patch_size)"), {"says:must be a Python int"}),
        ("text", _count("f'{height // patch_size * (width // patch_size) + 1} tokens'"), {"says:must be a Python int"}),
        (
            "a tensor",
            "def count_tokens(height, width, patch_size):\n"
            "    return torch.tensor((height // patch_size) * (width // patch_size) + 1)\n",
            {"says:must be a Python int"},
        ),
        (
            "printed",
            "def count_tokens(height, width, patch_size):\n"
            "    print((height // patch_size) * (width // patch_size) + 1)\n",
            {"relation:no return"},
        ),
        (
            "its arguments in another order",
            "def count_tokens(patch_size, height, width):\n"
            "    return (height // patch_size) * (width // patch_size) + 1\n",
            {None},
        ),
        (
            "an if for the square",
            "def count_tokens(height, width, patch_size):\n"
            "    side = height // patch_size\n"
            "    return side * side + 1 if height <= width else side * (width // patch_size) + 1\n",
            {None},
        ),
        ("squared twice", _count("(height * width) // patch_size**2 // patch_size**2 + 1"), {None}),
    ]
}
