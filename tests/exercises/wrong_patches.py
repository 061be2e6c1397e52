"""Wrong answers for lab 01 that no known mistake lists: see test_wrong."""

_REFUSE = """
    if H % P or W % P:
        raise ValueError(f"{P} does not divide {H} or {W}")
"""


def _patchify(body, refuse=_REFUSE):
    return (
        "def patchify(images, patch_size):\n    B, C, H, W = images.shape\n    P = patch_size\n"
        f"{refuse}    rows, cols = H // P, W // P\n    {body}\n"
    )


def _unpatchify(body):
    return (
        "def unpatchify(patches, patch_size, grid):\n    B, N, L = patches.shape\n    rows, cols = grid\n"
        f"    P = patch_size\n    C = L // (P * P)\n    {body}\n"
    )


def _moved(split, order, merged):
    return _unpatchify(f"return patches.reshape(B, {split}).permute({order}).reshape(B, {merged})")


def _placed(row_and_col, patch="patches[:, n].reshape(B, C, P, P)"):
    return _unpatchify(f"""out = patches.new_zeros(B, C, rows * P, cols * P)
    for n in range(N):
        {row_and_col}
        out[:, :, r * P : r * P + P, c * P : c * P + P] = {patch}
    return out""")


_LOOP = """tiles = []
    for top in range(0, {}):
        for left in range(0, {}):
            tiles.append(images[:, :, top : top + P, left : left + P].{})
    return torch.stack(tiles, dim={})"""

_INIT = "        self.num_patches = self.grid[0] * self.grid[1]\n"
_FORWARD = "grid.flatten(2).transpose(1, 2)"
_PROJ = "self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)"

WRONG = {
    "patchify": [
        ("unfold as it comes", _patchify("return F.unfold(images, P, stride=P)"), {"patches-last"}),
        (
            "unfold reshaped",
            _patchify("return F.unfold(images, P, stride=P).reshape(B, rows * cols, -1)"),
            {"relation:recut"},
        ),
        ("unfold without stride", _patchify("return F.unfold(images, P).transpose(1, 2)"), {"windows-overlap"}),
        (
            "two unfolds, reshaped",
            _patchify("return images.unfold(2, P, P).unfold(3, P, P).reshape(B, -1, C * P * P)"),
            {"unfolded-not-permuted"},
        ),
        (
            "two unfolds, channels behind the pixels",
            _patchify(
                "return images.unfold(2, P, P).unfold(3, P, P).permute(0, 2, 3, 4, 5, 1).reshape(B, -1, C * P * P)"
            ),
            {"channels-last"},
        ),
        ("one view", _patchify("return images.view(B, rows * cols, C * P * P)"), {"no-permute"}),
        (
            "channels moved behind, then one reshape",
            _patchify("return images.permute(0, 2, 3, 1).reshape(B, rows * cols, C * P * P)"),
            {"pixels-in-a-row"},
        ),
        (
            "the pixels of a line",
            _patchify("return images.reshape(B, C, rows * cols, P * P).permute(0, 2, 1, 3).flatten(2)"),
            {"pixels-in-a-row"},
        ),
        (
            "the pixels of a line, channels last",
            _patchify("return images.reshape(B, C, rows * cols, P * P).permute(0, 2, 3, 1).flatten(2)"),
            {"pixels-in-a-row"},
        ),
        (
            "columns first, in loops",
            _patchify(
                _LOOP.format("W, P", "H, P", "flatten(1)", 1).replace(
                    "top : top + P, left : left + P", "left : left + P, top : top + P"
                )
            ),
            {"column-order"},
        ),
        (
            "loops that end early",
            _patchify(_LOOP.format("H - P, P", "W - P, P", "flatten(1)", 1)),
            {"loops-end-early", "says:must have shape", "says:RuntimeError"},
        ),
        (
            "loops that step by one",
            _patchify(_LOOP.format("H - P + 1", "W - P + 1", "flatten(1)", 1)),
            {"windows-overlap"},
        ),
        ("stacked in front", _patchify(_LOOP.format("H, P", "W, P", "flatten(1)", 0)), {"patches-first"}),
        ("stacked behind", _patchify(_LOOP.format("H, P", "W, P", "flatten(1)", 2)), {"patches-last"}),
        ("not flattened in the loop", _patchify(_LOOP.format("H, P", "W, P", "clone()", 1)), {"not-flattened"}),
        (
            "joined, not stacked",
            _patchify(_LOOP.format("H, P", "W, P", "flatten(1)", 1).replace("stack", "cat")),
            {"relation:shape"},
        ),
        (
            "transposed patches in the loop",
            _patchify(_LOOP.format("H, P", "W, P", "mT.flatten(1)", 1)),
            {"transposed-patch"},
        ),
        (
            "chunks: the columns of the grid first",
            _patchify("return torch.stack([t.flatten(1) for c in images.split(P, 3) for t in c.split(P, 2)], 1)"),
            {"column-order"},
        ),
        (
            "a list",
            _patchify("return [image for image in F.unfold(images, P, stride=P).mT]"),
            {"says:must be a tensor"},
        ),
        (
            "NumPy",
            _patchify("return torch.tensor(F.unfold(images, P, stride=P).mT.detach().numpy())"),
            {"says:cut off"},
        ),
        (
            "in place",
            _patchify("images -= images.mean()\n    return F.unfold(images, P, stride=P).mT"),
            {"relation:plus"},
        ),
        ("brightness centred", _patchify("return F.unfold(images - images.mean(), P, stride=P).mT"), {"relation:plus"}),
        ("scaled to one", _patchify("return F.unfold(images / 255, P, stride=P).mT"), {"relation:times"}),
        (
            "area tested",
            _patchify(
                "return F.unfold(images, P, stride=P).mT",
                "    if H * W % P**2:\n        raise ValueError(f'{H} {W} {P}')\n",
            ),
            {"says:it must raise a ValueError, but it returned a tensor"},
        ),
        ("tested after cutting", _patchify("return F.unfold(images, P, stride=P).mT", ""), {"cropped"}),
        (
            "IndexError",
            _patchify("return F.unfold(images, P, stride=P).mT", _REFUSE.replace("ValueError", "IndexError")),
            {"other-exception"},
        ),
        (
            "asserted",
            _patchify("return F.unfold(images, P, stride=P).mT", "    assert H % P == 0 and W % P == 0\n"),
            {"assertion"},
        ),
        (
            "printed, not raised",
            _patchify(
                "return F.unfold(images, P, stride=P).mT",
                "    if H % P or W % P:\n        print('wrong size', H, W, P)\n        return None\n",
            ),
            {"says:must raise a ValueError, but it returned None"},
        ),
        (
            "an error returned",
            _patchify(
                "return F.unfold(images, P, stride=P).mT",
                "    if H % P or W % P:\n        return ValueError(f'{H} {W} {P}')\n",
            ),
            {"says:but it returned a ValueError"},
        ),
        (
            "names P alone",
            _patchify("return F.unfold(images, P, stride=P).mT", _REFUSE.replace(" or {W}", "").replace("{H}", "it")),
            {"vague-error"},
        ),
        (
            "names the sides alone",
            _patchify("return F.unfold(images, P, stride=P).mT", _REFUSE.replace("{P}", "it")),
            {"says:must name 4"},
        ),
    ],
    "unpatchify": [
        ("one view", _unpatchify("return patches.view(B, C, rows * P, cols * P)"), {"no-permute"}),
        (
            "one permute too simple",
            _unpatchify("return patches.transpose(1, 2).reshape(B, C, rows * P, cols * P)"),
            {"relation:order", "relation:recut", "transposed-then-cut"},
        ),
        (
            "fold without transpose",
            _unpatchify("return F.fold(patches, (rows * P, cols * P), P, stride=P)"),
            {"says:RuntimeError"},
        ),
        (
            "fold with rows and cols exchanged",
            _unpatchify("return F.fold(patches.mT, (cols * P, rows * P), P, stride=P)"),
            {"grid-exchanged"},
        ),
        (
            "split as (cols, rows)",
            _moved("cols, rows, C, P, P", "0, 3, 1, 4, 2, 5", "C, rows * P, cols * P"),
            {"split-exchanged"},
        ),
        (
            "all exchanged",
            _moved("cols, rows, C, P, P", "0, 3, 1, 4, 2, 5", "C, cols * P, rows * P"),
            {"grid-exchanged"},
        ),
        (
            "channels last",
            _moved("rows, cols, P, P, C", "0, 5, 1, 3, 2, 4", "C, rows * P, cols * P"),
            {"channels-last"},
        ),
        (
            "channels last, out too",
            _moved("rows, cols, P, P, C", "0, 1, 3, 2, 4, 5", "rows * P, cols * P, C"),
            {"channels-behind", "channels-last"},
        ),
        (
            "H and W behind",
            _moved("rows, cols, C, P, P", "0, 1, 4, 2, 5, 3", "rows * P, cols * P, C"),
            {"channels-behind"},
        ),
        (
            "re-cut to C first",
            _moved("rows, cols, C, P, P", "0, 1, 4, 2, 5, 3", "C, rows * P, cols * P"),
            {"relation:recut"},
        ),
        (
            "loops, columns first",
            _placed("c, r = divmod(n, rows)"),
            {"column-order"},
        ),
        (
            "loops, divided by rows",
            _placed("r, c = n // rows, n % cols"),
            {None},
        ),
        (
            "loops, each patch transposed",
            _placed("r, c = divmod(n, cols)", "patches[:, n].reshape(B, C, P, P).mT"),
            {"transposed-patch"},
        ),
        (
            "one channel only",
            _unpatchify("return F.fold(patches.mT, (rows * P, cols * P), P, stride=P)[:, :1]"),
            {"says:must have shape", "relation:cropped"},
        ),
        (
            "no batch",
            _unpatchify("return F.fold(patches.mT, (rows * P, cols * P), P, stride=P)[0]"),
            {"says:must have shape", "first-image-only"},
        ),
        (
            "upside down",
            _unpatchify("return F.fold(patches.mT, (rows * P, cols * P), P, stride=P).flip(2)"),
            {"relation:reversed"},
        ),
        (
            "mirrored",
            _unpatchify("return F.fold(patches.mT, (rows * P, cols * P), P, stride=P).flip(-1)"),
            {"relation:reversed"},
        ),
        (
            "as bytes",
            _unpatchify("return (F.fold(patches.mT, (rows * P, cols * P), P, stride=P) * 255).byte()"),
            {"says:must have dtype"},
        ),
        (
            "clamped to an image's values",
            _unpatchify("return F.fold(patches.mT, (rows * P, cols * P), P, stride=P).clamp(0, 1)"),
            {None},
        ),
        (
            "the side of the root",
            _unpatchify("side = int((N * P * P) ** 0.5)\n    return patches.reshape(B, -1, side, side)"),
            {"says:RuntimeError"},
        ),
        (
            "rows joined along the wrong axis",
            _unpatchify(
                "t = patches.reshape(B, rows, cols, C, P, P)\n"
                "    return torch.cat([torch.cat([t[:, r, c] for c in range(cols)], 2) for r in range(rows)], 3)"
            ),
            {"laid-out-crosswise"},
        ),
        (
            "in NumPy",
            _unpatchify(
                "t = patches.detach().numpy().reshape(B, rows, cols, C, P, P).transpose(0, 3, 1, 4, 2, 5)\n"
                "    return torch.from_numpy(t.reshape(B, C, rows * P, cols * P))"
            ),
            {"says:cut off"},
        ),
    ],
    "PatchEmbed": [
        ("reshaped", (_FORWARD, "grid.reshape(B, self.num_patches, -1)"), {"reshaped-not-transposed"}),
        ("permuted to columns first", (_FORWARD, "grid.permute(0, 3, 2, 1).flatten(1, 2)"), {"column-order"}),
        ("the grid kept", (_FORWARD, "grid.permute(0, 2, 3, 1)"), {"grid-kept"}),
        ("the grid kept, channels in front", (_FORWARD, "grid"), {"convolution-alone"}),
        ("flattened from axis 1", (_FORWARD, "grid.flatten(1)"), {"flattened-too-far"}),
        ("all flattened", (_FORWARD, "grid.transpose(1, 2).flatten(2)"), {"relation:order"}),
        (
            "transposed too early",
            (_FORWARD, "grid.transpose(1, 2).transpose(2, 3).flatten(1, 2).contiguous().view(B, grid.shape[1], -1)"),
            {"relation:shape"},
        ),
        ("mean of the patches", (_FORWARD, "grid.flatten(2).mean(-1)"), {"says:must have shape"}),
        (
            "rounded up windows",
            (
                "kernel_size=patch_size, stride=patch_size",
                "kernel_size=patch_size, stride=patch_size, padding=patch_size // 2",
            ),
            {"padded"},
        ),
        ("half a stride", ("stride=patch_size", "stride=max(1, patch_size // 2)"), {None}),
        ("kernel of one", ("kernel_size=patch_size", "kernel_size=1"), {"window-of-one"}),
        ("default stride", (_PROJ, "self.proj = nn.Conv2d(in_chans, embed_dim, patch_size)"), {"no-stride"}),
        (
            "by channel",
            ("stride=patch_size)", "stride=patch_size, groups=in_chans if embed_dim % in_chans == 0 else 1)"),
            {"grouped", "says:must have shape"},
        ),
        (
            "num_patches of the pixels",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = H * W"),
            {"counts-pixels"},
        ),
        (
            "num_patches as a float",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = H * W / patch_size**2"),
            {"says:must be a Python int"},
        ),
        (
            "num_patches by one division",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = H * W // patch_size"),
            {"pixels-per-side"},
        ),
        (
            "num_patches summed",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = sum(self.grid)"),
            {"sum-of-sides"},
        ),
        (
            "num_patches is the grid",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = self.grid"),
            {"says:must be a Python int"},
        ),
        (
            "other name",
            (("self.proj = nn", "self.projection = nn"), ("self.proj(images)", "self.projection(images)")),
            {"says:one called `projection"},
        ),
        ("a Sequential", ((_PROJ, _PROJ.replace("= nn", "= nn.Sequential(nn") + ")")), {"says:one called `proj.0"}),
        ("normed", (_FORWARD, "F.layer_norm(grid.flatten(2).transpose(1, 2), grid.shape[1:2])"), {"normed"}),
        ("relu", (_FORWARD, "grid.flatten(2).transpose(1, 2).relu()"), {"activation"}),
        ("dropout", (_FORWARD, "F.dropout(grid.flatten(2).transpose(1, 2), 0.1, self.training)"), {"relation:moving"}),
        ("no gradient", ("grid = self.proj(images)", "grid = self.proj(images).detach()"), {"says:cut off"}),
        ("first image", (_FORWARD, "grid[0].flatten(1).transpose(0, 1)"), {"says:must have shape"}),
        (
            "starts at zero",
            (_PROJ, _PROJ + "\n        nn.init.zeros_(self.proj.weight)"),
            {"says:The start of a new `proj.weight`"},
        ),
        (
            "starts at std 1",
            (_PROJ, _PROJ + "\n        nn.init.normal_(self.proj.weight)"),
            {"says:The start of a new `proj.weight`"},
        ),
        (
            "made anew in forward",
            (
                "grid = self.proj(images)",
                "grid = nn.Conv2d(C, self.proj.out_channels, self.proj.kernel_size, self.proj.stride)(images)",
            ),
            {"relation:moving", "says:float"},
        ),
        (
            "keywords of others",
            (_PROJ, _PROJ.replace("(in_chans, embed_dim,", "(in_chans=in_chans, out_chans=embed_dim,")),
            {"says:has no parameter"},
        ),
    ],
}
