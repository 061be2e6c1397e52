"""Wrong answers for lab 02 that no known mistake lists: see test_wrong."""

import torch
import torch.nn.functional as F

from vitcourse.reference.tokens import resample_positions

_RETURN = "return tokens + self.pos_embed"
_CAT = "torch.cat([cls_tokens, patches], dim=1)"
_CLS, _POS = "nn.Parameter(torch.zeros(1, 1, embed_dim))", "nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim))"
_CLS_START = "nn.init.trunc_normal_(self.cls_token, std=0.02)"
_POS_START = "nn.init.trunc_normal_(self.pos_embed, std=0.02)"
_EXPANDED = "self.cls_token.expand(B, -1, -1)"

_FREQUENCIES = "10000.0 ** (-torch.arange(bands) / bands)"
_RAISE = 'raise ValueError(f"embed_dim must be a multiple of 4 (sine and cosine, row and column), got {embed_dim}")'
_JOINED = "torch.cat([row_half, col_half], dim=1)"
_ROWS_COPIED, _COLS_COPIED = "row_half.repeat_interleave(cols, dim=0)", "col_half.repeat(rows, 1)"


def _with_meshgrid(indexing, first, second):
    return f"""
def sincos_positions(grid, embed_dim):
    rows, cols = grid
    if embed_dim % 4:
        raise ValueError(f"embed_dim {{embed_dim}} is no multiple of 4")
    r, c = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="{indexing}")
    w = 10000.0 ** (-torch.arange(embed_dim // 4) / (embed_dim // 4))
    angles = [p.flatten()[:, None] * w for p in ({first}, {second})]
    return torch.cat([f(a) for a in angles for f in (torch.sin, torch.cos)], dim=1)
"""


def _in_one_axis_only(pos_embed, old_grid, new_grid):
    """The rows resized, the columns taken from the nearest old ones."""
    middle = resample_positions(pos_embed, old_grid, (new_grid[0], old_grid[1]))
    image = middle[:, 1:].unflatten(1, (new_grid[0], old_grid[1])).permute(0, 3, 1, 2)
    image = F.interpolate(image.float(), size=tuple(new_grid)).to(pos_embed.dtype)
    return torch.cat([pos_embed[:, :1], image.flatten(2).mT], dim=1)


def _resample(body):
    return (
        "def resample_positions(pos_embed, old_grid, new_grid):\n"
        "    (r, c), (R, C), D = old_grid, new_grid, pos_embed.shape[-1]\n"
        f"    cls, pos = pos_embed[:, :1], pos_embed[:, 1:]\n    {body}\n"
    )


_IMAGE = "image = pos.reshape(1, r, c, D).permute(0, 3, 1, 2)\n    "
_BICUBIC = 'image = F.interpolate(image, size=(R, C), mode="bicubic")\n    '
_BACK = "return torch.cat([cls, image.flatten(2).transpose(1, 2)], dim=1)"

WRONG = {
    "TokenPrep": [
        (
            "the class token repeated over the tokens",
            (_EXPANDED, "self.cls_token.expand(B, N, -1)"),
            {"says:RuntimeError"},
        ),
        ("behind, by a flip", (_CAT, "torch.cat([cls_tokens, patches], dim=1).flip(1)"), {"tokens-reversed"}),
        (
            "positions for the patches only, before",
            ((_CAT, "torch.cat([cls_tokens, patches + self.pos_embed[:, 1:]], 1)"), (_RETURN, "return tokens")),
            {"class-token-without-position"},
        ),
        (
            "dropout left in",
            (_RETURN, "return F.dropout(tokens + self.pos_embed, 0.1, self.training)"),
            {"relation:moving"},
        ),
        ("dropout in both modes", (_RETURN, "return F.dropout(tokens + self.pos_embed, 0.1)"), {"relation:moving"}),
        (
            "halved in eval mode",
            (_RETURN, "return (tokens + self.pos_embed) * (1 if self.training else 0.5)"),
            {"relation:mode"},
        ),
        ("noise for positions", (_RETURN, "return tokens + 0.02 * torch.randn_like(tokens)"), {"relation:moving"}),
        ("the sum halved", (_RETURN, "return (tokens + self.pos_embed) / 2"), {"relation:times"}),
        (
            "positions flipped",
            (_RETURN, "return tokens + self.pos_embed.flip(1)"),
            {"positions-reversed"},
        ),
        ("positions rolled", (_RETURN, "return tokens + self.pos_embed.roll(-1, 1)"), {"positions-one-ahead"}),
        (
            "positions of features",
            (_RETURN, "return tokens + self.pos_embed.mean(-1, keepdim=True)"),
            {"relation:terms"},
        ),
        (
            "first image's class token only",
            (_CAT, "torch.cat([cls_tokens * (torch.arange(B) == 0)[:, None, None], patches], dim=1)"),
            {"relation:place", "relation:edit", None},
        ),
        ("class token takes zeros", (_EXPANDED, "patches.new_zeros(B, 1, D)"), {"relation:place"}),
        (
            "positions without a batch axis",
            (_POS, "nn.Parameter(torch.zeros(num_patches + 1, embed_dim))"),
            {"says:must have shape"},
        ),
        (
            "a class token without a batch axis",
            (_CLS, "nn.Parameter(torch.zeros(1, embed_dim))"),
            {"says:must have shape"},
        ),
        ("other names", (("self.cls_token = ", "self.class_token = self.cls_token = "),), {"says:`class_token`"}),
        (
            "pos_embedding",
            (
                ("self.pos_embed = nn", "self.pos_embedding = nn"),
                ("trunc_normal_(self.pos_embed,", "trunc_normal_(self.pos_embedding,"),
                (_RETURN, "return tokens + self.pos_embedding"),
            ),
            {"says:`pos_embedding`"},
        ),
        (
            "an nn.Embedding",
            (
                ("self.pos_embed = " + _POS, "self.pos_embed = nn.Embedding(num_patches + 1, embed_dim)"),
                ("trunc_normal_(self.pos_embed,", "trunc_normal_(self.pos_embed.weight,"),
                (_RETURN, "return tokens + self.pos_embed.weight"),
            ),
            {"says:`pos_embed.weight`"},
        ),
        ("no start at all", ((_CLS_START, "pass"), (_POS_START, "pass")), {"class-token-starts-at-zero"}),
        (
            "the variance taken for the deviation",
            (
                (_CLS_START, _CLS_START.replace("0.02", "0.02**0.5")),
                (_POS_START, _POS_START.replace("0.02", "0.02**0.5")),
            ),
            {"says:standard deviation"},
        ),
        (
            "a tenth",
            (_POS_START, _POS_START.replace("0.02", "0.002")),
            {"positions-start-at-zero"},
        ),
        (
            "Xavier",
            (
                (_CLS_START, "nn.init.xavier_normal_(self.cls_token)"),
                (_POS_START, "nn.init.xavier_normal_(self.pos_embed)"),
            ),
            {"says:The share of a new"},
        ),
        (
            "made anew in forward",
            (_RETURN, "return tokens + nn.init.trunc_normal_(torch.empty(1, N + 1, D), std=0.02)"),
            {"relation:moving"},
        ),
        (
            "joined in front of the images",
            (_CAT, "torch.cat([self.cls_token.expand(1, N, -1), patches], dim=0)"),
            {"says:RuntimeError", "says:must have shape", "relation:edit"},
        ),
        (
            "buffers",
            (
                (_CLS, "torch.zeros(1, 1, embed_dim)"),
                (
                    "self.pos_embed = " + _POS,
                    'self.register_buffer("pos_embed", torch.zeros(1, num_patches + 1, embed_dim))',
                ),
            ),
            {"plain-tensors", "says:no parameter"},
        ),
    ],
    "sincos_positions": [
        (
            "meshgrid, xy",
            _with_meshgrid("xy", "r", "c"),
            {"column-order"},
        ),
        ("meshgrid as MAE: columns first", _with_meshgrid("ij", "c", "r"), {"column-half-first"}),
        ("meshgrid over the other order", _with_meshgrid("ij", "r.T", "c.T"), {"column-order"}),
        (
            "cosines alone",
            (
                _JOINED,
                "torch.cat([a.cos().repeat(1, 2) for a in (row_angles[:, None].repeat(1, cols, 1).flatten(0, 1), "
                "col_angles.repeat(rows, 1))], dim=1)",
            ),
            {"cosine-twice"},
        ),
        ("rows twice", (_JOINED, "torch.cat([row_half, row_half], dim=1)"), {"row-half-twice"}),
        ("columns twice", (_JOINED, "torch.cat([col_half, col_half], dim=1)"), {"column-half-twice"}),
        ("halves added", (_JOINED, "row_half + col_half"), {"halves-added"}),
        ("multiplied", (_JOINED, "torch.cat([row_half * col_half, row_half * col_half], dim=1)"), {None}),
        ("degrees", (_FREQUENCIES, "torch.pi / 180 * 10000.0 ** (-torch.arange(bands) / bands)"), {"degrees"}),
        (
            "counted from the middle",
            (
                ("torch.arange(rows)[:, None]", "(torch.arange(rows) - rows // 2)[:, None]"),
                ("torch.arange(cols)[:, None]", "(torch.arange(cols) - cols // 2)[:, None]"),
            ),
            {"centred"},
        ),
        ("all frequencies alike", (_FREQUENCIES, "torch.ones(bands)"), {"no-frequencies"}),
        ("frequencies in steps", (_FREQUENCIES, "1 / (10000.0 * (1 + torch.arange(bands)))"), {None}),
        ("linear frequencies", (_FREQUENCIES, "torch.linspace(1, 1 / 10000, bands)"), {"linear-frequencies"}),
        ("logspace to the end", (_FREQUENCIES, "torch.logspace(0, -4, bands)"), {"exponent-to-the-end"}),
        ("2k / D", (_FREQUENCIES, "10000.0 ** (-2 * torch.arange(bands) / embed_dim)"), {"exponent-over-half"}),
        ("4k / (D/4)", (_FREQUENCIES, "10000.0 ** (-4 * torch.arange(bands) / bands)"), {None}),
        ("a parameter", ("return " + _JOINED, "return nn.Parameter(" + _JOINED + ")"), {"learnable"}),
        ("NumPy's float64", ("return " + _JOINED, "return " + _JOINED + ".double()"), {"says:must have dtype"}),
        ("a NumPy array", ("return " + _JOINED, "return " + _JOINED + ".numpy()"), {"says:must be a tensor"}),
        ("with a batch", ("return " + _JOINED, "return " + _JOINED + ".unsqueeze(0)"), {"batch-axis"}),
        ("all reversed", ("return " + _JOINED, "return " + _JOINED + ".flip(0)"), {"relation:reversed"}),
        ("scaled to the learned spread", ("return " + _JOINED, "return 0.02 * " + _JOINED), {"relation:times"}),
        ("normed vectors", ("return " + _JOINED, "return F.normalize(" + _JOINED + ", dim=1)"), {"relation:times"}),
        (
            "exchanged rows and cols",
            ("rows, cols = grid\n", "cols, rows = grid\n"),
            {"grid-exchanged"},
        ),
        (
            "a copy per column for both",
            (
                (_ROWS_COPIED, "row_half.repeat_interleave(cols, dim=0)"),
                (_COLS_COPIED, "col_half.repeat_interleave(rows, dim=0)"),
            ),
            {"both-interleaved"},
        ),
        (
            "an assertion",
            (
                _RAISE,
                "raise AssertionError(embed_dim)",
            ),
            {"says:must raise a ValueError"},
        ),
        ("tests for 2", ("if embed_dim % 4:", "if embed_dim % 2:"), {"no-size-check", "says:ValueError"}),
    ],
    "resample_positions": [
        (
            "linear along the line",
            _resample(
                'line = F.interpolate(pos.mT, size=R * C, mode="linear")\n    return torch.cat([cls, line.mT], dim=1)'
            ),
            {"along-the-sequence"},
        ),
        (
            "nearest along the line",
            _resample("line = F.interpolate(pos.mT, size=R * C)\n    return torch.cat([cls, line.mT], dim=1)"),
            {"nearest-along-the-sequence"},
        ),
        (
            "class slot in the line",
            _resample('return F.interpolate(pos_embed.mT, size=1 + R * C, mode="linear").mT'),
            {None, "relation:place"},
        ),
        (
            "the table as an image of one channel",
            _resample(
                'image = F.interpolate(pos[None], size=(R * C, D), mode="bicubic")[0]\n'
                "    return torch.cat([cls, image], dim=1)"
            ),
            {"one-channel"},
        ),
        (
            "nearest-exact",
            _resample(_IMAGE + 'image = F.interpolate(image, size=(R, C), mode="nearest-exact")\n    ' + _BACK),
            {"nearest", None},
        ),
        (
            "scale factors of rows alone",
            _resample(_IMAGE + 'image = F.interpolate(image, scale_factor=R / r, mode="bicubic")\n    ' + _BACK),
            {"says:must have shape"},
        ),
        ("corners", _resample(_IMAGE + _BICUBIC.replace(")\n", ", align_corners=True)\n") + _BACK), {"align-corners"}),
        (
            "reshaped on the way back",
            _resample(_IMAGE + _BICUBIC + "return torch.cat([cls, image.reshape(1, R * C, D)], dim=1)"),
            {"flattened-not-transposed"},
        ),
        (
            "reshaped on both ways",
            _resample(
                "image = pos.reshape(1, D, r, c)\n    "
                + _BICUBIC
                + "return torch.cat([cls, image.reshape(1, R * C, D)], dim=1)"
            ),
            {"reshaped-not-permuted", "flattened-not-transposed"},
        ),
        (
            "transposed both ways",
            _resample("image = pos.mT.reshape(1, D, c, r).mT\n    " + _BICUBIC + _BACK),
            {"old-grid-by-columns"},
        ),
        ("one row in one place only", _in_one_axis_only, {None}),
        ("no class slot", _resample(_IMAGE + _BICUBIC + "return image.flatten(2).mT"), {"class-slot-lost"}),
        (
            "class slot averaged in",
            _resample(_IMAGE + _BICUBIC + "return torch.cat([cls / 2, image.flatten(2).mT], dim=1)"),
            {"relation:place", None},
        ),
        (
            "clamped",
            _resample(_IMAGE + _BICUBIC + "image = image.clamp(pos.min(), pos.max())\n    " + _BACK),
            {"clamped", None},
        ),
        (
            "norm kept",
            _resample(_IMAGE + _BICUBIC + "image = F.normalize(image, dim=1) * pos.norm(dim=-1).mean()\n    " + _BACK),
            {"relation:place"},
        ),
        (
            "padded with zeros",
            _resample(
                "n = R * C\n    return F.pad(pos_embed, (0, 0, 0, n - r * c)) if n > r * c else pos_embed[:, : n + 1]"
            ),
            {"padded-with-zeros"},
        ),
        (
            "grid squared by its root",
            _resample("r = c = int((r * c) ** 0.5)\n    " + _IMAGE + _BICUBIC + _BACK),
            {"square-only", "says:RuntimeError"},
        ),
        (
            "under no_grad",
            _resample(
                "with torch.no_grad():\n        "
                + _IMAGE.replace("\n    ", "\n        ")
                + _BICUBIC.replace("\n    ", "\n        ")
                + _BACK
            ),
            {"frozen"},
        ),
        (
            "a new parameter",
            _resample(_IMAGE + _BICUBIC + "return nn.Parameter(torch.cat([cls, image.flatten(2).mT], dim=1))"),
            {"says:No gradient reaches"},
        ),
        (
            "in float32 for good",
            _resample(
                "pos = pos.float()\n    "
                + _IMAGE
                + _BICUBIC
                + "return torch.cat([cls.float(), image.flatten(2).mT], dim=1)"
            ),
            {"other-dtype"},
        ),
        (
            "in float64 for good",
            _resample(
                "pos = pos.double()\n    " + _IMAGE + _BICUBIC + "return torch.cat([cls, image.flatten(2).mT], dim=1)"
            ),
            {"says:must have dtype"},
        ),
        (
            "into a float32 table",
            _resample(
                "out = torch.zeros(1, 1 + R * C, D)\n    out[:, :1] = cls\n    "
                + _IMAGE
                + _BICUBIC
                + "out[:, 1:] = image.flatten(2).mT\n    return out"
            ),
            {"says:must have dtype torch.float16"},
        ),
        ("as a list", _resample(_IMAGE + _BICUBIC + "return [cls, image.flatten(2).mT]"), {"says:must be a tensor"}),
        (
            "squeezed",
            _resample(_IMAGE + _BICUBIC + "return torch.cat([cls, image.flatten(2).mT], dim=1).squeeze(0)"),
            {"relation:shape"},
        ),
        (
            "the wrong way round",
            _resample("(r, c), (R, C) = new_grid, old_grid\n    " + _IMAGE + _BICUBIC + _BACK),
            {"says:RuntimeError"},
        ),
    ],
}
