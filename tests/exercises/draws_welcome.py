"""The sizes of lab 00's draws: see test_draws."""

SIZES = {"count_tokens": dict(height="H", width="W", patch_size="P")}
MADE = {"count_tokens": dict(rows="H // P", cols="W // P")}
NEVER_ONE = {
    "count_tokens": {
        "H": "then the patch is a pixel, and the image a line of them",
        "W": "as above",
        "P": "as above: rows and cols are 1 in their places",
    }
}
MAY_AGREE = {"count_tokens": {"H P": "one row of patches", "W P": "one column", "H W": "an image of one patch"}}
