"""Lab 02: what the checker feeds to TokenPrep, and the mistakes that it knows."""

import torch

from ...reference.tokens import TokenPrep
from ..base import Exercise, Mistake

_CASES = [dict(B=3, N=6, D=5), dict(B=4, N=1, D=8), dict(B=1, N=5, D=1)]


def draw(d):
    case = _CASES[d.index]
    sizes = dict(num_patches=case["N"], embed_dim=case["D"])
    return dict(patches=d.normal(case["B"], case["N"], case["D"]), sizes=sizes, state=d.state(TokenPrep(**sizes)))


def probe(answer, see, patches, sizes, state):
    module = see.build(answer, state, patches.dtype, **sizes)
    see.twice("the result", module, patches, axes="image token feature")
    see("the result for a batch of one image", module(patches[-1:]), axes="image token feature")
    leaf = patches.clone().requires_grad_()
    see.gradient("`patches`", module(leaf), leaf)
    see.gradient("`cls_token`", module(patches), module.cls_token)
    see.gradient("`pos_embed`", module(patches), module.pos_embed)
    # Two decimals of many values do not depend on the draw, so that a wrong start can be named as well as rejected.
    fresh = answer(num_patches=3, embed_dim=4000)
    for name in ("cls_token", "pos_embed"):
        values = getattr(fresh, name).detach()
        see(f"the standard deviation of a new `{name}`, to two decimals,", f"{float(values.std()):.2f}")
        see(f"the mean of a new `{name}`, to two decimals,", f"{round(float(values.mean()), 2) + 0.0:.2f}")
        near = float((values.abs() < 0.01).float().mean())  # 0.38 for a normal one, 0.29 for a uniform one
        see(f"the share of a new `{name}` within 0.01 of zero, to one decimal,", f"{near:.1f}")


class _UniformStart(TokenPrep):
    """Drawn from a uniform distribution with the right standard deviation."""

    def __init__(self, num_patches, embed_dim):
        super().__init__(num_patches, embed_dim)
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -0.02 * 3**0.5, 0.02 * 3**0.5)


EXERCISE = Exercise(
    id="TokenPrep",
    draw=draw,
    probe=probe,
    cases=3,
    mistakes=(
        Mistake(
            "class-token-last",
            ("torch.cat([cls_tokens, patches], dim=1)", "torch.cat([patches, cls_tokens], dim=1)"),
            "The class token stands behind the patches; it must be the first token, number 0.",
            "The order of the list given to torch.cat is the order of the tokens.",
        ),
        Mistake(
            "no-positions",
            ("return tokens + self.pos_embed", "return tokens"),
            "The positions are never added: the class token is in front, but no token knows where it was.",
            "pos_embed has one vector for each of the N+1 tokens.",
        ),
        Mistake(
            "class-token-without-position",
            (
                "return tokens + self.pos_embed",
                "return torch.cat([cls_tokens, patches + self.pos_embed[:, 1:]], dim=1)",
            ),
            "The class token gets no position: slot 0 of pos_embed is never used.",
            "Put the tokens together first, then add pos_embed to all N+1 of them.",
        ),
        Mistake(
            "off-by-one",
            (
                "return tokens + self.pos_embed",
                "return torch.cat([cls_tokens + self.pos_embed[:, -1:], patches + self.pos_embed[:, :-1]], dim=1)",
            ),
            "The positions are off by one: slot 0 belongs to the class token, and patch i takes slot i + 1.",
            "Add pos_embed after the class token is in front; then the slots fall into place by themselves.",
        ),
        Mistake(
            "patches-take-the-first-slots",
            (
                "return tokens + self.pos_embed",
                "return torch.cat([cls_tokens, patches + self.pos_embed[:, :-1]], dim=1)",
            ),
            "The patches take the slots 0 to N-1; slot 0 belongs to the class token, and patch i takes slot i + 1.",
            "Add pos_embed after the class token is in front; then the slots fall into place by themselves.",
        ),
        Mistake(
            "multiplied",
            ("return tokens + self.pos_embed", "return tokens * self.pos_embed"),
            "The tokens are multiplied by their positions; a position is added.",
            "With values near 0.02, a product would make every token almost nothing.",
        ),
        Mistake(
            "positions-twice",
            ("return tokens + self.pos_embed", "return tokens + 2 * self.pos_embed"),
            "The positions are added twice.",
            "One sum is enough: tokens plus pos_embed.",
        ),
        Mistake(
            "positions-subtracted",
            ("return tokens + self.pos_embed", "return tokens - self.pos_embed"),
            "The positions are subtracted; they are added.",
            "A plus in the last line.",
        ),
        Mistake(
            "scaled-by-root-of-length",
            ("return tokens + self.pos_embed", "return tokens * D**0.5 + self.pos_embed"),
            "The tokens are multiplied by the square root of D, as in the text transformer of 2017; a ViT does not.",
            "Tokens plus positions, and no factor.",
        ),
        Mistake(
            "patches-scaled-by-root-of-length",
            ("torch.cat([cls_tokens, patches], dim=1)", "torch.cat([cls_tokens, patches * D**0.5], dim=1)"),
            "The patches are multiplied by the square root of D, as in the text transformer of 2017; a ViT does not.",
            "The patches stay as they are.",
        ),
        Mistake(
            "normed",
            ("return tokens + self.pos_embed", "return F.layer_norm(tokens + self.pos_embed, (D,))"),
            "The tokens are normalized; the norm comes later, inside the block.",
            "The result is the sum of tokens and positions.",
        ),
        Mistake(
            "class-token-in-place-of-a-patch",
            (
                ("torch.cat([cls_tokens, patches], dim=1)", "torch.cat([cls_tokens, patches[:, 1:]], dim=1)"),
                ("return tokens + self.pos_embed", "return tokens + self.pos_embed[:, :N]"),
            ),
            "The class token stands in place of the first patch; it must be one token more.",
            "N patches become N+1 tokens.",
        ),
        Mistake(
            "one-position-for-all",
            ("return tokens + self.pos_embed", "return tokens + self.pos_embed[:, :1]"),
            "All tokens get the same position, that of slot 0; each token has its own.",
            "pos_embed is (1, N+1, D): leave its second axis whole.",
        ),
        Mistake(
            "positions-before-the-class-token",
            (
                (
                    "torch.cat([cls_tokens, patches], dim=1)",
                    "torch.cat([cls_tokens, patches + self.pos_embed[:, 1:]], dim=1)",
                ),
            ),
            "The patches get their positions twice: once before the class token joins them, and once after.",
            "Put the tokens together first, then add pos_embed to all N+1 of them.",
        ),
        Mistake(
            "positions-one-ahead",
            ("return tokens + self.pos_embed", "return tokens + self.pos_embed.roll(-1, 1)"),
            "Token i takes slot i + 1; it must take slot i, since the class token in front has slot 0.",
            "Add pos_embed as it is.",
        ),
        Mistake(
            "positions-reversed",
            ("return tokens + self.pos_embed", "return tokens + self.pos_embed.flip(1)"),
            "The positions are added in reversed order.",
            "Add pos_embed as it is.",
        ),
        Mistake(
            "tokens-reversed",
            ("torch.cat([cls_tokens, patches], dim=1)", "torch.cat([cls_tokens, patches], dim=1).flip(1)"),
            "The tokens are in reversed order: the class token comes first, then the patches as they are.",
            "torch.cat alone puts them in order.",
        ),
        Mistake(
            "class-token-added",
            (
                "tokens = torch.cat([cls_tokens, patches], dim=1)",
                "tokens = torch.cat([cls_tokens, patches + cls_tokens], dim=1)",
            ),
            "The class token is also added to every patch; it is a token of its own.",
            "The patches stay as they are. One more token goes in front of them.",
        ),
        Mistake(
            "mean-as-class-token",
            (
                "cls_tokens = self.cls_token.expand(B, -1, -1)",
                "cls_tokens = self.cls_token + patches.mean(1, keepdim=True)",
            ),
            "The class token holds the mean of the patches; it must be the same learned vector for every image.",
            "What the class token knows about the image it learns later, through attention.",
        ),
        Mistake(
            "not-one-per-image",
            ("self.cls_token.expand(B, -1, -1)", "self.cls_token"),
            "There is one class token for the whole batch; every image needs its copy.",
            "torch.cat does not broadcast. Make the (1, 1, D) parameter (B, 1, D) first, with expand or repeat.",
        ),
        Mistake(
            "wrong-axis",
            ("torch.cat([cls_tokens, patches], dim=1)", "torch.cat([cls_tokens, patches], dim=2)"),
            "The class token is joined along the features; it must be joined along the tokens.",
            "The axes are (image, token, feature), and one more token makes N into N+1.",
        ),
        Mistake(
            "in-place",
            (
                "return tokens + self.pos_embed",
                "patches += self.pos_embed[:, 1:].detach()\n        return tokens + self.pos_embed",
            ),
            "It changes `patches` in place (with += or an assignment to a slice); the caller still needs them.",
            "a + b makes a new tensor; a += b writes into the one that was handed in.",
        ),
        Mistake(
            "positions-frozen",
            ("return tokens + self.pos_embed", "return tokens + self.pos_embed.detach()"),
            "The positions are cut off from the graph: they would never learn.",
            "Use the parameter itself, without .data, .detach() or no_grad.",
        ),
        Mistake(
            "class-token-frozen",
            ("self.cls_token.expand(B, -1, -1)", "self.cls_token.detach().expand(B, -1, -1)"),
            "The class token is cut off from the graph: it would never learn.",
            "Use the parameter itself, without .data, .detach() or no_grad.",
        ),
        Mistake(
            "plain-tensors",
            (
                ("nn.Parameter(torch.zeros(1, 1, embed_dim))", "torch.zeros(1, 1, embed_dim)"),
                (
                    "nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim))",
                    "torch.zeros(1, num_patches + 1, embed_dim)",
                ),
            ),
            "cls_token and pos_embed are plain tensors: an optimizer would not see them and `.to(device)` would not move them.",
            "nn.Parameter around a tensor registers it with the module.",
        ),
        Mistake(
            "one-slot-too-few",
            (
                ("torch.zeros(1, num_patches + 1, embed_dim)", "torch.zeros(1, num_patches, embed_dim)"),
                (
                    "return tokens + self.pos_embed",
                    "return torch.cat([cls_tokens, patches + self.pos_embed], dim=1)",
                ),
            ),
            "pos_embed has N slots; there are N+1 tokens, and the class token has a slot too.",
            "Count the tokens after the class token has joined them.",
        ),
        Mistake(
            "class-token-starts-at-zero",
            ("        nn.init.trunc_normal_(self.cls_token, std=0.02)\n", ""),
            "The class token starts at zero; draw it from a truncated normal distribution with std 0.02.",
            "nn.init.trunc_normal_ fills a parameter in place. Both parameters need it.",
        ),
        Mistake(
            "positions-start-at-zero",
            ("        nn.init.trunc_normal_(self.pos_embed, std=0.02)\n", ""),
            "The positions start at zero; draw them from a truncated normal distribution with std 0.02.",
            "nn.init.trunc_normal_ fills a parameter in place. Both parameters need it.",
        ),
        Mistake(
            "std-forgotten",
            (
                ("trunc_normal_(self.cls_token, std=0.02)", "trunc_normal_(self.cls_token)"),
                ("trunc_normal_(self.pos_embed, std=0.02)", "trunc_normal_(self.pos_embed)"),
            ),
            "The standard deviation is torch's default for trunc_normal_, 1; it must be 0.02.",
            "Positions as large as the patches themselves would drown them at the start.",
        ),
        Mistake(
            "std-one",
            (
                ("nn.Parameter(torch.zeros(1, 1, embed_dim))", "nn.Parameter(torch.randn(1, 1, embed_dim))"),
                ("        nn.init.trunc_normal_(self.cls_token, std=0.02)\n", ""),
            ),
            "The start is torch.randn with standard deviation 1; it must be 0.02.",
            "Positions as large as the patches themselves would drown them at the start.",
        ),
        Mistake(
            "std-too-large",
            (
                ("trunc_normal_(self.cls_token, std=0.02)", "trunc_normal_(self.cls_token, std=0.2)"),
                ("trunc_normal_(self.pos_embed, std=0.02)", "trunc_normal_(self.pos_embed, std=0.2)"),
            ),
            "The standard deviation is 0.2, ten times too large; it must be 0.02.",
            "Two hundredths, not two tenths.",
        ),
        Mistake(
            "uniform-from-zero",
            (
                ("trunc_normal_(self.cls_token, std=0.02)", "uniform_(self.cls_token, 0, 0.02)"),
                ("trunc_normal_(self.pos_embed, std=0.02)", "uniform_(self.pos_embed, 0, 0.02)"),
            ),
            "The start is drawn between 0 and 0.02, all of it positive; it must be normal around 0, with standard deviation 0.02.",
            "std is a spread around zero, not an upper bound.",
        ),
        Mistake(
            "uniform-start",
            _UniformStart,
            "The start is drawn from a uniform distribution; it must be a (truncated) normal one.",
            "torch.nn.init has a function with the distribution's name.",
        ),
    ),
    hints=(
        "Two learned tables: one vector that goes in front of every image's patches, and one vector per token that "
        "is added. Nothing else happens here.",
        "cls_token (1, 1, D) -> (B, 1, D), one for each image; joined with (B, N, D) along axis 1 -> (B, N+1, D); "
        "plus pos_embed (1, N+1, D), which broadcasts over the batch.",
        "nn.Parameter(torch.zeros(1, 1, embed_dim)), nn.init.trunc_normal_(…, std=0.02); then "
        "torch.cat([self.cls_token.expand(B, -1, -1), patches], dim=1) + self.pos_embed.",
    ),
)
