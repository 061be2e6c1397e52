"""Lab 03: what the checker feeds to scaled_dot_product, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake

# Queries and keys differ in number, keys and values in width, and the leading axes differ in number too.
_SHAPES = [
    dict(lead=(2, 3), N=4, M=6, d=5, e=7),
    dict(lead=(3,), N=7, M=2, d=9, e=4),
    dict(lead=(), N=3, M=5, d=2, e=6),
]


def draw(d):
    case = _SHAPES[d.index]
    lead, N, M = case["lead"], case["N"], case["M"]
    q = d.normal(*lead, N, case["d"])
    return dict(q=q, k=d.normal(*lead, M, case["d"]), v=d.normal(*lead, M, case["e"]))


def probe(answer, see, q, k, v):
    see.pair("the result", ("the output", "the matrix of weights"), answer(q, k, v))
    leaves = [tensor.clone().requires_grad_() for tensor in (q, k, v)]
    out, weights = answer(*leaves)
    for name, leaf in zip(("`q`", "`k`", "`v`"), leaves, strict=True):
        see.gradient(name, out, leaf)
    see.gradient("`q` through the weights", weights, leaves[0])
    # exp of a few thousand is infinite in any dtype; the tolerance is wide since scores this large are coarse in float32
    out, weights = answer(2000 * q, k, v)
    see("the output when scores reach thousands", out, atol=0.02)
    see("the weights when scores reach thousands", weights, atol=0.02)


def picture(answer):
    """The weights, a row a query."""
    rng = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(8, 16, generator=rng) for _ in range(3))
    return answer(q, k, v)[1]


_SCORES = "scores = q @ k.transpose(-2, -1) / math.sqrt(d)"


EXERCISE = Exercise(
    id="scaled_dot_product",
    draw=draw,
    probe=probe,
    picture=picture,
    cases=3,
    mistakes=(
        Mistake(
            "no-scale",
            (_SCORES, "scores = q @ k.transpose(-2, -1)"),
            "The scores are not scaled: they must be divided by the square root of d.",
            "A dot product of d numbers grows like √d. Divide it away before the softmax.",
        ),
        Mistake(
            "divided-by-d",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / d"),
            "The scores are divided by d; they must be divided by its square root.",
            "The spread of a sum of d independent terms grows like √d, not like d. If you scale q and k both, each takes the "
            "fourth root.",
        ),
        Mistake(
            "multiplied",
            (_SCORES, "scores = q @ k.transpose(-2, -1) * math.sqrt(d)"),
            "The scores are multiplied by the square root of d; they must be divided by it.",
            "The scale makes large dot products smaller: 1/√d.",
        ),
        Mistake(
            "scaled-by-number-of-keys",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2])"),
            "The scale uses M, the number of keys; it must use d, the length of one key.",
            "d is the last axis of q and k: the axis over which the dot product sums.",
        ),
        Mistake(
            "scaled-by-value-width",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / math.sqrt(v.shape[-1])"),
            "The scale uses the width of the values; it must use d, the length of a query or key.",
            "The values take no part in the dot product, so their width says nothing about its size.",
        ),
        Mistake(
            "softmax-over-queries",
            ("scores.softmax(dim=-1)", "scores.softmax(dim=-2)"),
            "The softmax ran over the queries, not over the keys: each query's weights must sum to 1.",
            "In scores (..., N, M) the keys are the last axis.",
        ),
        Mistake(
            "softmax-over-axis-1",
            ("scores.softmax(dim=-1)", "scores.softmax(dim=1)"),
            "The softmax ran over axis 1, which here is not the keys: count the axes from the end.",
            "Leading axes may be many or none. dim=-1 means the keys in all cases.",
        ),
        Mistake(
            "softmax-over-axis-0",
            ("scores.softmax(dim=-1)", "scores.softmax(dim=0)"),
            "The softmax ran over axis 0, the batch: examples of a batch must not see each other.",
            "In scores (..., N, M) the keys are the last axis.",
        ),
        Mistake(
            "softmax-over-everything",
            ("scores.softmax(dim=-1)", "scores.flatten(-2).softmax(dim=-1).reshape(scores.shape)"),
            "The softmax ran over all pairs of query and key at once: each query must get weights that sum to 1 of its "
            "own.",
            "One softmax per row of the scores, that is per query.",
        ),
        Mistake(
            "no-softmax",
            ("weights = scores.softmax(dim=-1)", "weights = scores"),
            "There is no softmax: the weights must be positive and sum to 1 over the keys.",
            "Between the scores and the weighted mean stands a softmax.",
        ),
        Mistake(
            "sigmoid",
            ("weights = scores.softmax(dim=-1)", "weights = scores.sigmoid()"),
            "The weights come from a sigmoid: they lie between 0 and 1, but do not sum to 1 over the keys.",
            "The keys compete for one unit of attention: that is a softmax.",
        ),
        Mistake(
            "cosine",
            (
                _SCORES,
                "scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) / math.sqrt(d)",
            ),
            "Queries and keys are scaled to length 1 first: this compares angles. Their lengths count here.",
            "The score is the plain dot product, divided by √d.",
        ),
        Mistake(
            "scaled-after-softmax",
            (
                (_SCORES, "scores = q @ k.transpose(-2, -1)"),
                ("scores.softmax(dim=-1)", "scores.softmax(dim=-1) / math.sqrt(d)"),
            ),
            "The scale comes after the softmax: the weights no longer sum to 1. It belongs before it.",
            "First the scores, then the scale, then the softmax.",
        ),
        Mistake(
            "reshaped-not-transposed",
            ("k.transpose(-2, -1)", "k.reshape(*k.shape[:-2], d, k.shape[-2])"),
            "The keys were reshaped to (..., d, M), not transposed: the numbers of different keys are mixed.",
            "reshape re-cuts the numbers in memory order; exchanging two axes is another operation.",
        ),
        Mistake(
            "wrong-axes-transposed",
            ("k.transpose(-2, -1)", "k.permute(*range(k.ndim - 1, -1, -1))"),
            "The wrong axes of k changed places (.T reverses all of them): it must be the last two, however many stand before "
            "them.",
            "Count the axes from the end: -2 and -1. Leading axes, for batch and heads, stay where they are.",
        ),
        Mistake(
            "not-transposed",
            ("k.transpose(-2, -1)", "k"),
            "q @ k multiplies queries by keys that are not transposed: the d of q must meet the d of k.",
            "(..., N, d) times (..., d, M) gives (..., N, M).",
        ),
        Mistake(
            "keys-mixed",
            ("out = weights @ v", "out = weights @ k"),
            "The weighted mean is of the keys; it must be of the values.",
            "Keys are what a query is compared with; values are what it takes away.",
        ),
        Mistake(
            "divided-by-count",
            ("out = weights @ v", "out = weights @ v / v.shape[-2]"),
            "The weighted sum is divided by the number of keys; the weights sum to 1 already.",
            "A weighted mean with weights that sum to 1 is just the sum.",
        ),
        Mistake(
            "only-output",
            ("return out, weights", "return out"),
            "Only the output is returned; it must be two things, the output and the weights.",
            "The lab draws the weights: return both, the output first.",
        ),
        Mistake(
            "swapped-pair",
            ("return out, weights", "return weights, out"),
            "The weights are returned first; it must be the output first, then the weights.",
            "The docstring says the order.",
        ),
        Mistake(
            "scores-returned",
            ("return out, weights", "return out, scores"),
            "The second thing returned is the scores before the softmax; it must be the weights.",
            "Weights are positive and sum to 1 over the keys.",
        ),
        Mistake(
            "overflow",
            ("scores.softmax(dim=-1)", "scores.exp() / scores.exp().sum(dim=-1, keepdim=True)"),
            "It is right for small scores, but exp of a large score is infinite, and the result is NaN.",
            "Subtracting each row's largest score changes nothing in exact numbers and avoids it; torch's own softmax does so.",
        ),
        Mistake(
            "in-place",
            (_SCORES, "q /= math.sqrt(d)\n    scores = q @ k.transpose(-2, -1)"),
            "q is scaled in place, so the caller's tensor changes too.",
            "An operator with = behind it (/=, *=) edits the tensor it is given. Make a new one.",
        ),
    ),
    hints=(
        "Three steps: how well does each query match each key; turn each query's matches into shares that sum to 1; mix "
        "the values by these shares.",
        "(..., N, d) with (..., M, d) gives scores (..., N, M); divide by √d; softmax over the last axis; (..., N, M) "
        "times (..., M, e) gives (..., N, e).",
        "scores = q @ k.transpose(-2, -1) / math.sqrt(d); weights = scores.softmax(dim=-1); return weights @ v, weights.",
    ),
)
