"""Lab 04: what the checker feeds to Block, and the mistakes that it knows."""

import functools

import torch

from ...reference.vit import Block
from ..base import Exercise, Mistake

_CASES = [
    # D * mlp_ratio is no whole number: rounding up shows in the parameters' shapes. No batch of 2: `a, b = …` unpacks it
    dict(B=3, N=7, sizes=dict(embed_dim=8, num_heads=2, mlp_ratio=1.7)),
    dict(B=4, N=5, sizes=dict(embed_dim=6, num_heads=3, mlp_ratio=2.3)),
    dict(B=1, N=1, sizes=dict(embed_dim=5, num_heads=1, mlp_ratio=1.5)),  # what a squeeze() would eat
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
    see.twice("the result", block, x, axes="image token channel")
    # the variance is about as large as eps = 1e-6, so that PyTorch's 1e-5 shows
    see("the result for tokens of small variance", block(1e-3 * x))
    leaf = x.clone().requires_grad_()
    result = block(leaf)
    see.gradient("`x`", result, leaf)
    see.gradient("`attn.qkv.weight`", result, block.attn.qkv.weight)
    see.gradient("`mlp.fc1.weight`", result, block.mlp.fc1.weight)
    with torch.no_grad():
        for parameter in block.attn.proj.parameters():
            parameter.mul_(1e-3)  # so that norm2's tokens vary little too
    see("the result when attention adds little to tokens of small variance", block(1e-3 * x))
    default = answer(embed_dim=x.shape[-1], num_heads=sizes["num_heads"])
    see("the MLP's hidden width when mlp_ratio is left out", default.get_parameter("mlp.fc1.bias").numel())


_ADD_ATTENTION = "x = x + self.attn(self.norm1(x))"
_ADD_MLP = "x = x + self.mlp(self.norm2(x))"


EXERCISE = Exercise(
    id="Block",
    cases=3,
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "post-norm",
            (
                (_ADD_ATTENTION, "x = self.norm1(x + self.attn(x))"),
                (_ADD_MLP, "x = self.norm2(x + self.mlp(x))"),
            ),
            "The norms come after the additions (post-norm); a ViT normalises what enters attention and MLP (pre-norm).",
            "Leave the residual stream itself alone: normalise only the copy that goes into the branch.",
        ),
        Mistake(
            "norm-after-branch",
            (
                (_ADD_ATTENTION, "x = x + self.norm1(self.attn(x))"),
                (_ADD_MLP, "x = x + self.norm2(self.mlp(x))"),
            ),
            "Each norm is applied to what attention or the MLP gives back; it belongs before them.",
            "Read the branch from its input: first the norm, then attention or the MLP, then the addition.",
        ),
        Mistake(
            "no-attention-residual",
            (_ADD_ATTENTION, "x = self.attn(self.norm1(x))"),
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
            ((_ADD_ATTENTION, "x = self.attn(self.norm1(x))"), (_ADD_MLP, "x = self.mlp(self.norm2(x))")),
            "Both residuals are missing: each branch's output replaces the tokens; it must be added to them.",
            "A branch reads the stream, and adds to it.",
        ),
        Mistake(
            "no-norm1",
            (_ADD_ATTENTION, "x = x + self.attn(x)"),
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
                (_ADD_ATTENTION, "x = x + self.attn(self.norm2(x))"),
                (_ADD_MLP, "x = x + self.mlp(self.norm1(x))"),
            ),
            "The two norms are exchanged: norm1 belongs before attention, norm2 before the MLP.",
            "A pretrained checkpoint would load without a word and give nonsense.",
        ),
        Mistake(
            "normed-stream",
            (
                (_ADD_ATTENTION, "x = self.norm1(x)\n        x = x + self.attn(x)"),
                (_ADD_MLP, "x = self.norm2(x)\n        x = x + self.mlp(x)"),
            ),
            "The residual adds to the normalised tokens: x was overwritten by its norm, so that the stream itself is "
            "normalised at every branch.",
            "Give the normalised copy no name, or one of its own, and add to the x that came in.",
        ),
        Mistake(
            "attention-post-norm",
            (_ADD_ATTENTION, "x = self.norm1(x + self.attn(x))"),
            "norm1 comes after attention's addition (post-norm); a ViT normalises what enters attention, as the second "
            "half does.",
            "The two halves are alike: a norm, a branch, an addition.",
        ),
        Mistake(
            "mlp-post-norm",
            (_ADD_MLP, "x = self.norm2(x + self.mlp(x))"),
            "norm2 comes after the MLP's addition (post-norm); a ViT normalises what enters the MLP, as the first half does.",
            "The two halves are alike: a norm, a branch, an addition.",
        ),
        Mistake(
            "norm-after-attention",
            (_ADD_ATTENTION, "x = x + self.norm1(self.attn(x))"),
            "norm1 is applied to what attention gives back; it belongs before attention.",
            "The two halves are alike: a norm, a branch, an addition.",
        ),
        Mistake(
            "norm-after-mlp",
            (_ADD_MLP, "x = x + self.norm2(self.mlp(x))"),
            "norm2 is applied to what the MLP gives back; it belongs before the MLP.",
            "The two halves are alike: a norm, a branch, an addition.",
        ),
        Mistake(
            "normed-before-attention",
            (_ADD_ATTENTION, "x = self.norm1(x)\n        x = x + self.attn(x)"),
            "Attention's result is added to the normalised tokens: x was overwritten by its norm. It is added to the "
            "tokens that came in.",
            "Give the normalised copy no name, or one of its own.",
        ),
        Mistake(
            "normed-before-mlp",
            (_ADD_MLP, "x = self.norm2(x)\n        x = x + self.mlp(x)"),
            "The MLP's result is added to the normalised tokens: x was overwritten by its norm. It is added to what "
            "attention left.",
            "Give the normalised copy no name, or one of its own.",
        ),
        Mistake(
            "norm2-twice",
            (_ADD_ATTENTION, "x = x + self.attn(self.norm2(x))"),
            "norm2 is used twice; attention has a norm of its own, norm1.",
            "Each norm has its own learned scale and shift.",
        ),
        Mistake(
            "no-norms",
            ((_ADD_ATTENTION, "x = x + self.attn(x)"), (_ADD_MLP, "x = x + self.mlp(x)")),
            "Neither norm is used: attention and the MLP must see normalised tokens.",
            "There are two norms, one for each branch.",
        ),
        Mistake(
            "added-to-the-input",
            (
                _ADD_ATTENTION + "\n        " + _ADD_MLP,
                "y = x + self.attn(self.norm1(x))\n        x = x + self.mlp(self.norm2(y))",
            ),
            "The second addition starts again from the block's input, so that attention's sum is lost; the MLP's result "
            "is added to what attention left.",
            "Both terms of the second addition read the same tensor.",
        ),
        Mistake(
            "mlp-reads-the-branch",
            (
                _ADD_ATTENTION + "\n        " + _ADD_MLP,
                "attended = self.attn(self.norm1(x))\n        x = x + attended + self.mlp(self.norm2(attended))",
            ),
            "The MLP reads attention's result alone; it must read the tokens with that result added.",
            "Do the first addition before norm2 sees anything.",
        ),
        Mistake(
            "input-added-twice",
            (
                _ADD_ATTENTION + "\n        " + _ADD_MLP,
                "y = x + self.attn(self.norm1(x))\n        x = x + y + self.mlp(self.norm2(y))",
            ),
            "The block's input is added twice: the second addition starts from what attention left, which holds it already.",
            "Each half has one addition of two terms.",
        ),
        Mistake(
            "images-attend",
            (_ADD_ATTENTION, "x = x + self.attn(self.norm1(x).transpose(0, 1)).transpose(0, 1)"),
            "Attention runs over the images of the batch: the tokens were moved to the front, as nn.MultiheadAttention takes them by default; self.attn takes (B, N, D).",
            "Hand the tokens over as they are.",
        ),
        Mistake(
            "mlp-detached",
            (_ADD_MLP, "x = x + self.mlp(self.norm2(x)).detach()"),
            "The MLP's result is cut off from the graph: the MLP would never learn.",
            "No .data, .detach() or no_grad in a block.",
        ),
        Mistake(
            "attention-detached",
            (_ADD_ATTENTION, "x = x + self.attn(self.norm1(x)).detach()"),
            "Attention's result is cut off from the graph: attention would never learn.",
            "No .data, .detach() or no_grad in a block.",
        ),
        Mistake(
            "post-norm-without-residuals",
            ((_ADD_ATTENTION, "x = self.norm1(self.attn(x))"), (_ADD_MLP, "x = self.norm2(self.mlp(x))")),
            "There are no residuals, and the norms come after attention and the MLP; each branch reads a normalised copy and adds to the tokens.",
            "Leave the tokens as they are, and add to them what each branch makes of their normalised copy.",
        ),
        Mistake(
            "sums-halved",
            (
                (_ADD_ATTENTION, "x = (x + self.attn(self.norm1(x))) / 2"),
                (_ADD_MLP, "x = (x + self.mlp(self.norm2(x))) / 2"),
            ),
            "Each sum is halved; the branch's result is added as it is.",
            "A residual is a sum, not a mean.",
        ),
        Mistake(
            "parallel",
            (_ADD_ATTENTION + "\n        " + _ADD_MLP, "x = x + self.attn(self.norm1(x)) + self.mlp(self.norm2(x))"),
            "The MLP reads the tokens as they were before attention; it must read the sum that attention left.",
            "Two steps, one after the other: the first addition is done before norm2 sees the tokens.",
        ),
        Mistake(
            "mlp-first",
            (_ADD_ATTENTION + "\n        " + _ADD_MLP, _ADD_MLP + "\n        " + _ADD_ATTENTION),
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
            (_ADD_ATTENTION, "self.attn(self.norm1(x))"),
            "Attention's result is lost: only the MLP's has been added.",
            "Modules return a new tensor and never change x: assign the sum.",
        ),
        Mistake(
            "in-place",
            (_ADD_ATTENTION, "x += self.attn(self.norm1(x))"),
            "`x += …` writes into the caller's tensor; the block must leave its input as it was.",
            "Write the sum into a new tensor: with + and =, not with +=.",
        ),
        Mistake(
            "first-of-a-pair",
            (_ADD_ATTENTION, "x = x + self.attn(self.norm1(x))[0]"),
            "`self.attn(…)[0]` is the first image of the batch, added to all of them: self.attn gives a tensor, not a "
            "pair as nn.MultiheadAttention does.",
            "Take what self.attn gives as it is: it has the shape of the tokens.",
        ),
        Mistake(
            "unpacked",
            (_ADD_ATTENTION, "attended, _ = self.attn(self.norm1(x))\n        x = x + attended"),
            "`a, _ = self.attn(…)` takes the batch apart image by image: self.attn gives a tensor, not a pair as "
            "nn.MultiheadAttention does.",
            "Give its result one name, or none: it has the shape of the tokens.",
        ),
        Mistake(
            "pair-added",
            (_ADD_ATTENTION, "x = x + self.attn(self.norm1(x), need_weights=True)"),
            "With need_weights=True self.attn gives a pair, and a pair cannot be added to the tokens.",
            "Nobody here reads the weights: do not ask for them.",
        ),
        Mistake(
            "query-key-value",
            (_ADD_ATTENTION, "n = self.norm1(x)\n        x = x + self.attn(n, n, n)"),
            "self.attn takes the tokens once: it makes queries, keys and values itself, unlike nn.MultiheadAttention.",
            "Lab 03 put all three into one linear layer, qkv.",
        ),
        Mistake(
            "pair-returned",
            (
                (
                    _ADD_ATTENTION,
                    "attended, weights = self.attn(self.norm1(x), need_weights=True)\n        x = x + attended",
                ),
                ("return x", "return x, weights"),
            ),
            "It returns a pair, the tokens and attention's weights; a block returns the tokens alone.",
            "The next block takes a tensor. Who wants the weights asks attention itself; lab 06 shows how.",
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
        "Everything keeps the shape (B, N, D): what a norm, self.attn or self.mlp gives can be added to the tokens. The "
        "MLP's branch reads the sum that attention's branch left.",
        "x = x + self.attn(self.norm1(x)), then the same with self.norm2 and self.mlp, then return x.",
    ),
)
