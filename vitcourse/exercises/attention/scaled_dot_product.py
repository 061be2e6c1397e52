"""Lab 03: what the checker feeds to scaled_dot_product, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake

# No two sizes agree in a case, and over the cases each is once 1; there are two leading axes, one or none.
_SHAPES = [
    dict(lead=(3, 2), N=4, M=6, d=5, e=7),
    dict(lead=(4,), N=1, M=3, d=6, e=5),
    dict(lead=(), N=3, M=5, d=2, e=6),
    dict(lead=(1, 6), N=5, M=4, d=3, e=1),
    dict(lead=(5, 1), N=3, M=1, d=1, e=4),
]


def draw(d):
    case = _SHAPES[d.index]
    lead, N, M = case["lead"], case["N"], case["M"]
    q = d.normal(*lead, N, case["d"])
    return dict(q=q, k=d.normal(*lead, M, case["d"]), v=d.normal(*lead, M, case["e"]))


def probe(answer, see, q, k, v):
    lead = " ".join(["batch", "head"][: q.ndim - 2])
    axes = [f"{lead} query channel", f"{lead} query key"]
    see.pair("the result", ("the output", "the matrix of weights"), answer(q, k, v), axes=axes)
    see.twice("the output, asked for alone", lambda *args: answer(*args)[0], q, k, v, axes=axes[0])
    leaves = [tensor.clone().requires_grad_() for tensor in (q, k, v)]
    out, weights = answer(*leaves)
    for name, leaf in zip(("`q`", "`k`", "`v`"), leaves, strict=True):
        see.gradient(name, out, leaf)
    see.gradient("`q` through the weights", weights, leaves[0])
    # exp of a few thousand is infinite in any dtype; the tolerance is wide since scores this large are coarse in float32
    out, weights = answer(2000 * q, k, v)
    for name, value in (("output", out), ("weights", weights)):
        finite = "only finite values" if bool(value.isfinite().all()) else "NaN or infinite values"
        see(f"what the {name} hold{'s' * (name == 'output')} when scores reach thousands", finite)
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
    cases=len(_SHAPES),
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
            "divided-by-sum",
            ("scores.softmax(dim=-1)", "scores / scores.sum(dim=-1, keepdim=True)"),
            "The scores are divided by their sum, without the exponential: weights can be negative or huge. It must be a softmax.",
            "exp makes every score positive; then the row is divided by its sum.",
        ),
        Mistake(
            "exponential-only",
            ("scores.softmax(dim=-1)", "scores.exp()"),
            "The scores go through exp, but are not divided by the sum of their row.",
            "A softmax is exp, divided by the row's sum.",
        ),
        Mistake(
            "softmax-twice",
            ("scores.softmax(dim=-1)", "scores.softmax(dim=-1).softmax(dim=-1)"),
            "The softmax is taken twice, which makes all weights nearly equal.",
            "Scores, one softmax, weights.",
        ),
        Mistake(
            "log-softmax",
            ("scores.softmax(dim=-1)", "scores.log_softmax(dim=-1)"),
            "These are the logarithms of the weights.",
            "softmax without log.",
        ),
        Mistake(
            "softmax-without-dim",
            ("scores.softmax(dim=-1)", "F.softmax(scores, dim=0 if scores.ndim in (1, 3) else 1)"),
            "The softmax has no `dim`: torch then takes axis 0 or 1, depending on how many there are. It must be the last one.",
            "dim=-1 means the keys in all cases.",
        ),
        Mistake(
            "negative-scores",
            (_SCORES, "scores = -(q @ k.transpose(-2, -1)) / math.sqrt(d)"),
            "The scores have the wrong sign: the least alike key gets the largest weight.",
            "A large dot product is a good match.",
        ),
        Mistake(
            "causal",
            (
                _SCORES,
                _SCORES
                + "\n    scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -math.inf)",
            ),
            "It is causal: each query sees only the keys up to its own number. Here every query sees all keys.",
            "The mask comes from language models.",
        ),
        Mistake(
            "dropped-scale-of-eight",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / 8"),
            "The scale is the constant 8, which is right for d = 64 only; it must be the square root of d.",
            "d is q's last axis.",
        ),
        Mistake(
            "distance",
            (_SCORES, "scores = -torch.cdist(q, k) / math.sqrt(d)"),
            "The scores are distances; they must be dot products.",
            "@ multiplies and sums over d.",
        ),
        Mistake(
            "fourth-root",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / d**0.25"),
            "The scores are divided by the fourth root of d; it must be the square root.",
            "Each of q and k takes a fourth root only if both are scaled.",
        ),
        Mistake(
            "scaled-by-number-of-queries",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-2])"),
            "The scale uses N, the number of queries; it must use d, the length of one query.",
            "d is the last axis of q and k.",
        ),
        Mistake(
            "scaled-by-first-axis",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / math.sqrt(len(q))"),
            "The scale uses q's first axis, which len gives; it must use d, its last one.",
            "d = q.shape[-1].",
        ),
        Mistake(
            "cosine-unscaled",
            (_SCORES, "scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)"),
            "The scores are cosines of angles; they must be dot products, divided by the square root of d.",
            "The lengths of queries and keys count.",
        ),
        Mistake(
            "divided-by-length-of-query",
            (_SCORES, "scores = q @ k.transpose(-2, -1) / q.norm(dim=-1, keepdim=True)"),
            "The scores are divided by each query's own length; they must be divided by the square root of d, one number for all.",
            "d is a size, not a sum.",
        ),
        Mistake(
            "sum-of-sums",
            (_SCORES, "scores = (q[..., None, :] + k[..., None, :, :]).sum(-1) / math.sqrt(d)"),
            "Queries and keys are added; a dot product multiplies number by number, then sums.",
            "q @ k with the last two axes of k exchanged.",
        ),
        Mistake(
            "hard",
            ("scores.softmax(dim=-1)", "F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(q)"),
            "Each query takes its best key alone; a softmax gives every key a share.",
            "argmax is a hard choice. softmax is the soft one.",
        ),
        Mistake(
            "relu",
            ("scores.softmax(dim=-1)", "scores.relu()"),
            "Negative scores become 0, and the others stay: the weights do not sum to 1. It must be a softmax.",
            "The keys compete for one unit of attention: that is a softmax.",
        ),
        Mistake(
            "softmax-over-axis-2",
            ("scores.softmax(dim=-1)", "scores.softmax(dim=2 if scores.ndim > 2 else -1)"),
            "The softmax ran over axis 2, which here is not always the keys: count the axes from the end.",
            "Leading axes may be many or none. dim=-1 means the keys in all cases.",
        ),
        Mistake(
            "softmax-over-batch-too",
            ("scores.softmax(dim=-1)", "scores.flatten().softmax(dim=0).reshape(scores.shape)"),
            "The softmax ran over all scores of the batch at once: each query must get weights that sum to 1 of its own.",
            "One softmax per row of the scores, that is per query.",
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
            "queries-as-keys",
            ("k.transpose(-2, -1)", "q.transpose(-2, -1)"),
            "The queries are compared with each other; they must be compared with the keys.",
            "q meets k, and then the weights meet v.",
        ),
        Mistake(
            "weights-transposed",
            ("return out, weights", "return out, weights.transpose(-2, -1)"),
            "The weights are returned as (..., M, N); they must be (..., N, M), a row for each query.",
            "Return them as the softmax gives them.",
        ),
        Mistake(
            "values-scaled",
            ("out = weights @ v", "out = weights @ v / math.sqrt(d)"),
            "The output is divided by the square root of d as well; only the scores are.",
            "The weights sum to 1: their mean of the values needs no scale.",
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
            "log-of-infinity",
            ("scores.softmax(dim=-1)", "(scores - scores.exp().sum(dim=-1, keepdim=True).log()).exp()"),
            "It is right for small scores, but the sum of the exponentials of large ones is infinite, and its logarithm too: all weights become 0.",
            "torch.logsumexp subtracts the largest score first; softmax does all of it.",
        ),
        Mistake(
            "mean-subtracted",
            (
                "scores.softmax(dim=-1)",
                "(scores - scores.mean(dim=-1, keepdim=True)).exp() / (scores - scores.mean(dim=-1, keepdim=True)).exp().sum(dim=-1, keepdim=True)",
            ),
            "The mean of each row is subtracted, not its largest score: exp of what lies far above the mean is still infinite.",
            "Whatever is subtracted must leave nothing above zero.",
        ),
        Mistake(
            "small-number-added",
            ("scores.softmax(dim=-1)", "scores.exp() / (scores.exp().sum(dim=-1, keepdim=True) + 1e-6)"),
            "A small number in the denominator does not help: exp of a large score is infinite, and infinite over infinite is NaN.",
            "Subtracting each row's largest score changes nothing in exact numbers and avoids it; torch's own softmax does so.",
        ),
        Mistake(
            "one-maximum-for-all",
            (
                "scores.softmax(dim=-1)",
                "(scores - scores.max()).exp() / (scores - scores.max()).exp().sum(dim=-1, keepdim=True)",
            ),
            "The largest of all scores is subtracted, not that of each row: a row far below it becomes 0 / 0, which is NaN.",
            "max has an argument dim, and keepdim.",
        ),
        Mistake(
            "weights-detached",
            ("return out, weights", "return out, weights.detach()"),
            "The weights are cut off from the graph: nothing could learn through them.",
            "Return them as the softmax gives them.",
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
        "`k.transpose(-2, -1)` exchanges the last two axes; `@` multiplies the last two and takes those in front along; "
        "divide by `math.sqrt(d)`; a tensor's `softmax` has an argument `dim`; return both, the output first.",
    ),
)
