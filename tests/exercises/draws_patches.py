"""The sizes of lab 01's draws: see test_draws."""

_GRID = dict(rows="H // P", cols="W // P", N="rows * cols", L="C * P * P")
SIZES = {
    "patchify": dict(images="B C H W", patch_size="P"),
    "unpatchify": dict(patches="B N L", patch_size="P", grid="rows cols"),
    "PatchEmbed": dict(images="B C H W", img_size="H W", patch_size="P", in_chans="C", embed_dim="D"),
}
MADE = {
    "patchify": _GRID,
    "unpatchify": dict(H="rows * P", W="cols * P", C="L // (P * P)"),
    "PatchEmbed": _GRID,
}
_NEVER = {
    "N": "a single patch is in the probe, as a call of its own",
    "L": "as above: there it would be a grey patch of one pixel",
    "W": "H stands for both",
}
NEVER_ONE = {"patchify": _NEVER, "unpatchify": _NEVER, "PatchEmbed": _NEVER}
_AGREE = {
    "rows N": "one column",
    "W P": "one column",
    "cols N": "one row",
    "cols W": "patches of one pixel",
    "W N": "one row of patches of one pixel",
    "C L": "patches of one pixel",
}
MAY_AGREE = {"patchify": _AGREE, "unpatchify": _AGREE, "PatchEmbed": _AGREE}
