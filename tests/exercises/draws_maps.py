"""The sizes of lab 06's draws: see test_draws."""

_ONE_LINE = "a grid of one row or of one column"
_CLASS = "beside the class token there is one patch at least"
_MAPS = dict(weights="B h T T", grid="rows cols", patch_size="P")
SIZES = {
    "cls_attention_map": _MAPS,
    "mean_attention_distance": _MAPS,
    "attention_rollout": dict(weights="L B h T T"),
    "position_similarity": dict(pos_embed="one T D", grid="rows cols"),
}
MADE = {
    "cls_attention_map": dict(N="rows * cols"),
    "mean_attention_distance": dict(N="rows * cols"),
    "attention_rollout": dict(N="T - 1"),
    "position_similarity": dict(N="rows * cols"),
}
NEVER_ONE = {
    "cls_attention_map": {"T": _CLASS, "N": "one patch is a grid of one row and one column, and each has its case"},
    "mean_attention_distance": {"T": _CLASS, "N": "among one patch all distances are 0"},
    "attention_rollout": {"T": _CLASS},
    "position_similarity": {
        "T": _CLASS,
        "N": "one patch is like itself, whatever is done",
        "D": "the cosine of two numbers is 1 or -1, and its gradient is nothing but rounding",
    },
}
MAY_AGREE = {name: {"rows N": _ONE_LINE, "cols N": _ONE_LINE} for name in SIZES if name != "attention_rollout"}
