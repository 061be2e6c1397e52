"""The sizes of lab 04's draws: see test_draws."""

_MODEL = dict(
    images="B C H W",
    pixels="H W",
    img_size="H W",
    patch_size="P",
    in_chans="C",
    num_classes="K",
    embed_dim="D",
    depth="depth",
    num_heads="h",
)
_NARROW = "LayerNorm makes a token of one number its own bias: nothing would be left to see"
SIZES = {"Block": dict(x="B N D", embed_dim="D", num_heads="h"), "ViT": _MODEL, "count_vit_parameters": _MODEL}
MADE = {
    "Block": dict(d="D // h"),
    "ViT": dict(d="D // h", N="(H // P) * (W // P)"),
    "count_vit_parameters": dict(N="(H // P) * (W // P)"),
}
NEVER_ONE = {
    "Block": {"D": _NARROW, "d": "heads of one number have no case of their own: h counts"},
    "ViT": {"D": _NARROW, "d": "heads of one number have no case of their own: h counts"},
    "count_vit_parameters": {"D": "the other numbers of heads that are asked for must divide it"},
}
MAY_AGREE = {
    "Block": {"D d": "one head is as wide as the token"},
    "ViT": {"D d": "one head is as wide as the token", "H W": "an image given by one number is square"},
}
