"""The sizes of lab 08's draws: see test_draws."""

_ATTENTION = dict(embed_dim="D", num_heads="h")
SIZES = {
    "window_partition": dict(x="B H W C", window_size="M"),
    "window_reverse": dict(windows="n M M C", window_size="M", grid="H W"),
    "relative_position_index": dict(window_size="M"),
    "shifted_window_mask": dict(grid="H W", window_size="M", shift="-"),
    "WindowAttention": dict(windows="n N D", mask="nW N N", forbidding="nW N N", **_ATTENTION, window_size="M"),
    "SwinBlock": dict(x="B H W D", **_ATTENTION, grid="H W", window_size="-"),
    "PatchMerging": dict(x="B H W D", embed_dim="D"),
    "SpatialReductionAttention": dict(x="B N D", grid="H W", **_ATTENTION, sr_ratio="R"),
}
MADE = {
    "window_partition": dict(rows="H // M", cols="W // M"),
    "window_reverse": dict(rows="H // M", cols="W // M", B="n // (H // M) // (W // M)"),
    "shifted_window_mask": dict(rows="H // M", cols="W // M"),
    "WindowAttention": dict(B="n // nW", d="D // h"),
    "SwinBlock": dict(d="D // h"),
    "SpatialReductionAttention": dict(d="D // h", rows="H // R", cols="W // R"),
}
NEVER_ONE = {
    "window_reverse": {"n": "the probe asks for one window in every case"},
    "relative_position_index": {"M": "the probe asks for a window of one token in every case"},
    "SwinBlock": {"D": "the norm of one channel is its bias, whatever the tokens are"},
}
_WINDOW = {
    "W M": "one window covers the columns",
    "H M": "one window covers the rows",
    "H rows": "windows of one token",
    "W cols": "windows of one token",
    "n rows": "one map, one column of windows",
    "n cols": "one map, one row of windows",
    "W n": "one map of one row, windows of one token",
}
MAY_AGREE = {
    "window_partition": _WINDOW,
    "window_reverse": _WINDOW,
    "shifted_window_mask": _WINDOW,
    "WindowAttention": {"D d": "one head"},
    "SwinBlock": {"D d": "one head", "D h": "heads of one channel"},
    "SpatialReductionAttention": {
        "D d": "one head",
        "D h": "heads of one channel",
        "N H": "a map of one column",
        "H rows": "no reduction",
        "N rows": "a map of one column that is not reduced",
    },
}
