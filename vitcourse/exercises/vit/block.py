"""Lab 04: what the checker feeds to Block, and the mistakes that it knows."""

import functools

import torch

from ...reference.vit import Block
from ..base import Exercise, Mistake

_CASES = [
    # D * mlp_ratio is no whole number: rounding up shows in the parameters' shapes
    dict(B=2, N=5, sizes=dict(embed_dim=6, num_heads=3, mlp_ratio=2.3)),
    dict(B=3, N=4, sizes=dict(embed_dim=8, num_heads=2, mlp_ratio=1.7)),
]


def draw(d):
    case = _CASES[d.index]
    x = d.normal(case["B"], case["N"], case["sizes"]["embed_dim"])
    return dict(x=x, sizes=case["sizes"], state=d.state(_block_of(d.index)))


@functools.cache
def _block_of(index):
    """The reference's block of a case: only its parameters' names and shapes are read, so one is enough."""
    return Block(**_CASES[index]["sizes"])


def probe(answer, see, x, sizes, state):
    block = see.build(answer, state, x.dtype, **sizes)
    see("the result", block(x))
    # the variance is about as large as eps = 1e-6, so that PyTorch's 1e-5 shows
    see("the result for tokens of small variance", block(1e-3 * x))
    see.pair("the result with need_weights=True", ("the tokens", "the weights"), block(x, need_weights=True))
    leaf = x.clone().requires_grad_()
    see.gradient("`x`", block(leaf), leaf)
    see.gradient("`attn.qkv.weight`", block(x), block.attn.qkv.weight)
    see.gradient("`mlp.fc1.weight`", block(x), block.mlp.fc1.weight)
    with torch.no_grad():
        for parameter in block.attn.proj.parameters():
            parameter.mul_(1e-3)  # so that norm2's tokens vary little too
    see("the result when attention adds little to tokens of small variance", block(1e-3 * x))


_ADD_ATTENTION = "x = x + attended"
_ADD_MLP = "x = x + self.mlp(self.norm2(x))"


EXERCISE = Exercise(
    id="Block",
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "post-norm",
            (
                ("self.attn(self.norm1(x), need_weights=True)", "self.attn(x, need_weights=True)"),
                ("self.attn(self.norm1(x)), None", "self.attn(x), None"),
                (_ADD_ATTENTION, "x = self.norm1(x + attended)"),
                (_ADD_MLP, "x = self.norm2(x + self.mlp(x))"),
            ),
            "The norms come after the additions (post-norm); a ViT normalises what enters attention and MLP (pre-norm).",
            "Leave the residual stream itself alone: normalise only the copy that goes into the branch.",
        ),
        Mistake(
            "norm-after-branch",
            (
                ("self.attn(self.norm1(x), need_weights=True)", "self.attn(x, need_weights=True)"),
                ("self.attn(self.norm1(x)), None", "self.attn(x), None"),
                (_ADD_ATTENTION, "x = x + self.norm1(attended)"),
                (_ADD_MLP, "x = x + self.norm2(self.mlp(x))"),
            ),
            "Each norm is applied to what attention or the MLP gives back; it belongs before them.",
            "Read the branch from its input: first the norm, then attention or the MLP, then the addition.",
        ),
        Mistake(
            "no-attention-residual",
            (_ADD_ATTENTION, "x = attended"),
            "The first residual is missing: attention's output replaces the tokens; it must be added to them.",
            "The tokens go on unchanged, and attention adds what it found.",
        ),
        Mistake(
            "no-mlp-residual",
            (_ADD_MLP, "x = self.mlp(self.norm2(x))"),
            "The second residual is missing: the MLP's output replaces the tokens; it must be added to them.",
            "Both branches add to the stream, the MLP too.",
        ),
        Mistake(
            "no-residuals",
            ((_ADD_ATTENTION, "x = attended"), (_ADD_MLP, "x = self.mlp(self.norm2(x))")),
            "Both residuals are missing: each branch's output replaces the tokens; it must be added to them.",
            "A branch reads the stream, and adds to it.",
        ),
        Mistake(
            "no-norm1",
            (
                ("self.attn(self.norm1(x), need_weights=True)", "self.attn(x, need_weights=True)"),
                ("self.attn(self.norm1(x)), None", "self.attn(x), None"),
            ),
            "norm1 is never used: attention must see the normalised tokens.",
            "There are two norms, one for each branch.",
        ),
        Mistake(
            "no-norm2",
            (_ADD_MLP, "x = x + self.mlp(x)"),
            "norm2 is never used: the MLP must see the normalised tokens.",
            "There are two norms, one for each branch.",
        ),
        Mistake(
            "norm1-twice",
            (_ADD_MLP, "x = x + self.mlp(self.norm1(x))"),
            "norm1 is used twice; the MLP has a norm of its own, norm2.",
            "Each norm has its own learned scale and shift.",
        ),
        Mistake(
            "norms-swapped",
            (
                ("self.attn(self.norm1(x), need_weights=True)", "self.attn(self.norm2(x), need_weights=True)"),
                ("self.attn(self.norm1(x)), None", "self.attn(self.norm2(x)), None"),
                (_ADD_MLP, "x = x + self.mlp(self.norm1(x))"),
            ),
            "The two norms are exchanged: norm1 belongs before attention, norm2 before the MLP.",
            "A pretrained checkpoint would load without a word and give nonsense.",
        ),
        Mistake(
            "normed-stream",
            (
                ("if need_weights:", "x = self.norm1(x)\n        if need_weights:"),
                ("self.attn(self.norm1(x), need_weights=True)", "self.attn(x, need_weights=True)"),
                ("self.attn(self.norm1(x)), None", "self.attn(x), None"),
                (_ADD_MLP, "x = self.norm2(x)\n        x = x + self.mlp(x)"),
            ),
            "The residual adds to the normalised tokens: x was overwritten by its norm, so that the stream itself is "
            "normalised at every branch.",
            "Give the normalised copy no name, or one of its own, and add to the x that came in.",
        ),
        Mistake(
            "parallel",
            (_ADD_ATTENTION + "\n        " + _ADD_MLP, "x = x + attended + self.mlp(self.norm2(x))"),
            "The MLP reads the tokens as they were before attention; it must read the sum that attention left.",
            "Two steps, one after the other: the first addition is done before norm2 sees the tokens.",
        ),
        Mistake(
            "mlp-first",
            (
                ("if need_weights:", _ADD_MLP + "\n        if need_weights:"),
                (_ADD_ATTENTION + "\n        " + _ADD_MLP, _ADD_ATTENTION),
            ),
            "The MLP comes before attention; attention comes first.",
            "First the tokens talk to each other, then each one works on what it heard.",
        ),
        Mistake(
            "mlp-dropped",
            (_ADD_MLP, "self.mlp(self.norm2(x))"),
            "The MLP's result is lost: only attention's has been added.",
            "Modules return a new tensor and never change x: assign the sum.",
        ),
        Mistake(
            "attention-dropped",
            (_ADD_ATTENTION, "x = x"),
            "Attention's result is lost: only the MLP's has been added.",
            "Modules return a new tensor and never change x: assign the sum.",
        ),
        Mistake(
            "in-place",
            (_ADD_ATTENTION, "x += attended"),
            "`x += …` writes into the caller's tensor; the block must leave its input as it was.",
            "Write the sum into a new tensor: with + and =, not with +=.",
        ),
        Mistake(
            "weights-forgotten",
            ("return (x, weights) if need_weights else x", "return x"),
            "With need_weights=True it still returns the tokens alone; it must return the pair of tokens and weights.",
            "self.attn(…, need_weights=True) gives a pair; hand its second member on.",
        ),
        Mistake(
            "always-a-pair",
            ("return (x, weights) if need_weights else x", "return x, weights"),
            "It returns a pair even when nobody asked for the weights; without need_weights it returns the tokens alone.",
            "The next block takes a tensor, not a pair.",
        ),
        Mistake(
            "pair-swapped",
            ("return (x, weights) if need_weights else x", "return (weights, x) if need_weights else x"),
            "The pair is the wrong way round: the tokens come first, the weights second.",
            "Keep attention's own order.",
        ),
        Mistake(
            "default-eps",
            (
                ("self.norm1 = nn.LayerNorm(embed_dim, eps=1e-6)", "self.norm1 = nn.LayerNorm(embed_dim)"),
                ("self.norm2 = nn.LayerNorm(embed_dim, eps=1e-6)", "self.norm2 = nn.LayerNorm(embed_dim)"),
            ),
            "The norms use PyTorch's eps of 1e-5; a ViT's is 1e-6, which shows when the tokens vary little.",
            "The given lines pass eps to nn.LayerNorm: keep them.",
        ),
    ),
    hints=(
        "A block has two branches. Each one reads a normalised copy of the tokens and adds its result to the tokens "
        "themselves: first attention, then the MLP.",
        "Everything keeps the shape (B, N, D). self.attn(normalised) gives (B, N, D), and with need_weights=True a pair "
        "whose second member is (B, h, N, N). The MLP's branch reads the sum that attention's branch left.",
        "x = x + self.attn(self.norm1(x)), then x = x + self.mlp(self.norm2(x)). When need_weights is true, take "
        "attended, weights = self.attn(self.norm1(x), need_weights=True) and return (x, weights) at the end.",
    ),
)
