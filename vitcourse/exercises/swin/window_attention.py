"""Lab 08: what the checker feeds to WindowAttention, and the mistakes that it knows."""

import functools

import torch

from ...reference.swin import WindowAttention
from ..base import Exercise, Mistake

_CASES = [
    dict(B=5, nW=4, sizes=dict(embed_dim=14, num_heads=2, window_size=3)),
    dict(B=6, nW=5, sizes=dict(embed_dim=21, num_heads=3, window_size=2)),
    dict(B=1, nW=1, sizes=dict(embed_dim=7, num_heads=1, window_size=2)),
    dict(B=3, nW=4, sizes=dict(embed_dim=1, num_heads=1, window_size=1)),  # windows of one token
]
AXES = "window token channel"


def draw(d):
    case = _CASES[d.index]
    sizes, N = case["sizes"], case["sizes"]["window_size"] ** 2
    mask = d.normal(case["nW"], N, N)
    forbidding = torch.zeros_like(mask).masked_fill((mask > 0) & ~torch.eye(N, dtype=torch.bool), float("-inf"))
    return dict(
        windows=d.normal(case["B"] * case["nW"], N, sizes["embed_dim"]),
        mask=mask,
        forbidding=forbidding,
        sizes=sizes,
        state=d.state(_module_of(d.index)),
    )


@functools.cache
def _module_of(index):
    """The reference's module of a case: only its parameters' names and shapes are read, so one is enough."""
    return WindowAttention(**_CASES[index]["sizes"])


def probe(answer, see, windows, mask, forbidding, sizes, state):
    module = see.build(answer, state, windows.dtype, **sizes)
    see.twice("the result", module, windows, axes=AXES)
    see.twice("the result with a mask", module, windows, mask, axes=AXES)
    see("the result with a mask of 0 and -inf", module(windows, forbidding), axes=AXES)
    see("the result for one map with a mask", module(windows[: len(mask)], mask), axes=AXES)
    see("the result for one window", module(windows[:1]), axes=AXES)
    h = sizes["num_heads"]
    if h <= len(mask):  # here a mask that goes to the heads fits
        see("the result with as many windows as heads", module(windows[: 2 * h], mask[:h]), axes=AXES)
    if windows.shape[1] > 1:  # the weight of a window's only token is 1, whatever the scores are
        leaf = windows.clone().requires_grad_()
        see.gradient("`windows`", module(leaf, forbidding), leaf)
        for name in ("relative_position_bias_table", "qkv.weight", "proj.weight"):
            see.gradient(f"`{name}`", module(windows, mask), module.get_parameter(name))
    see("the names in its state dict", sorted(module.state_dict()))
    table = answer(embed_dim=16, num_heads=16, window_size=7).relative_position_bias_table.detach()
    # 2,704 values: the standard deviation of such a draw is 0.02 within 2 %
    see("whether a new table is drawn with standard deviation 0.02", 0.018 < float(table.std()) < 0.022)
    heads = {**sizes, "num_heads": sizes["embed_dim"] + 1}
    see.raises("for a num_heads that does not divide embed_dim", answer, **heads)


_SCORES = "scores = q @ k.transpose(-2, -1) / math.sqrt(d) + bias.permute(2, 0, 1)"
_MASKED = "scores.unflatten(0, (-1, len(mask))) + mask[:, None]"
_OUT = "out = scores.softmax(dim=-1) @ v"
_BIAS_ADDED = "/ math.sqrt(d) + bias.permute(2, 0, 1)"


EXERCISE = Exercise(
    id="WindowAttention",
    cases=len(_CASES),
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "no-scale",
            (" / math.sqrt(d) + bias", " + bias"),
            "The scores are not scaled: they must be divided by the square root of d before the bias is added.",
            "The bias comes on top of what scaled dot-product attention computes.",
        ),
        Mistake(
            "scaled-by-width",
            ("math.sqrt(d)", "math.sqrt(D)"),
            "The scores are divided by the root of the whole width D; each head has a width of its own, d = D / h.",
            "A query and a key of one head have d numbers each.",
        ),
        Mistake(
            "bias-scaled",
            (_SCORES, "scores = (q @ k.transpose(-2, -1) + bias.permute(2, 0, 1)) / math.sqrt(d)"),
            "The bias is divided by the root of d as well; it is added after the scaling.",
            "Brackets: first the scaled scores, then the bias on top.",
        ),
        Mistake(
            "no-bias",
            (_BIAS_ADDED, "/ math.sqrt(d)"),
            "The relative position bias is never added to the scores.",
            "The table is read at relative_position_index, and each head has its own column.",
        ),
        Mistake(
            "bias-after-softmax",
            (
                (_BIAS_ADDED, "/ math.sqrt(d)"),
                (_OUT, "out = (scores.softmax(dim=-1) + bias.permute(2, 0, 1)) @ v"),
            ),
            "The bias is added to the weights, after the softmax; it belongs to the scores, before it.",
            "The weights of a query must sum to 1. What is added afterwards breaks that.",
        ),
        Mistake(
            "bias-transposed",
            ("bias.permute(2, 0, 1)", "bias.permute(2, 1, 0)"),
            "The bias is transposed: queries and keys are exchanged in it.",
            "Only the axis of the heads moves, to the front; queries stay before keys.",
        ),
        Mistake(
            "bias-reshaped",
            ("bias.permute(2, 0, 1)", "bias.reshape(h, N, N)"),
            "A reshape brings the bias into the right shape but mixes numbers of different heads; its axes must be moved.",
            "The table's last axis is the heads'. Which call moves an axis to the front?",
        ),
        Mistake(
            "one-bias-for-all-heads",
            ("bias.permute(2, 0, 1)", "bias[:, :, 0]"),
            "All heads get the first head's bias; each head has its own column of the table.",
            "After the lookup the bias is (N, N, h). The scores are (n, h, N, N).",
        ),
        Mistake(
            "no-mask",
            ("if mask is not None:", "if False:"),
            "The mask is never used.",
            "When a mask is given it is added to the scores, each window its own.",
        ),
        Mistake(
            "one-mask-for-all-windows",
            (_MASKED, "scores.unflatten(0, (-1, len(mask))) + mask[0]"),
            "Every window gets the mask of the first one.",
            "Window w of each map has the mask w.",
        ),
        Mistake(
            "mask-by-head",
            (_MASKED, "scores.unflatten(0, (-1, len(mask))) + mask"),
            "The mask's windows meet the heads' axis: with as many windows as heads it is added by head, else it does "
            "not fit.",
            "Scores of all maps are (B, nW, h, N, N). The mask needs an axis of length 1 where the heads are.",
        ),
        Mistake(
            "mask-by-map",
            ((_MASKED, "scores.unflatten(0, (len(mask), -1)) + mask[:, None, None]"),),
            "The masks are given out in the wrong order: the windows run map by map, so the maps are the slower axis.",
            "The first axis holds window 0, 1, … of the first map, then those of the second.",
        ),
        Mistake(
            "mask-transposed",
            ("+ mask[:, None]", "+ mask[:, None].transpose(-2, -1)"),
            "The mask is transposed: queries and keys are exchanged in it.",
            "mask[w, i, j] is for query i and key j, as in the scores.",
        ),
        Mistake(
            "mask-after-softmax",
            (
                (_MASKED, "scores.unflatten(0, (-1, len(mask))).softmax(dim=-1) + mask[:, None]"),
                (_OUT, "out = (scores if mask is not None else scores.softmax(dim=-1)) @ v"),
            ),
            "The mask is added to the weights, after the softmax; it belongs to the scores, before it.",
            "-inf becomes a weight of 0 in the softmax only.",
        ),
        Mistake(
            "softmax-over-queries",
            ("softmax(dim=-1)", "softmax(dim=-2)"),
            "The softmax runs over the queries, not over the keys.",
            "Each query's weights sum to 1. Which axis of the scores is the keys'?",
        ),
        Mistake(
            "queries-for-keys",
            ("q @ k.transpose(-2, -1)", "k @ q.transpose(-2, -1)"),
            "Queries and keys are exchanged: rows of the scores belong to queries, columns to keys.",
            "The softmax runs over the last axis of the scores, so that axis must be the keys'.",
        ),
        Mistake(
            "heads-not-joined",
            ("out.transpose(1, 2).reshape(n, N, D)", "out.reshape(n, N, D)"),
            "The heads are joined by a reshape alone, which mixes tokens; the axes of heads and tokens must be exchanged "
            "first.",
            "A token's row holds its own heads side by side: (n, h, N, d) -> (n, N, h, d) -> (n, N, D).",
        ),
        Mistake(
            "no-proj",
            ("self.proj(out.transpose(1, 2).reshape(n, N, D))", "out.transpose(1, 2).reshape(n, N, D)"),
            "The last linear map, self.proj, is missing.",
            "After the heads are joined, proj mixes them.",
        ),
        Mistake(
            "index-saved",
            (", persistent=False)", ")"),
            "relative_position_index is saved with the weights; it follows from the window size, and checkpoints do not "
            "hold it.",
            "register_buffer has an argument that keeps a buffer out of the state dict.",
        ),
        Mistake(
            "mask-multiplied",
            (
                "scores.unflatten(0, (-1, len(mask))) + mask[:, None]",
                "scores.unflatten(0, (-1, len(mask))) * mask[:, None]",
            ),
            "The scores are multiplied by the mask; it is added to them.",
            "0 changes no score, -inf forbids a pair: that is a sum.",
        ),
        Mistake(
            "scaled-by-tokens",
            ("math.sqrt(d)", "math.sqrt(N)"),
            "The scores are divided by the root of the number of tokens; it must be the root of d.",
            "A query and a key of one head have d numbers each.",
        ),
        Mistake(
            "divided-by-d",
            ("math.sqrt(d)", "d"),
            "The scores are divided by d, not by its square root.",
            "A sum of d products has a spread of sqrt(d).",
        ),
        Mistake(
            "times-the-root",
            ("/ math.sqrt(d)", "* math.sqrt(d)"),
            "The scores are multiplied by the root of d; they must be divided by it.",
            "The scale makes the scores smaller.",
        ),
        Mistake(
            "softmax-over-heads",
            ("softmax(dim=-1)", "softmax(dim=1)"),
            "The softmax runs over the heads, not over the keys.",
            "Each query's weights sum to 1. Which axis of the scores is the keys'?",
        ),
        Mistake(
            "order-of-qkv",
            ("q, k, v = self.qkv", "v, k, q = self.qkv"),
            "The three parts of qkv are taken in the wrong order: queries, keys, values.",
            "The axis of length 3 is (q, k, v).",
        ),
        Mistake(
            "keys-and-values-exchanged",
            ("q, k, v = self.qkv", "q, v, k = self.qkv"),
            "Keys and values are exchanged: qkv gives queries, keys, values.",
            "The axis of length 3 is (q, k, v).",
        ),
        Mistake(
            "bias-twice",
            ("scores.softmax(dim=-1) @ v", "(scores + bias.permute(2, 0, 1)).softmax(dim=-1) @ v"),
            "The bias is added twice.",
            "Once, to the scaled scores.",
        ),
        Mistake(
            "bias-subtracted",
            ("+ bias.permute", "- bias.permute"),
            "The bias is subtracted; it is added.",
            "Plus.",
        ),
        Mistake(
            "weights-returned",
            (
                "return self.proj(out.transpose(1, 2).reshape(n, N, D))",
                "return self.proj(out.transpose(1, 2).reshape(n, N, D)), scores",
            ),
            "It returns two things; here it is the windows alone.",
            "Nobody asks a Swin block for its weights: return the result of proj.",
        ),
        Mistake(
            "residual",
            (
                "self.proj(out.transpose(1, 2).reshape(n, N, D))",
                "windows + self.proj(out.transpose(1, 2).reshape(n, N, D))",
            ),
            "The windows are added to the result; the block does that, not the attention.",
            "Leave the residual to SwinBlock.",
        ),
        Mistake(
            "proj-twice",
            (
                "self.proj(out.transpose(1, 2).reshape(n, N, D))",
                "self.proj(self.proj(out.transpose(1, 2).reshape(n, N, D)))",
            ),
            "self.proj is applied twice.",
            "Once, after the heads are joined.",
        ),
        Mistake(
            "heads-last",
            (
                "self.qkv(windows).reshape(n, N, 3, h, d).permute(2, 0, 3, 1, 4)",
                "self.qkv(windows).reshape(n, N, 3, d, h).permute(2, 0, 4, 1, 3)",
            ),
            "qkv is split into (3, d, h); the heads come before d.",
            "The last axis is split into 3, h, d, in this order.",
        ),
        Mistake(
            "qkv-per-head",
            (
                "self.qkv(windows).reshape(n, N, 3, h, d).permute(2, 0, 3, 1, 4)",
                "self.qkv(windows).reshape(n, N, h, 3, d).permute(3, 0, 2, 1, 4)",
            ),
            "qkv is read head by head; it gives all queries, then all keys, then all values.",
            "The last axis is split into 3, h, d, in this order.",
        ),
        Mistake(
            "no-softmax",
            ("scores.softmax(dim=-1)", "scores"),
            "There is no softmax: the scores themselves mix the values.",
            "A query's weights are positive and sum to 1.",
        ),
        Mistake(
            "log-softmax",
            ("scores.softmax(dim=-1)", "scores.log_softmax(dim=-1)"),
            "The logarithms of the weights mix the values.",
            "softmax, not log_softmax.",
        ),
        Mistake(
            "mask-as-boolean",
            (
                "scores.unflatten(0, (-1, len(mask))) + mask[:, None]",
                'scores.unflatten(0, (-1, len(mask))).masked_fill(mask[:, None] != 0, float("-inf"))',
            ),
            "The mask is taken for yes and no; its numbers are added to the scores.",
            "A sum: 0 changes nothing, -inf forbids, and what lies between counts too.",
        ),
        Mistake(
            "mask-for-the-first-map",
            (
                "scores.unflatten(0, (-1, len(mask))) + mask[:, None]",
                "torch.cat([(s := scores.unflatten(0, (-1, len(mask))))[:1] + mask[:, None], s[1:]])",
            ),
            "Only the first map's windows get the mask; all maps do.",
            "Window w of each map has the mask w.",
        ),
        Mistake(
            "values-unmixed",
            ("scores.softmax(dim=-1) @ v", "v"),
            "The weights are never used: each token gets its own value back.",
            "The weights mix the values of all keys.",
        ),
        Mistake(
            "bias-detached",
            ("bias = self.relative_position_bias_table[", "bias = self.relative_position_bias_table.detach()["),
            "The table is cut off from the graph (detach): it can never be learned.",
            "Index the parameter itself.",
        ),
        Mistake(
            "table-of-ones",
            (
                "nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)",
                "nn.init.ones_(self.relative_position_bias_table)",
            ),
            "A new bias table must be drawn with a standard deviation of 0.02, small numbers around 0.",
            "Leave the line with trunc_normal_ as it is.",
        ),
    ),
    hints=(
        "It is MultiHeadAttention with two things added to the scores before the softmax: a learned number for each pair "
        "of places in the window, and the mask of the window.",
        "The table read at the index is (N, N, h), and the scores are (n, h, N, N): move the heads to the front. For the "
        "mask split n into (B, nW): (B, nW, h, N, N) + (nW, 1, N, N), and merge again.",
        "scores = q @ k.transpose(-2, -1) / math.sqrt(d) + bias.permute(2, 0, 1); with a mask: "
        "(scores.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1); softmax over the last axis; @ v; then as "
        "in MultiHeadAttention.",
    ),
)
