"""Lab 07: what the checker feeds to DistilledViT, and the mistakes that it knows."""

import functools

import torch

from ...reference.deit import DistilledViT
from ..base import Exercise, Mistake
from ..common import probe_new_model, spread_in_words

_CASES = [
    dict(
        B=7,
        pixels=(10, 20),
        sizes=dict(
            img_size=(10, 20),
            patch_size=5,
            in_chans=4,
            num_classes=11,
            embed_dim=12,
            depth=3,
            num_heads=6,
            mlp_ratio=1.65,
        ),
    ),
    dict(
        B=6,
        pixels=(12, 12),
        sizes=dict(
            img_size=12, patch_size=4, in_chans=5, num_classes=13, embed_dim=14, depth=3, num_heads=7, mlp_ratio=2.6
        ),
    ),
    dict(  # whatever can be 1 is 1, for a squeeze() to show
        B=1,
        pixels=(1, 1),
        sizes=dict(
            img_size=(1, 1), patch_size=1, in_chans=1, num_classes=1, embed_dim=6, depth=1, num_heads=1, mlp_ratio=2.5
        ),
    ),
]


def draw(d):
    case = _CASES[d.index]
    images = d.normal(case["B"], case["sizes"]["in_chans"], *case["pixels"])
    return dict(images=images, sizes=case["sizes"], state=d.state(_model_of(d.index)))


@functools.cache
def _model_of(index):
    """The reference's model of a case: only its parameters' names and shapes are read."""
    return DistilledViT(**_CASES[index]["sizes"])


_PAIR = ("the class token's logits", "the distillation token's logits")


def probe(answer, see, images, sizes, state):
    model = see.build(answer, state, images.dtype, **sizes)
    see.twice("the tokens that `embed` gives", model.embed, images, axes="image token channel")
    returned = f"{_kind(model.train()(images))} in training mode, {_kind(model.eval()(images))} in evaluation mode"
    see("what it returns", returned)
    see.twice("the result in evaluation mode", model, images, axes="image class")
    model.train()
    pair = see.pair("the result in training mode", _PAIR, model(images), axes=["image class"] * 2)
    see("whether asking again in training mode gives the same", all(map(torch.equal, pair, model(images))))
    leaf = images.clone().requires_grad_()
    pair = model(leaf)
    for part, output in zip(_PAIR, pair, strict=True):
        see.gradient(f"`images` from {part}", output, leaf)
    both = torch.cat(list(pair), dim=1)
    for name in ("cls_token", "dist_token", "pos_embed", "norm.weight"):
        see.gradient(f"`{name}`", both, model.get_parameter(name))
    see.gradient("`head_dist.weight` in evaluation mode", model.eval()(images), model.head_dist.weight)
    _shrink(model)
    see("the result when the tokens' variance is small", model(images))
    _probe_new_model(answer, see, sizes)


def _kind(value):
    """What was returned, in words."""
    if isinstance(value, torch.Tensor):
        return "a tensor" if value.ndim < 3 else "one tensor of both"
    if isinstance(value, tuple | list):
        return "a pair" if len(value) == 2 else f"{len(value)} things"
    return "None" if value is None else f"a {type(value).__name__}"


def _shrink(model):
    """Make what enters the last norm small, so that its eps shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(("norm.", "head")):
                parameter.mul_(1e-3)


def _probe_new_model(answer, see, sizes):
    """What a new model's weights are drawn from; wide tokens, so that a standard deviation can be told."""
    fresh = answer(**{**sizes, "embed_dim": 80, "num_heads": 2, "depth": 1})
    for name in ("cls_token", "dist_token", "pos_embed"):
        see(f"how far a new model's `{name}` spreads", spread_in_words(fresh.get_parameter(name), 0.02))
    different = not torch.equal(fresh.cls_token, fresh.dist_token)
    see("whether the two tokens of a new model are drawn each for itself", different)
    different = not torch.equal(fresh.head.weight, fresh.head_dist.weight)
    see("whether the two heads of a new model are drawn each for itself", different)
    probe_new_model(see, fresh)


_TOKENS = "torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed"
_RETURN_PAIR = "return cls_logits, dist_logits"
_RETURN_MEAN = "return (cls_logits + dist_logits) / 2"


EXERCISE = Exercise(
    id="DistilledViT",
    cases=3,
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "no-dist-token",
            (
                ("        self.dist_token = nn.Parameter(torch.zeros(1, 1, embed_dim))\n", ""),
                ("num_patches + 2", "num_patches + 1"),
                ("(self.cls_token, self.dist_token, self.pos_embed)", "(self.cls_token, self.pos_embed)"),
                ("        dist_tokens = self.dist_token.expand(B, -1, -1)  # (B, 1, D)\n", ""),
                (_TOKENS, "torch.cat([cls_tokens, patches], dim=1) + self.pos_embed"),
            ),
            "There is no distillation token: it is a parameter of its own, `dist_token`, beside the class token.",
            "Make it as the class token is made, and give it a position too.",
        ),
        Mistake(
            "positions-for-n-plus-one",
            ("num_patches + 2", "num_patches + 1"),
            "There is one position too few: there are N patches and two more tokens.",
            "Count the tokens that enter the first block.",
        ),
        Mistake(
            "no-head-dist",
            (
                ("        self.head_dist = nn.Linear(embed_dim, num_classes)\n", ""),
                ("self.head_dist(x[:, 1])", "self.head(x[:, 1])"),
            ),
            "There is no second head: the distillation token has a linear layer of its own, `head_dist`.",
            "The two tokens learn different things, so each one has its own head.",
        ),
        Mistake(
            "plain-attribute",
            (
                "self.dist_token = nn.Parameter(torch.zeros(1, 1, embed_dim))",
                "self.dist_token = torch.zeros(1, 1, embed_dim)",
            ),
            "`dist_token` is a plain tensor: PyTorch does not see it as a parameter, so no optimiser trains it.",
            "A learned tensor is wrapped in nn.Parameter.",
        ),
        Mistake(
            "dist-token-first",
            ("[cls_tokens, dist_tokens, patches]", "[dist_tokens, cls_tokens, patches]"),
            "The distillation token stands before the class token; the class token is the first one.",
            "The order is the class token, the distillation token, the patches.",
        ),
        Mistake(
            "dist-token-last",
            ("[cls_tokens, dist_tokens, patches]", "[cls_tokens, patches, dist_tokens]"),
            "The distillation token stands after the patches; it is the second token, right after the class token.",
            "The order is the class token, the distillation token, the patches.",
        ),
        Mistake(
            "tokens-after-patches",
            ("[cls_tokens, dist_tokens, patches]", "[patches, cls_tokens, dist_tokens]"),
            "The two tokens stand after the patches; they come first.",
            "The order is the class token, the distillation token, the patches.",
        ),
        Mistake(
            "cls-token-twice",
            ("dist_tokens = self.dist_token.expand(B, -1, -1)", "dist_tokens = self.cls_token.expand(B, -1, -1)"),
            "The class token is used twice, and dist_token not at all.",
            "Each of the two tokens is its own parameter.",
        ),
        Mistake(
            "no-positions",
            (_TOKENS, "torch.cat([cls_tokens, dist_tokens, patches], dim=1)"),
            "The positions are never added.",
            "pos_embed has one vector for each of the N+2 tokens.",
        ),
        Mistake(
            "positions-on-patches-only",
            (_TOKENS, "torch.cat([cls_tokens, dist_tokens, patches + self.pos_embed[:, 2:]], dim=1)"),
            "Only the patches get a position; in DeiT the class and the distillation token have one too.",
            "Join the tokens first, then add the positions to all of them.",
        ),
        Mistake(
            "heads-swapped",
            (("self.head(x[:, 0])", "self.head(x[:, 1])"), ("self.head_dist(x[:, 1])", "self.head_dist(x[:, 0])")),
            "Each head reads the other one's token.",
            "`head` belongs to the class token, at index 0, and `head_dist` to the distillation token, at index 1.",
        ),
        Mistake(
            "same-token-for-both",
            ("self.head_dist(x[:, 1])", "self.head_dist(x[:, 0])"),
            "Both heads read the class token; head_dist belongs to the distillation token.",
            "The distillation token is the second one, at index 1.",
        ),
        Mistake(
            "first-patch",
            ("self.head_dist(x[:, 1])", "self.head_dist(x[:, 2])"),
            "head_dist reads the first patch; the distillation token stands at index 1.",
            "Python counts from zero.",
        ),
        Mistake(
            "last-token",
            ("self.head_dist(x[:, 1])", "self.head_dist(x[:, -1])"),
            "head_dist reads the last patch; the distillation token stands at index 1.",
            "Look at the order in which embed joins the tokens.",
        ),
        Mistake(
            "one-head-used",
            ("self.head_dist(x[:, 1])", "self.head(x[:, 1])"),
            "head is used for both tokens, and head_dist not at all.",
            "Each token has its own head.",
        ),
        Mistake(
            "mean-of-tokens",
            (
                ("self.head(x[:, 0])", "self.head(x.mean(dim=1))"),
                ("self.head_dist(x[:, 1])", "self.head_dist(x.mean(dim=1))"),
            ),
            "Both heads read the mean of all tokens; each one reads its own token.",
            "`head` belongs to the token at index 0, and `head_dist` to the one at index 1.",
        ),
        Mistake(
            "class-token-normed-only",
            (
                ("        x = self.norm(x)\n", ""),
                ("self.head(x[:, 0])", "self.head(self.norm(x[:, 0]))"),
            ),
            "Only the class token goes through self.norm; the distillation token must too.",
            "The last norm comes before both heads.",
        ),
        Mistake(
            "no-last-norm",
            ("        x = self.norm(x)\n", ""),
            "self.norm is never used: the last norm comes after the blocks, before the heads.",
            "In a pre-norm model nothing else normalises what the last block leaves.",
        ),
        Mistake(
            "blocks-unused",
            ("            x = block(x)", "            block(x)"),
            "Each block's result is lost: what reaches the heads never went through the blocks.",
            "A module returns a new tensor: assign it.",
        ),
        Mistake(
            "depth-is-heads",
            ("for _ in range(depth)", "for _ in range(num_heads)"),
            "There are num_heads blocks; there must be depth of them.",
            "The given line has it right: leave it.",
        ),
        Mistake(
            "positions-twice",
            ("x = self.embed(images)", "x = self.embed(images) + self.pos_embed"),
            "The positions are added twice: embed does it already.",
            "forward begins with what embed gives.",
        ),
        Mistake(
            "detached-in-training",
            ("self.head_dist(x[:, 1])", "self.head_dist(x[:, 1].detach())"),
            "The distillation token is detached before its head: it would never learn. Nothing in the model is cut off.",
            "It is the teacher who gets no gradient, and the teacher is outside.",
        ),
        Mistake(
            "pair-as-one-tensor",
            (_RETURN_PAIR, "return torch.stack([cls_logits, dist_logits])"),
            "In training mode it returns one tensor that holds both logits; it must be a pair, (class, distillation).",
            "Return two things with a comma between them.",
        ),
        Mistake(
            "blocks-reversed",
            ("for block in self.blocks:", "for block in reversed(self.blocks):"),
            "The blocks run from the last to the first.",
            "Iterate over self.blocks as it is.",
        ),
        Mistake(
            "nothing-in-evaluation",
            ("        " + _RETURN_MEAN, "        (cls_logits + dist_logits) / 2"),
            "In evaluation mode it returns nothing: very likely a `return` is missing.",
            "Both branches end with a return.",
        ),
        Mistake(
            "probabilities-in-training",
            (_RETURN_PAIR, "return cls_logits.softmax(dim=-1), dist_logits.softmax(dim=-1)"),
            "In training mode it returns probabilities; it must be logits, for the losses take the softmax themselves.",
            "The heads' outputs are what the losses want.",
        ),
        Mistake(
            "three-returned",
            (_RETURN_PAIR, "return cls_logits, dist_logits, (cls_logits + dist_logits) / 2"),
            "In training mode it returns three things; it must be a pair, the class token's logits and the distillation token's.",
            "The mean belongs to evaluation.",
        ),
        Mistake(
            "dict-returned",
            (_RETURN_PAIR, "return dict(cls=cls_logits, dist=dist_logits)"),
            "In training mode it returns a dict; it must be a pair, the class token's logits and the distillation token's.",
            "Return two things with a comma between them.",
        ),
        Mistake(
            "always-a-pair",
            (
                ("        if self.training:\n", ""),
                ("            return cls_logits, dist_logits", "        " + _RETURN_PAIR),
            ),
            "It returns the pair in evaluation mode too; there it must return the mean of the two.",
            "self.training is True after train() and False after eval().",
        ),
        Mistake(
            "modes-swapped",
            ("if self.training:", "if not self.training:"),
            "The two modes are the wrong way round: the pair is for training, the mean for evaluation.",
            "self.training is True after train() and False after eval().",
        ),
        Mistake(
            "always-the-mean",
            (_RETURN_PAIR, _RETURN_MEAN),
            "It returns the mean in training mode too; the loss needs both logits, for each has its own target.",
            "In training mode return the two, and let the loss decide.",
        ),
        Mistake(
            "sum-not-mean",
            (_RETURN_MEAN, "return cls_logits + dist_logits"),
            "In evaluation mode it returns the sum of the two logits; it must be their mean.",
            "The winner is the same, the probabilities are not: twice the logits are a surer answer.",
        ),
        Mistake(
            "class-head-only",
            (_RETURN_MEAN, "return cls_logits"),
            "In evaluation mode it returns the class token's logits alone; it must be the mean of the two heads.",
            "Both heads have learned something, and the mean of the two is better than each.",
        ),
        Mistake(
            "dist-head-only",
            (_RETURN_MEAN, "return dist_logits"),
            "In evaluation mode it returns the distillation token's logits alone; it must be the mean of the two heads.",
            "Both heads have learned something, and the mean of the two is better than each.",
        ),
        Mistake(
            "sum-of-softmaxes",
            (_RETURN_MEAN, "return cls_logits.softmax(dim=-1) + dist_logits.softmax(dim=-1)"),
            "In evaluation mode it adds the two softmaxes, as the paper says; here, as in the released code, it is the mean "
            "of the two logits.",
            "Leave the softmax to whoever uses the model. The lab compares the two ways below.",
        ),
        Mistake(
            "mean-of-softmaxes",
            (_RETURN_MEAN, "return (cls_logits.softmax(dim=-1) + dist_logits.softmax(dim=-1)) / 2"),
            "In evaluation mode it returns the mean of the two probabilities; here it is the mean of the two logits.",
            "Leave the softmax to whoever uses the model. The lab compares the two ways below.",
        ),
        Mistake(
            "softmax-of-the-mean",
            (_RETURN_MEAN, "return ((cls_logits + dist_logits) / 2).softmax(dim=-1)"),
            "In evaluation mode it returns probabilities; it must be logits, the mean of the two.",
            "Leave the softmax to whoever uses the model.",
        ),
        Mistake(
            "larger-of-two",
            (_RETURN_MEAN, "return torch.maximum(cls_logits, dist_logits)"),
            "In evaluation mode it returns the larger of the two logits; it must be their mean.",
            "Both heads count alike.",
        ),
        Mistake(
            "mean-over-images",
            (_RETURN_MEAN, "return torch.stack([cls_logits, dist_logits]).mean(dim=1)"),
            "In evaluation mode it averages over the images; it must average over the two heads.",
            "The result is (B, K), as each head's is.",
        ),
        Mistake(
            "pair-swapped",
            (_RETURN_PAIR, "return dist_logits, cls_logits"),
            "The pair is the wrong way round: the class token's logits come first.",
            "The loss takes the class token's logits first, then the distillation token's.",
        ),
        Mistake(
            "zero-tokens",
            (
                (
                    "        for parameter in (self.cls_token, self.dist_token, self.pos_embed):\n"
                    "            nn.init.trunc_normal_(parameter, std=0.02)\n"
                ),
                "",
            ),
            "The tokens and positions start as zeros; they must be drawn from a truncated normal distribution.",
            "nn.init has a function for it, and the standard deviation is 0.02.",
        ),
        Mistake(
            "dist-token-not-drawn",
            ("(self.cls_token, self.dist_token, self.pos_embed)", "(self.cls_token, self.pos_embed)"),
            "dist_token starts as zeros; it must be drawn as the class token is.",
            "All three parameters are drawn with standard deviation 0.02.",
        ),
        Mistake(
            "drawn-with-one",
            ("nn.init.trunc_normal_(parameter, std=0.02)", "nn.init.trunc_normal_(parameter)"),
            "The tokens and positions are drawn with standard deviation 1, far too large beside the patches; it is 0.02.",
            "nn.init.trunc_normal_ takes std as an argument.",
        ),
    ),
    hints=(
        "The model is lab 04's ViT with one more token and one more head. The distillation token is made, placed and "
        "read in the same way as the class token. What is returned depends on self.training.",
        "cls_token and dist_token (1, 1, D), pos_embed (1, N+2, D); after embed (B, N+2, D) with the class token at 0, the "
        "distillation token at 1; each head maps its token (B, D) to (B, K).",
        "In embed: torch.cat([self.cls_token.expand(B, -1, -1), self.dist_token.expand(B, -1, -1), patches], dim=1) plus "
        "the positions. In forward, after the blocks and the norm: self.head(x[:, 0]) and self.head_dist(x[:, 1]).",
    ),
)
