"""Lab 08: what the checker feeds to SpatialReductionAttention, and the mistakes that it knows."""

import functools

from ...reference.swin import SpatialReductionAttention
from ..base import Exercise, Mistake

# In case 1 the reduction divides neither side; the last two have none. No grid is square but that of one token.
_CASES = [
    dict(B=8, grid=(6, 14), sizes=dict(embed_dim=20, num_heads=5, sr_ratio=2)),
    dict(B=8, grid=(5, 7), sizes=dict(embed_dim=24, num_heads=6, sr_ratio=3)),
    dict(B=1, grid=(5, 1), sizes=dict(embed_dim=1, num_heads=1, sr_ratio=1)),
    dict(B=4, grid=(1, 1), sizes=dict(embed_dim=3, num_heads=1, sr_ratio=1)),
]
AXES = "map token channel"


def draw(d):
    case = _CASES[d.index]
    grid, sizes = case["grid"], case["sizes"]
    state = d.state(_module_of(d.index))
    x = d.normal(case["B"], grid[0] * grid[1], sizes["embed_dim"])
    return dict(x=x, grid=grid, sizes=sizes, state=state)


@functools.cache
def _module_of(index):
    """The reference's module of a case: only its parameters' names and shapes are read, so one is enough."""
    return SpatialReductionAttention(**_CASES[index]["sizes"])


def probe(answer, see, x, grid, sizes, state):
    module = see.build(answer, state, x.dtype, **sizes)
    see.twice("the result", module, x, grid, axes=AXES)
    see("the result for one map", module(x[:1], grid), axes=AXES)
    see("the result for a grid of other sides", module(x, grid[::-1]), axes=AXES)
    see("the result for larger tokens", module(3 * x, grid), axes=AXES)
    if sizes["sr_ratio"] > 1:  # sr makes tokens of small variance, about as large as eps = 1e-5
        small = {name: 3e-3 * value if name.startswith("sr.") else value for name, value in state.items()}
        faint = see.build(answer, small, x.dtype, **sizes)
        see("the result for reduced tokens of small variance", faint(x, grid), axes=AXES)
    if x.shape[1] > 1:  # the weight of an only key is 1, whatever the scores are
        leaf = x.clone().requires_grad_()
        see.gradient("`x`", module(leaf, grid), leaf)
        result = module(x, grid)
        for name in state:
            if name.endswith(".weight"):
                see.gradient(f"`{name}`", result, module.get_parameter(name))
    plain = {name: value for name, value in state.items() if not name.startswith(("sr.", "norm."))}
    unreduced = see.build(answer, plain, x.dtype, **{**sizes, "sr_ratio": 1})
    see("the result for sr_ratio=1", unreduced(x, grid), axes=AXES)
    heads = {**sizes, "num_heads": sizes["embed_dim"] + 1}
    see.raises("for a num_heads that does not divide embed_dim", answer, **heads)


_Q = "q = self.q(x).reshape(B, N, h, d).transpose(1, 2)  # (B, h, N, d)\n"
_NORM = "x = self.norm(reduced.flatten(2).transpose(1, 2))  # (B, N/R², D)\n"
_KV = "k, v = self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4)"
_LAYOUT = "x.transpose(1, 2).unflatten(2, grid)"


EXERCISE = Exercise(
    id="SpatialReductionAttention",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "grid-exchanged",
            (_LAYOUT, "x.transpose(1, 2).unflatten(2, grid[::-1])"),
            "The grid's sides are exchanged: grid is (H, W), and the tokens run row by row.",
            "N is split into H rows of W tokens each.",
        ),
        Mistake(
            "reshaped-not-transposed",
            (_LAYOUT, "x.reshape(B, D, *grid)"),
            "A reshape to (B, D, H, W) has the right shape but mixes tokens with channels; the axes must be exchanged "
            "first.",
            "reshape never moves numbers in memory order: bring the channels to the front with transpose.",
        ),
        Mistake(
            "not-reduced",
            ((_NORM, "pass\n"),),
            "Keys and values come from the whole map; with sr_ratio > 1 they come from the reduced one.",
            "What self.sr and self.norm give replaces x for the line that follows.",
        ),
        Mistake(
            "queries-reduced",
            ((_Q, "q = None\n"), (_KV, "q = self.q(x).reshape(B, N, h, d).transpose(1, 2)\n        " + _KV)),
            "The queries are made from the reduced map too; every token of the whole map keeps its own query.",
            "The result has N tokens, so there are N queries. Make them before x is reduced.",
        ),
        Mistake(
            "no-norm",
            (_NORM, "x = reduced.flatten(2).transpose(1, 2)\n"),
            "The norm after the reduction is missing.",
            "self.norm stands between self.sr and self.kv.",
        ),
        Mistake(
            "norm-before",
            (
                (_LAYOUT, "self.norm(x).transpose(1, 2).unflatten(2, grid)"),
                (_NORM, "x = reduced.flatten(2).transpose(1, 2)\n"),
            ),
            "The norm comes before the reduction; it follows it.",
            "What is normalised are the tokens that keys and values are made from.",
        ),
        Mistake(
            "pooled",
            (f"self.sr({_LAYOUT})", f"F.avg_pool2d({_LAYOUT}, self.sr_ratio)"),
            "The squares are averaged; here a convolution with weights of its own, self.sr, reduces them.",
            "A mean is one such convolution. The network learns a better one.",
        ),
        Mistake(
            "always-reduced",
            ("        if self.sr_ratio > 1:\n            reduced", "        if True:\n            reduced"),
            "With sr_ratio = 1 there is nothing to reduce, and neither self.sr nor self.norm.",
            "Test sr_ratio in forward as __init__ does.",
        ),
        Mistake(
            "values-before-keys",
            (_KV, _KV.replace("k, v =", "v, k =")),
            "Keys and values are exchanged: kv gives all keys first, then all values.",
            "The axis of length 2 is (key, value).",
        ),
        Mistake(
            "kv-per-head",
            (_KV, "k, v = self.kv(x).reshape(B, -1, h, 2, d).permute(3, 0, 2, 1, 4)"),
            "kv is read head by head; it gives all keys, then all values, and within each the heads.",
            "Split the last axis in the order 2, h, d.",
        ),
        Mistake(
            "no-scale",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, scale=1.0)"),
            "The scores are not scaled: they must be divided by the square root of d.",
            "It is scaled dot-product attention, as in lab 03, with fewer keys.",
        ),
        Mistake(
            "heads-not-joined",
            ("out.transpose(1, 2).reshape(B, N, D)", "out.reshape(B, N, D)"),
            "The heads are joined by a reshape alone, which mixes tokens; the axes of heads and tokens must be exchanged "
            "first.",
            "A token's row holds its own heads side by side: (B, h, N, d) -> (B, N, h, d) -> (B, N, D).",
        ),
        Mistake(
            "no-proj",
            ("self.proj(out.transpose(1, 2).reshape(B, N, D))", "out.transpose(1, 2).reshape(B, N, D)"),
            "The last linear map, self.proj, is missing.",
            "After the heads are joined, proj mixes them.",
        ),
        Mistake(
            "norm-twice",
            (
                "self.norm(reduced.flatten(2).transpose(1, 2))",
                "self.norm(self.norm(reduced.flatten(2).transpose(1, 2)))",
            ),
            "The norm after the reduction is applied twice.",
            "Once.",
        ),
        Mistake(
            "scaled-twice",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q / math.sqrt(d), k, v)"),
            "The scores are scaled twice: F.scaled_dot_product_attention divides by the root of d itself.",
            "Hand it q as it is.",
        ),
        Mistake(
            "scaled-by-width",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, scale=D**-0.5)"),
            "The scores are divided by the root of the whole width D; each head has a width of its own, d = D / h.",
            "A query and a key of one head have d numbers each.",
        ),
        Mistake(
            "key-and-value-last",
            (
                "self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4)",
                "self.kv(x).reshape(B, -1, h, d, 2).permute(4, 0, 2, 1, 3)",
            ),
            "kv is split into (h, d, 2); it gives all keys, then all values.",
            "Split the last axis in the order 2, h, d.",
        ),
        Mistake(
            "activation",
            ("reduced.flatten(2).transpose(1, 2)", "F.relu(reduced).flatten(2).transpose(1, 2)"),
            "There is an activation after the reduction; only the norm follows it.",
            "self.sr, then self.norm.",
        ),
        Mistake(
            "square-only",
            ("x.transpose(1, 2).unflatten(2, grid)", "x.transpose(1, 2).unflatten(2, (int(N**0.5), -1))"),
            "The map is taken to be square; grid gives its sides.",
            "The number of tokens alone does not tell the sides.",
        ),
        Mistake(
            "sequence-by-a-reshape",
            ("reduced.flatten(2).transpose(1, 2)", "reduced.reshape(B, -1, D)"),
            "The reduced map is made a sequence by a reshape alone, which mixes tokens with channels.",
            "Flatten the two axes of the map, then exchange tokens and channels.",
        ),
        Mistake(
            "channels-before-tokens",
            ("reduced.flatten(2).transpose(1, 2)", "reduced.flatten(2)"),
            "The reduced sequence has its channels before its tokens: the norm expects channels last.",
            "Exchange the two axes after flatten.",
        ),
        Mistake(
            "heads-by-a-reshape",
            ("self.q(x).reshape(B, N, h, d).transpose(1, 2)", "self.q(x).reshape(B, h, N, d)"),
            "The queries are cut into heads by a reshape alone, which mixes tokens; the axes of tokens and heads must be exchanged.",
            "(B, N, D) -> (B, N, h, d) -> (B, h, N, d).",
        ),
        Mistake(
            "kv-heads-by-a-reshape",
            (
                "self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4)",
                "self.kv(x).reshape(B, -1, 2, D).unbind(2)\n        k, v = k.reshape(B, h, -1, d), v.reshape(B, h, -1, d)",
            ),
            "Keys and values are cut into heads by a reshape alone, which mixes tokens.",
            "Split the last axis into 2, h, d, then move the axes.",
        ),
        Mistake(
            "softmax-over-queries",
            (
                "F.scaled_dot_product_attention(q, k, v)",
                "((q @ k.transpose(-2, -1)) / math.sqrt(d)).softmax(dim=-2) @ v",
            ),
            "The softmax runs over the queries, not over the keys.",
            "Each query's weights sum to 1.",
        ),
        Mistake(
            "no-q",
            ("self.q(x).reshape(B, N, h, d).transpose(1, 2)", "x.reshape(B, N, h, d).transpose(1, 2)"),
            "self.q is never used: the tokens themselves are the queries.",
            "Queries come from a linear map of their own.",
        ),
        Mistake(
            "two-things",
            (
                "return self.proj(out.transpose(1, 2).reshape(B, N, D))",
                "return self.proj(out.transpose(1, 2).reshape(B, N, D)), None",
            ),
            "It returns two things; here it is the tokens alone.",
            "Return the result of proj.",
        ),
        Mistake(
            "causal",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, is_causal=True)"),
            "A token sees only keys before it; in an image each sees all of them.",
            "Leave out is_causal and masks.",
        ),
        Mistake(
            "overlapping",
            ("stride=sr_ratio", "stride=1"),
            "The squares overlap: `sr` moves by one token instead of by R.",
            "Kernel and stride are both sr_ratio.",
        ),
        Mistake(
            "values-for-keys",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, v, v)"),
            "The values stand in the place of the keys.",
            "Queries, keys, values.",
        ),
        Mistake(
            "no-softmax",
            ("F.scaled_dot_product_attention(q, k, v)", "q @ k.transpose(-2, -1) / math.sqrt(d) @ v"),
            "There is no softmax: the scores themselves mix the values.",
            "A query's weights are positive and sum to 1.",
        ),
        Mistake(
            "map-turned",
            ("x.transpose(1, 2).unflatten(2, grid)", "x.transpose(1, 2).unflatten(2, grid).transpose(2, 3)"),
            "The map is transposed before the reduction: its rows became columns.",
            "(B, D, H, W): rows before columns.",
        ),
        Mistake(
            "queries-normalised",
            (
                "self.q(x).reshape(B, N, h, d).transpose(1, 2)",
                "self.q(F.layer_norm(x, (D,))).reshape(B, N, h, d).transpose(1, 2)",
            ),
            "The queries are made of normalised tokens; the norm belongs to the reduced map only.",
            "self.q takes x as it came in.",
        ),
        Mistake(
            "another-eps",
            ("nn.LayerNorm(embed_dim)", "nn.LayerNorm(embed_dim, eps=1e-6)"),
            "The norm's eps is not PyTorch's 1e-5: for tokens of small variance the result differs.",
            "nn.LayerNorm without an eps, as in the released PVT.",
        ),
        Mistake(
            "shape-of-the-reduced",
            ("self.proj(out.transpose(1, 2).reshape(B, N, D))", "x + self.proj(out.transpose(1, 2).reshape(B, N, D))"),
            "x was replaced by the reduced map, and then the tokens are wanted: they are not there any more (and the residual is the block's).",
            "Keep another name for what keys and values are made from.",
        ),
    ),
    hints=(
        "Attention's cost is queries times keys. Keep all the queries, and make fewer keys and values: one for each "
        "R x R square of the map.",
        "q (B, h, N, d). x (B, N, D) -> (B, D, H, W) -> sr -> (B, D, H/R, W/R) -> (B, N/R², D) -> norm -> kv -> "
        "(2, B, h, N/R², d).",
        "x.transpose(1, 2).unflatten(2, grid) lays it out; .flatten(2).transpose(1, 2) after self.sr; "
        "self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4).",
    ),
)
