"""Lab 03: what the checker feeds to MultiHeadAttention, and the mistakes that it knows."""

import torch

from ...reference.attention import MultiHeadAttention
from ..base import Exercise, Mistake

# Batch, tokens, heads, head width and h * d: no two agree in the first case, and over the cases each is once 1.
_HEADS = [
    dict(B=4, N=5, h=3, d=2),
    dict(B=3, N=1, h=5, d=4),
    dict(B=1, N=4, h=1, d=6),
    dict(B=5, N=4, h=3, d=1),
]


def draw(d):
    case = _HEADS[d.index]
    sizes = dict(embed_dim=case["h"] * case["d"], num_heads=case["h"])
    x = d.normal(case["B"], case["N"], sizes["embed_dim"])
    return dict(x=x, sizes=sizes, state=d.state(MultiHeadAttention(**sizes)))


def probe(answer, see, x, sizes, state):
    module = see.build(answer, state, x.dtype, **sizes)
    axes = "image token channel"
    see.twice("the result", module, x, axes=axes)
    parts = ("the output with need_weights=True", "the matrix of weights")
    words = [axes, "image head query key"]
    see.pair("the result with need_weights=True", parts, module(x, need_weights=True), axes=words)
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", module(leaf), leaf)
    see.gradient("`qkv.weight`", module(x), module.qkv.weight)
    see.gradient("`proj.weight`", module(x), module.proj.weight)
    out, weights = module(leaf, need_weights=True)
    see.gradient("`x` with need_weights=True", out, leaf)
    see.gradient("`x` through the weights", weights, leaf)
    see("the result for tokens a hundred times as long", module(100 * x), rtol=0.02, atol=2.0)
    see.raises("with heads that do not divide embed_dim", answer, embed_dim=7, num_heads=3)


def picture(answer):
    """The weights of its heads side by side."""
    torch.manual_seed(0)
    module = answer(16, 2)
    with torch.no_grad():
        module.qkv.weight *= 3  # so that the weights are not all alike
        _, weights = module(torch.randn(1, 8, 16), need_weights=True)
    return torch.cat(tuple(weights[0]), dim=1)


_QKV = "self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 3, 1, 4)"
_JOIN = "self.proj(out.transpose(1, 2).reshape(B, N, D))"
_FUSED = "F.scaled_dot_product_attention(q, k, v), None"
_RETURN = "return (out, weights) if need_weights else out"


def _own_softmax(scores):
    """Both paths of MultiHeadAttention with other scores or another softmax: the pairs of replacements."""
    code = f"{scores}\n            out = weights @ v"
    return (("out, weights = scaled_dot_product(q, k, v)", code), (f"out, weights = {_FUSED}", code))


EXERCISE = Exercise(
    id="MultiHeadAttention",
    draw=draw,
    probe=probe,
    cases=len(_HEADS),
    picture=picture,
    mistakes=(
        Mistake(
            "reshaped-not-permuted",
            (_QKV, "self.qkv(x).reshape(3, B, h, N, d)"),
            "The output of qkv is re-cut to (3, B, h, N, d) without moving axes: numbers of different tokens are mixed.",
            "Split the last axis only, with B and N in front. Then move the axes.",
        ),
        Mistake(
            "tokens-not-moved",
            (_QKV, "self.qkv(x).reshape(B, N, 3, D).permute(2, 0, 1, 3).reshape(3, B, h, N, d)"),
            "q, k and v are each re-cut from (B, N, D) to (B, h, N, d) without moving axes: a “token” is made of "
            "pieces of several.",
            "From (B, N, D) go to (B, N, h, d) first. Then exchange N and h.",
        ),
        Mistake(
            "attends-over-heads",
            (
                (_QKV, _QKV.replace("(2, 0, 3, 1, 4)", "(2, 0, 1, 3, 4)")),
                ("out.transpose(1, 2).reshape", "out.reshape"),
            ),
            "The heads of one token attend to each other: h stands where N must stand.",
            "Attention works on the second axis from the end. q, k and v are (B, h, N, d): the heads go to the front.",
        ),
        Mistake(
            "heads-attend-then-move",
            (
                (_QKV, _QKV.replace("(2, 0, 3, 1, 4)", "(2, 0, 1, 3, 4)")),
                ("out.transpose(1, 2).reshape", "out.transpose(1, 2).transpose(1, 2).transpose(1, 2).reshape"),
            ),
            "The heads of one token attend to each other, since h stands where N must stand; and the join moves axes that were never moved.",
            "Attention works on the second axis from the end. q, k and v are (B, h, N, d): the heads go to the front.",
        ),
        Mistake(
            "q-k-v-within-head",
            (_QKV, "self.qkv(x).reshape(B, N, h, 3, d).permute(3, 0, 2, 1, 4)"),
            "The 3*D outputs are read head by head, each with its q, k and v; the order is all q, then all k, then all v.",
            "Split 3*D as (3, h, d): what changes slowest comes first.",
        ),
        Mistake(
            "q-k-v-innermost",
            (_QKV, "self.qkv(x).reshape(B, N, h, d, 3).permute(4, 0, 2, 1, 3)"),
            "q, k and v are taken as every third output of qkv; they are its first, second and last third.",
            "Split 3*D as (3, h, d): what changes slowest comes first.",
        ),
        Mistake(
            "heads-interleaved",
            (_QKV, "self.qkv(x).reshape(B, N, 3, d, h).permute(2, 0, 4, 1, 3)"),
            "D is split as (d, h): a head takes every h-th number. It must be (h, d): d neighbouring numbers per head.",
            "When D = h*d is split, the head changes slowest: it comes first.",
        ),
        Mistake(
            "q-and-k-exchanged",
            ("q, k, v = self.qkv", "k, q, v = self.qkv"),
            "The first third of qkv is taken as keys and the second as queries; it is queries first.",
            "The name says the order: q, k, v.",
        ),
        Mistake(
            "k-and-v-exchanged",
            ("q, k, v = self.qkv", "q, v, k = self.qkv"),
            "The second third of qkv is taken as values and the last as keys; it is keys first.",
            "The name says the order: q, k, v.",
        ),
        Mistake(
            "q-and-v-exchanged",
            ("q, k, v = self.qkv", "v, k, q = self.qkv"),
            "The first third of qkv is taken as values and the last as queries; the order is q, k, v.",
            "The name says the order: q, k, v.",
        ),
        Mistake(
            "values-first",
            ("q, k, v = self.qkv", "v, q, k = self.qkv"),
            "The first third of qkv is taken as values, then queries and keys; the order is q, k, v.",
            "The name says the order: q, k, v.",
        ),
        Mistake(
            "queries-last",
            ("q, k, v = self.qkv", "k, v, q = self.qkv"),
            "The last third of qkv is taken as queries; the order is q, k, v.",
            "The name says the order: q, k, v.",
        ),
        Mistake(
            "queries-are-keys",
            ("  # each (B, h, N, d)", "\n        q = k"),
            "The keys are compared with themselves; the queries must be compared with the keys.",
            "All three thirds of qkv are used.",
        ),
        Mistake(
            "values-are-keys",
            ("  # each (B, h, N, d)", "\n        v = k"),
            "The weighted mean is of the keys; it must be of the values.",
            "All three thirds of qkv are used.",
        ),
        Mistake(
            "values-are-tokens",
            ("  # each (B, h, N, d)", "\n        v = x.reshape(B, N, h, d).transpose(1, 2)"),
            "The weighted mean is of the tokens themselves; it must be of the values that qkv makes of them.",
            "All three thirds of qkv are used.",
        ),
        Mistake(
            "one-head",
            ("h, d = self.num_heads, D // self.num_heads", "h, d = 1, D"),
            "There is only one head of the full width D; there must be num_heads of width D / num_heads.",
            "Split the last axis into h heads before you attend.",
        ),
        Mistake(
            "scaled-by-embed-dim",
            ("  # each (B, h, N, d)", "\n        q = q * math.sqrt(d / D)"),
            "The scores are divided by the square root of D; it must be that of d, the width of one head.",
            "The dot product of one head sums over d = D / h numbers.",
        ),
        Mistake(
            "no-scale",
            _own_softmax("weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)"),
            "The scores are not scaled: they must be divided by the square root of d.",
            "Your scaled_dot_product does this already: call it.",
        ),
        Mistake(
            "softmax-over-queries",
            _own_softmax("weights = (q @ k.transpose(-2, -1) / math.sqrt(d)).softmax(dim=-2)"),
            "The softmax ran over the queries, not over the keys.",
            "Your scaled_dot_product does this already: call it.",
        ),
        Mistake(
            "scaled-twice",
            ("  # each (B, h, N, d)", "\n        q = q * d**-0.5"),
            "The scores are divided by d, which is twice by its square root: scaled_dot_product divides once already.",
            "Hand q in as it is.",
        ),
        Mistake(
            "softmax-over-heads",
            _own_softmax("weights = (q @ k.transpose(-2, -1) / math.sqrt(d)).softmax(dim=1)"),
            "The softmax ran over the heads, not over the keys.",
            "Your scaled_dot_product does this already: call it.",
        ),
        Mistake(
            "scaled-by-number-of-heads",
            ("  # each (B, h, N, d)", "\n        q = q * math.sqrt(d / h)"),
            "The scores are divided by the square root of the number of heads; it must be that of d, the width of one head.",
            "The dot product of one head sums over d = D / h numbers.",
        ),
        Mistake(
            "causal",
            ("F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, is_causal=True)"),
            "It is causal: each token sees only those before it. Patches of an image have no before; all see all.",
            "The mask comes from language models. A ViT's encoder has none.",
        ),
        Mistake(
            "heads-not-joined",
            ("out.transpose(1, 2).reshape(B, N, D)", "out.reshape(B, N, D)"),
            "The heads are joined by a reshape alone: (B, h, N, d) re-cut to (B, N, D) mixes tokens with heads.",
            "Before the merge N must stand in front of h, so that each token's heads lie side by side.",
        ),
        Mistake(
            "joined-interleaved",
            ("out.transpose(1, 2).reshape(B, N, D)", "out.permute(0, 2, 3, 1).reshape(B, N, D)"),
            "The heads are joined as (d, h), interleaved; they must lie side by side, as (h, d).",
            "Undo the split in its own order: the head changes slowest.",
        ),
        Mistake(
            "no-proj",
            (_JOIN, "out.transpose(1, 2).reshape(B, N, D)"),
            "The joined heads are returned as they are; self.proj must be applied to them.",
            "Without proj nothing mixes what the heads found.",
        ),
        Mistake(
            "heads-averaged",
            (_JOIN, "self.proj(out.mean(dim=1).repeat(1, 1, h))"),
            "The heads are averaged; they must be joined side by side, h * d = D numbers.",
            "transpose, then merge the last two axes.",
        ),
        Mistake(
            "heads-in-reverse",
            (_JOIN, "self.proj(out.flip(1).transpose(1, 2).reshape(B, N, D))"),
            "The heads are joined in reversed order.",
            "The first head's numbers come first.",
        ),
        Mistake(
            "proj-twice",
            (_JOIN, f"self.proj({_JOIN})"),
            "proj is applied twice.",
            "Once, to the joined heads.",
        ),
        Mistake(
            "proj-on-the-input",
            (_JOIN, "self.proj(x)"),
            "proj is applied to the input, and what the heads found is lost.",
            "proj takes the joined heads.",
        ),
        Mistake(
            "first-head-only",
            (_JOIN, "self.proj(out[:, :1].repeat(1, h, 1, 1).transpose(1, 2).reshape(B, N, D))"),
            "Only the first head is used; the others are lost.",
            "All h heads side by side make D numbers.",
        ),
        Mistake(
            "residual-before-proj",
            (_JOIN, "self.proj(x + out.transpose(1, 2).reshape(B, N, D))"),
            "The input is added before proj; attention itself has no residual. The block adds it, in lab 04.",
            "proj takes the joined heads, nothing more.",
        ),
        Mistake(
            "normed-result",
            (_JOIN, f"F.layer_norm({_JOIN}, (D,))"),
            "The result is normalized; attention has no norm. The block puts one in front, in lab 04.",
            "Return what proj gives.",
        ),
        Mistake(
            "residual-inside",
            (_JOIN, f"x + {_JOIN}"),
            "The input is added to the result; attention itself has no residual. The block adds it, in lab 04.",
            "Return what proj gives, nothing more.",
        ),
        Mistake(
            "normed",
            ("self.qkv(x)", "self.qkv(F.layer_norm(x, (D,)))"),
            "The tokens are normalized inside; attention has no norm. The block puts one in front, in lab 04.",
            "qkv takes x as it is.",
        ),
        Mistake(
            "proj-without-bias",
            (_JOIN, "F.linear(out.transpose(1, 2).reshape(B, N, D), self.proj.weight)"),
            "proj's bias is missing.",
            "Call the layer self.proj, not its weight alone.",
        ),
        Mistake(
            "none-beside",
            (_RETURN, "return out, weights"),
            "Without need_weights the result must be the output alone, not a pair with None.",
            "Whoever calls it without asking for weights wants one tensor.",
        ),
        Mistake(
            "always-a-pair",
            (("if need_weights:\n", "if True:\n"), (_RETURN, "return out, weights")),
            "It returns the weights even when nobody asks; without need_weights the result must be the output alone.",
            "Look at need_weights in the return.",
        ),
        Mistake(
            "never-a-pair",
            (_RETURN, "return out"),
            "With need_weights=True it returns one tensor; it must return two things, the output and the weights.",
            "Look at need_weights in the return.",
        ),
        Mistake(
            "swapped-pair",
            (_RETURN, "return (weights, out) if need_weights else out"),
            "The weights are returned first; it must be the output first, then the weights.",
            "The docstring says the order.",
        ),
        Mistake(
            "weights-transposed",
            (_RETURN, "return (out, weights.transpose(-2, -1)) if need_weights else out"),
            "The weights are transposed: rows are queries, columns are keys.",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "weights-detached",
            (_RETURN, "return (out, weights.detach()) if need_weights else out"),
            "The weights are cut off from the graph: nothing could learn through them.",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "weights-summed",
            (_RETURN, "return (out, weights.sum(dim=1)) if need_weights else out"),
            "The weights are summed over the heads; each head's own are wanted, (B, h, N, N).",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "weights-unscaled",
            (_RETURN, "return (out, (q @ k.transpose(-2, -1)).softmax(dim=-1)) if need_weights else out"),
            "The weights beside the output are made without the scale 1/√d: they are not those that the output was mixed with.",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "weights-averaged",
            (_RETURN, "return (out, weights.mean(dim=1)) if need_weights else out"),
            "The weights are averaged over the heads; each head's own are wanted, (B, h, N, N).",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "weights-of-first-head",
            (_RETURN, "return (out, weights[:, 0]) if need_weights else out"),
            "Only the first head's weights are returned; all heads' are wanted, (B, h, N, N).",
            "Return the weights as scaled_dot_product gives them.",
        ),
        Mistake(
            "no-size-check",
            ("if embed_dim % num_heads:", "if False:"),
            "When num_heads does not divide embed_dim there must be a ValueError, as in the given code.",
            "The text's first lines of __init__ do this: put them back.",
        ),
    ),
    hints=(
        "self.qkv makes queries, keys and values of all heads in one go. The rest is sorting: which of the three, which "
        "head; then attend with the heads as a second batch axis; then put the heads side by side again.",
        "(B, N, D) -> qkv (B, N, 3*D) -> (B, N, 3, h, d) -> (3, B, h, N, d), which unpacks into q, k, v; attend "
        "-> (B, h, N, d) -> (B, N, h, d) -> (B, N, D) -> proj.",
        "q, k, v = self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 3, 1, 4); out, weights = scaled_dot_product(q, k, v); "
        "out = self.proj(out.transpose(1, 2).reshape(B, N, D)); return both if need_weights, else out.",
    ),
)
