"""Lab 04: what the checker feeds to Block, ViT and count_vit_parameters, and the mistakes that it knows."""

import functools

import torch

from ..reference.vit import Block, ViT
from .base import Exercise, Mistake

_BLOCK_CASES = [
    # D * mlp_ratio is no whole number: rounding up shows in the parameters' shapes
    dict(B=2, N=5, sizes=dict(embed_dim=6, num_heads=3, mlp_ratio=2.3)),
    dict(B=3, N=4, sizes=dict(embed_dim=8, num_heads=2, mlp_ratio=1.7)),
]
_VIT_CASES = [
    dict(
        B=3,
        pixels=(8, 12),
        sizes=dict(
            img_size=(8, 12), patch_size=4, in_chans=2, num_classes=5, embed_dim=6, depth=3, num_heads=3, mlp_ratio=1.7
        ),
    ),
    dict(
        B=2,
        pixels=(6, 6),
        sizes=dict(
            img_size=6, patch_size=3, in_chans=4, num_classes=7, embed_dim=8, depth=2, num_heads=2, mlp_ratio=2.6
        ),
    ),
]


def _draw_block(d):
    case = _BLOCK_CASES[d.index]
    x = d.normal(case["B"], case["N"], case["sizes"]["embed_dim"])
    return dict(x=x, sizes=case["sizes"], state=d.state(_block_of(d.index)))


@functools.cache
def _block_of(index):
    """The reference's block of a case: only its parameters' names and shapes are read, so one is enough."""
    return Block(**_BLOCK_CASES[index]["sizes"])


def _probe_block(answer, see, x, sizes, state):
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


def _draw_vit(d):
    case = _VIT_CASES[d.index]
    images = d.normal(case["B"], case["sizes"]["in_chans"], *case["pixels"])
    return dict(images=images, sizes=case["sizes"], state=d.state(_vit_of(d.index)))


@functools.cache
def _vit_of(index):
    return ViT(**_VIT_CASES[index]["sizes"])


def _probe_vit(answer, see, images, sizes, state):
    model = see.build(answer, state, images.dtype, **sizes)
    see("the result", model(images))
    parts = ("the logits with need_weights=True", "the list of weights")
    see.pair("the result with need_weights=True", parts, model(images, need_weights=True))
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", model(leaf), leaf)
    for name in ("patch_embed.proj.weight", "tokens.cls_token", "tokens.pos_embed", "blocks.0.attn.qkv.weight"):
        see.gradient(f"`{name}`", model(images), model.get_parameter(name))
    see("the result when the tokens' variance is small", _shrink(model)(images))
    fresh = answer(**sizes)
    linears = [module for module in fresh.modules() if isinstance(module, torch.nn.Linear)]
    see("the largest bias of a new model's linear layers", max(float(m.bias.detach().abs().max()) for m in linears))
    # four standard deviations of what a new model has; PyTorch's default is far above it at these sizes
    small = max(float(m.weight.detach().std()) for m in linears) < 0.04
    see("whether the linear weights of a new model are drawn with standard deviation 0.02", small)


def _shrink(model):
    """Make what enters the last norm small, so that its eps shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(("norm.", "head.")):
                parameter.mul_(1e-3)
    return model


def _draw_count(d):
    # The ranges keep the mistakes apart: no two of them are wrong by the same number.
    P = d.integer(7, 10)
    return dict(
        img_size=(P * d.integer(5, 7), P * d.integer(11, 14)),  # never square
        patch_size=P,
        in_chans=d.integer(3, 6),
        num_classes=d.integer(11, 30),
        embed_dim=20 * d.integer(4, 9),
        depth=d.integer(5, 9),
        num_heads=4,
        mlp_ratio=2.71,  # times a multiple of 20: hidden widths such as 216.8 that int() must cut
    )


def _probe_count(answer, see, **sizes):
    see("the count", answer(**sizes))
    see("the count for other num_heads", answer(**{**sizes, "num_heads": 10}))
    see("the count for a square image given as one number", answer(**{**sizes, "img_size": 7 * sizes["patch_size"]}))
    see("the count for mlp_ratio=4.0", answer(**{**sizes, "mlp_ratio": 4.0}))
    see("the count for ViT-B/16, all arguments left at their defaults", answer())


_ADD_ATTENTION = "x = x + attended"
_ADD_MLP = "x = x + self.mlp(self.norm2(x))"

EXERCISES = (
    Exercise(
        id="Block",
        draw=_draw_block,
        probe=_probe_block,
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
    ),
    Exercise(
        id="ViT",
        draw=_draw_vit,
        probe=_probe_vit,
        mistakes=(
            Mistake(
                "shared-block",
                (
                    "nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))",
                    "nn.ModuleList([Block(embed_dim, num_heads, mlp_ratio)] * depth)",
                ),
                "All blocks are one and the same object: [block] * depth repeats a reference, so that the model has the "
                "weights of a single block.",
                "Call Block once for each layer, inside a loop or a comprehension.",
            ),
            Mistake(
                "python-list",
                (
                    "nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))",
                    "[Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)]",
                ),
                "The blocks are in a plain Python list: PyTorch does not see their parameters, so no optimiser trains them.",
                "nn.ModuleList takes the same list and registers what is in it.",
            ),
            Mistake(
                "one-block-short",
                ("for _ in range(depth)", "for _ in range(depth - 1)"),
                "There is one block too few: depth is the number of blocks.",
                "range(n) already gives n numbers.",
            ),
            Mistake(
                "mlp-ratio-dropped",
                ("Block(embed_dim, num_heads, mlp_ratio)", "Block(embed_dim, num_heads)"),
                "mlp_ratio does not reach the blocks: every MLP has the default width.",
                "Block takes it as its third argument.",
            ),
            Mistake(
                "one-head",
                ("Block(embed_dim, num_heads, mlp_ratio)", "Block(embed_dim, 1, mlp_ratio)"),
                "num_heads does not reach the blocks: the attention has one head. The parameters look the same, the "
                "result does not.",
                "Block takes it as its second argument.",
            ),
            Mistake(
                "positions-off-by-one",
                ("TokenPrep(self.patch_embed.num_patches,", "TokenPrep(self.patch_embed.num_patches + 1,"),
                "There is one position too many: TokenPrep is told the number of patches and adds the class token itself.",
                "PatchEmbed knows the number of patches.",
            ),
            Mistake(
                "no-norm-module",
                (
                    ("        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)\n", ""),
                    ("self.norm(x)[:, 0]", "x[:, 0]"),
                ),
                "There is no last norm: the pre-norm stream grows from block to block, and self.norm evens it out before "
                "the head.",
                "Make self.norm beside self.head, and apply it after the last block.",
            ),
            Mistake(
                "no-last-norm",
                ("self.norm(x)[:, 0]", "x[:, 0]"),
                "self.norm is made but never used: the last norm comes after the blocks, before the head.",
                "In a pre-norm model nothing else normalises what the last block leaves.",
            ),
            Mistake(
                "norm-before-blocks",
                (
                    ("self.tokens(self.patch_embed(images))", "self.norm(self.tokens(self.patch_embed(images)))"),
                    ("self.norm(x)[:, 0]", "x[:, 0]"),
                ),
                "self.norm comes before the blocks; it must come after the last one.",
                "The blocks bring their own norms. This one belongs to the head.",
            ),
            Mistake(
                "default-eps",
                ("self.norm = nn.LayerNorm(embed_dim, eps=1e-6)", "self.norm = nn.LayerNorm(embed_dim)"),
                "The last norm uses PyTorch's eps of 1e-5; the text asks for 1e-6.",
                "nn.LayerNorm takes eps as an argument.",
            ),
            Mistake(
                "mean-of-tokens",
                ("self.norm(x)[:, 0]", "self.norm(x).mean(dim=1)"),
                "The head reads the mean of all tokens; it must read the class token alone.",
                "TokenPrep puts the class token first.",
            ),
            Mistake(
                "mean-of-patches",
                ("self.norm(x)[:, 0]", "self.norm(x)[:, 1:].mean(dim=1)"),
                "The head reads the mean of the patches; it must read the class token alone.",
                "TokenPrep puts the class token first. (A mean makes a good model too, but another one.)",
            ),
            Mistake(
                "first-patch",
                ("self.norm(x)[:, 0]", "self.norm(x)[:, 1]"),
                "The head reads the first patch; the class token stands at index 0.",
                "Python counts from zero.",
            ),
            Mistake(
                "last-token",
                ("self.norm(x)[:, 0]", "self.norm(x)[:, -1]"),
                "The head reads the last patch; the class token stands first.",
                "TokenPrep puts the class token before the patches.",
            ),
            Mistake(
                "every-token",
                ("self.norm(x)[:, 0]", "self.norm(x)"),
                "The head is applied to every token: the result has a row of logits per token, not one per image.",
                "Pick the class token along the axis of the tokens before the head.",
            ),
            Mistake(
                "first-image",
                ("self.norm(x)[:, 0]", "self.norm(x)[0]"),
                "Index 0 was taken along the batch: the result is about the first image only.",
                "The axes are (B, N+1, D): the tokens are the second one.",
            ),
            Mistake(
                "no-tokens",
                ("self.tokens(self.patch_embed(images))", "self.patch_embed(images)"),
                "self.tokens is never used: there is no class token, and no position is added.",
                "After the patches are embedded, self.tokens adds what is missing.",
            ),
            Mistake(
                "blocks-unused",
                ("                x = block(x)", "                block(x)"),
                "Each block's result is lost: what reaches the head never went through the blocks.",
                "A module returns a new tensor: assign it.",
            ),
            Mistake(
                "blocks-reversed",
                ("for block in self.blocks:", "for block in reversed(self.blocks):"),
                "The blocks run from the last to the first.",
                "Iterate over self.blocks as it is.",
            ),
            Mistake(
                "one-block-run",
                ("for block in self.blocks:", "for block in self.blocks[:1]:"),
                "Only the first block is run.",
                "Every block takes what the one before it left.",
            ),
            Mistake(
                "softmaxed",
                ("logits = self.head(cls_out)", "logits = self.head(cls_out).softmax(dim=-1)"),
                "It returns probabilities; a classifier returns logits, and the loss takes the softmax itself.",
                "The head's output is the result: nothing comes after it.",
            ),
            Mistake(
                "weights-forgotten",
                ("return (logits, weights_per_layer) if need_weights else logits", "return logits"),
                "With need_weights=True it still returns the logits alone; it must return the pair of logits and weights.",
                "Collect each block's weights in a list, and return it beside the logits.",
            ),
            Mistake(
                "always-a-pair",
                ("return (logits, weights_per_layer) if need_weights else logits", "return logits, weights_per_layer"),
                "It returns a pair even when nobody asked for the weights; without need_weights it returns the logits alone.",
                "The loss takes a tensor, not a pair.",
            ),
            Mistake(
                "last-weights-only",
                ("weights_per_layer.append(weights)", "weights_per_layer = [weights]"),
                "The list holds the last block's weights alone; it must hold those of every block.",
                "Add to the list, once for each block.",
            ),
            Mistake(
                "weights-stacked",
                ("return (logits, weights_per_layer)", "return (logits, torch.stack(weights_per_layer))"),
                "The weights are stacked into one tensor; the text asks for a list with one tensor per block.",
                "Return the list as it is.",
            ),
            Mistake(
                "no-init",
                ("self.apply(init_weights)", "pass"),
                "The given last line of __init__ is missing: the linear layers keep PyTorch's own start values instead of "
                "a truncated normal with standard deviation 0.02.",
                "Leave self.apply(init_weights) at the end, after all modules are made.",
            ),
        ),
        hints=(
            "__init__ makes the parts, forward sends the images through them in the same order: patches, tokens, blocks, "
            "norm, head. The head sees one token only.",
            "images (B, C, H, W) -> patch_embed (B, N, D) -> tokens (B, N+1, D) -> each block (B, N+1, D) -> norm -> the class "
            "token's row (B, D) -> head (B, K). Each block is a Block of its own, kept in an nn.ModuleList.",
            "self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)); in forward, "
            "x = self.tokens(self.patch_embed(images)), then x = block(x) for each block, then self.head(self.norm(x)[:, 0]). "
            "With need_weights, x, weights = block(x, need_weights=True), and the weights go into a list.",
        ),
    ),
    Exercise(
        id="count_vit_parameters",
        draw=_draw_count,
        probe=_probe_count,
        mistakes=(
            Mistake(
                "one-vector-short",
                ("tokens = D + (N + 1) * D", "tokens = (N + 1) * D"),
                "Exactly one vector of length embed_dim is missing: the class token, its position, or the bias of the patch "
                "convolution.",
                "Beside the N patches there is a class token. It is a parameter, and it has a position as well.",
            ),
            Mistake(
                "last-norm",
                (
                    "return patch_embed + tokens + depth * block + norm + head",
                    "return patch_embed + tokens + depth * block + head",
                ),
                "Exactly two vectors of length embed_dim are missing: very likely the last norm's scale and shift.",
                "After the blocks comes one more LayerNorm. (Or both the class token and its position are missing.)",
            ),
            Mistake(
                "norm-scale-only",
                ("norm = 2 * D", "norm = D"),
                "Each LayerNorm is counted with D parameters; it has 2*D, a scale and a shift.",
                "Print the shapes of nn.LayerNorm(8).named_parameters().",
            ),
            Mistake(
                "one-norm-per-block",
                ("block = norm + attention + norm + mlp", "block = norm + attention + mlp"),
                "A block is counted with one LayerNorm; it has two.",
                "There is a norm before attention, and one before the MLP.",
            ),
            Mistake(
                "no-biases",
                (
                    ("attention = (D * 3 * D + 3 * D) + (D * D + D)", "attention = (D * 3 * D) + (D * D)"),
                    ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = (D * hidden) + (hidden * D)"),
                    ("head = D * num_classes + num_classes", "head = D * num_classes"),
                    ("patch_embed = in_chans * patch_size**2 * D + D", "patch_embed = in_chans * patch_size**2 * D"),
                ),
                "The biases are not counted; the patch convolution and every linear layer have one.",
                "A linear layer from a to b has a*b + b parameters.",
            ),
            Mistake(
                "no-block-biases",
                (
                    ("attention = (D * 3 * D + 3 * D) + (D * D + D)", "attention = (D * 3 * D) + (D * D)"),
                    ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = (D * hidden) + (hidden * D)"),
                ),
                "The biases of the linear layers in the blocks are not counted.",
                "qkv, proj, fc1 and fc2 each have a bias as long as their output.",
            ),
            Mistake(
                "no-qkv-bias",
                ("(D * 3 * D + 3 * D)", "(D * 3 * D)"),
                "In each block 3*D parameters are missing: the bias of qkv.",
                "The layer maps D to 3*D, and its bias is as long as its output.",
            ),
            Mistake(
                "no-hidden-bias",
                ("(D * hidden + hidden)", "(D * hidden)"),
                "In each block the bias of fc1 is missing: it is as long as the MLP's hidden layer.",
                "A linear layer from a to b has a*b + b parameters.",
            ),
            Mistake(
                "block-bias-short",
                ("(D * D + D)", "(D * D)"),
                "In each block exactly embed_dim parameters are missing: the bias of proj or the bias of fc2.",
                "Four linear layers make a block: qkv, proj, fc1 and fc2. Each has a bias.",
            ),
            Mistake(
                "no-head-bias",
                ("head = D * num_classes + num_classes", "head = D * num_classes"),
                "The head's bias is missing: one number for each class.",
                "A linear layer from a to b has a*b + b parameters.",
            ),
            Mistake(
                "qkv-once",
                ("(D * 3 * D + 3 * D)", "(D * D + D)"),
                "qkv is counted as one map from D to D; it makes queries, keys and values, so it maps D to 3*D.",
                "Print the shape of MultiHeadAttention(8, 2).qkv.weight.",
            ),
            Mistake(
                "no-proj",
                ("(D * 3 * D + 3 * D) + (D * D + D)", "(D * 3 * D + 3 * D)"),
                "The attention's output layer `proj` is not counted.",
                "After the heads are joined, one more linear layer from D to D follows.",
            ),
            Mistake(
                "times-heads",
                (
                    "attention = (D * 3 * D + 3 * D) + (D * D + D)",
                    "attention = num_heads * (D * 3 * D + 3 * D) + (D * D + D)",
                ),
                "The attention is counted once per head; the heads share D among them, so their number changes nothing.",
                "Each of the h heads works with D/h numbers.",
            ),
            Mistake(
                "one-block",
                ("depth * block", "block"),
                "One block is counted; there are `depth` of them.",
                "Every block has weights of its own.",
            ),
            Mistake(
                "norm-per-block",
                ("depth * block + norm + head", "depth * (block + norm) + head"),
                "The last norm is counted once per block; there is one, after all blocks.",
                "A block has two norms. The last one stands outside.",
            ),
            Mistake(
                "patch-not-squared",
                ("in_chans * patch_size**2 * D + D", "in_chans * patch_size * D + D"),
                "The patch convolution's window is P by P, but P was counted once.",
                "Each output looks at all the pixels of a square patch.",
            ),
            Mistake(
                "one-channel",
                ("in_chans * patch_size**2 * D + D", "patch_size**2 * D + D"),
                "The image's channels are not counted in the patch convolution.",
                "Each output looks at every channel of every pixel in the patch.",
            ),
            Mistake(
                "no-positions",
                ("tokens = D + (N + 1) * D", "tokens = D"),
                "The positions are not counted: they are learned, one vector for each token.",
                "pos_embed is a parameter of shape (1, N+1, D).",
            ),
            Mistake(
                "square-image",
                ("N = (H // patch_size) * (W // patch_size)", "N = (H // patch_size) ** 2"),
                "The number of patches is right for square images only.",
                "H and W can differ, and the given line takes both.",
            ),
            Mistake(
                "mlp-ratio-ignored",
                ("hidden = int(D * mlp_ratio)", "hidden = 4 * D"),
                "The MLP's hidden width is taken to be 4*D; it is given by mlp_ratio.",
                "The given line computes `hidden`: use it.",
            ),
            Mistake(
                "float-count",
                ("hidden = int(D * mlp_ratio)", "hidden = D * mlp_ratio"),
                "The count is a float, for the hidden width was not cut to a whole number; a count is an int.",
                "The given line computes `hidden` with int(): use it.",
            ),
            Mistake(
                "one-mlp-layer",
                ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = D * hidden + hidden"),
                "Only one of the MLP's two linear layers is counted.",
                "fc1 goes from D to hidden, and fc2 goes back.",
            ),
        ),
        hints=(
            "Go through the model as an image does, and write down the shape of every parameter. A linear layer from a to b "
            "has a*b weights and b biases; a LayerNorm has a scale and a shift.",
            "patch_embed.proj (D, C, P, P) and its bias; cls_token (D); pos_embed (N+1, D); in each block two norms (2*D each), "
            "qkv (3*D, D), proj (D, D), fc1 (hidden, D), fc2 (D, hidden) and their biases; the last norm; head (K, D) and "
            "its bias.",
            "A block is 2*D + (D*3*D + 3*D) + (D*D + D) + 2*D + (D*hidden + hidden) + (hidden*D + D). Around depth blocks: "
            "C*P*P*D + D for the patches, D + (N+1)*D for the tokens, 2*D for the last norm, D*K + K for the head.",
        ),
    ),
)
