"""The sizes of lab 02's draws: see test_draws."""

SIZES = {
    "TokenPrep": dict(patches="B N D", num_patches="N", embed_dim="D"),
    "sincos_positions": dict(grid="rows cols", embed_dim="D"),
    "resample_positions": dict(pos_embed="one T D", old_grid="rows cols", new_grid="new_rows new_cols"),
}
MADE = {
    "TokenPrep": dict(T="N + 1"),
    "sincos_positions": dict(N="rows * cols", half="D // 2", quarter="D // 4"),
    "resample_positions": dict(N="T - 1", new_N="new_rows * new_cols", new_T="new_N + 1"),
}
NEVER_ONE = {
    "TokenPrep": {"T": "there is a patch besides the class token"},
    "sincos_positions": {
        "D": "a multiple of 4",
        "half": "a multiple of 2",
        "quarter": "with one frequency nothing tells how the others fall",
        "N": "rows and cols are 1 apart from each other",
    },
    "resample_positions": {
        "T": "there is a patch besides the class token",
        "N": "one patch has nothing to resample; rows and cols are 1 apart from each other",
        "new_N": "as above",
        "new_T": "as above",
    },
}
MAY_AGREE = {
    "sincos_positions": {"rows N": "one column", "cols N": "one row"},
    "resample_positions": {
        "rows N": "one column",
        "cols N": "one row",
        "new_rows new_N": "one column",
        "new_cols new_N": "one row",
    },
}
