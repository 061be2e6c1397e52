"""The sizes of lab 03's draws: see test_draws."""

SIZES = {
    "scaled_dot_product": dict(q="... N d", k="... M d", v="... M e"),
    "MultiHeadAttention": dict(x="B N D", embed_dim="D", num_heads="h"),
}
MADE = {"MultiHeadAttention": dict(d="D // h", triple="3 * D")}
NEVER_ONE = {
    "MultiHeadAttention": {
        "D": "h and d are 1 apart from each other",
        "triple": "as above",
    }
}
MAY_AGREE = {"MultiHeadAttention": {"d D": "one head", "h D": "heads of one number"}}
