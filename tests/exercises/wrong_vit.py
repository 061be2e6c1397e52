"""Wrong answers for lab 04 apart from the known mistakes: see test_wrong."""

WRONG = {
    "Block": [
        ("no return", ("        return x\n", ""), {"relation:no return"}),
        (
            "dropout left in",
            ("x = x + self.mlp(self.norm2(x))", "x = x + F.dropout(self.mlp(self.norm2(x)), 0.1, self.training)"),
            {"relation:moving"},
        ),
        (
            "dropout in eval too",
            ("x = x + self.attn(self.norm1(x))", "x = x + F.dropout(self.attn(self.norm1(x)), 0.1)"),
            {"relation:moving"},
        ),
        (
            "nothing in eval",
            ("x = x + self.mlp(self.norm2(x))", "x = x + self.mlp(self.norm2(x)) if self.training else x"),
            {"mlp-dropped"},
        ),
        (
            "halved in eval",
            ("x = x + self.mlp(self.norm2(x))", "x = (x + self.mlp(self.norm2(x))) * (1.0 if self.training else 0.5)"),
            {"relation:mode"},
        ),
        (
            "a cache of the first result",
            (
                "x = x + self.attn(self.norm1(x))\n        x = x + self.mlp(self.norm2(x))",
                "self.kept = getattr(self, 'kept', None)\n        if self.kept is None:\n            x = x + "
                "self.attn(self.norm1(x))\n            self.kept = x + self.mlp(self.norm2(x))\n        x = "
                "self.kept",
            ),
            {"relation:kept"},
        ),
        ("halved", ("return x", "return x / 2"), {"relation:times"}),
        (
            "halved sums",
            (
                ("x = x + self.attn(self.norm1(x))", "x = (x + self.attn(self.norm1(x))) / 2"),
                ("x = x + self.mlp(self.norm2(x))", "x = (x + self.mlp(self.norm2(x))) / 2"),
            ),
            {"sums-halved"},
        ),
        ("squeezed", ("return x", "return x.squeeze()"), {"relation:shape"}),
        ("tokens before images", ("return x", "return x.transpose(0, 1)"), {"relation:transposed"}),
        ("tokens backwards", ("return x", "return x.flip(1)"), {"relation:reversed"}),
        (
            "attends to the images",
            ("x = x + self.attn(self.norm1(x))", "x = x + self.attn(self.norm1(x).transpose(0, 1)).transpose(0, 1)"),
            {"images-attend"},
        ),
        (
            "post-norm without residuals",
            (
                ("x = x + self.attn(self.norm1(x))", "x = self.norm1(self.attn(x))"),
                ("x = x + self.mlp(self.norm2(x))", "x = self.norm2(self.mlp(x))"),
            ),
            {"post-norm-without-residuals"},
        ),
        ("detached", ("x = x + self.mlp(self.norm2(x))", "x = x + self.mlp(self.norm2(x)).detach()"), {"mlp-detached"}),
        (
            "no residual and a wrong norm",
            (
                "x = x + self.attn(self.norm1(x))\n        x = x + self.mlp(self.norm2(x))",
                "x = self.attn(self.norm2(x))\n        x = x + self.mlp(self.norm2(x))",
            ),
            {None},
        ),
        (
            "no norm1 and no second residual",
            (
                "x = x + self.attn(self.norm1(x))\n        x = x + self.mlp(self.norm2(x))",
                "x = x + self.attn(x)\n        x = self.mlp(self.norm2(x))",
            ),
            {"no-mlp-residual", None},
        ),
        (
            "parallel without norm2",
            (
                "x = x + self.attn(self.norm1(x))\n        x = x + self.mlp(self.norm2(x))",
                "x = x + self.attn(self.norm1(x)) + self.mlp(self.norm1(x))",
            ),
            {None},
        ),
        (
            "misspelt attribute",
            ("x = x + self.mlp(self.norm2(x))", "x = x + self.MLP(self.norm2(x))"),
            {"says:no attribute"},
        ),
    ],
    "ViT": [
        ("no return", ("return self.head(cls_out)", "self.head(cls_out)"), {"relation:no return"}),
        ("dropout left in", ("x = block(x)", "x = F.dropout(block(x), 0.1, self.training)"), {"relation:moving"}),
        (
            "mean in eval",
            (
                "cls_out = self.norm(x)[:, 0]",
                "cls_out = self.norm(x)[:, 0] if self.training else self.norm(x).mean(dim=1)",
            ),
            {"mean-of-tokens"},
        ),
        (
            "softmax in eval",
            (
                "return self.head(cls_out)",
                "return self.head(cls_out) if self.training else self.head(cls_out).softmax(-1)",
            ),
            {"softmaxed"},
        ),
        ("squeezed", ("return self.head(cls_out)", "return self.head(cls_out).squeeze()"), {"relation:shape"}),
        ("classes first", ("return self.head(cls_out)", "return self.head(cls_out).T"), {"relation:transposed"}),
        ("halved", ("return self.head(cls_out)", "return self.head(cls_out) / 2"), {"relation:times"}),
        ("sigmoid", ("return self.head(cls_out)", "return self.head(cls_out).sigmoid()"), {"sigmoid"}),
        (
            "softmax over the images",
            ("return self.head(cls_out)", "return self.head(cls_out).softmax(dim=0)"),
            {"softmax-over-images"},
        ),
        (
            "no class token's position",
            (
                "self.tokens(self.patch_embed(images))",
                "self.tokens(self.patch_embed(images)) - F.pad(self.tokens.pos_embed[:, :1], (0, 0, 0, "
                "self.patch_embed.num_patches))",
            ),
            {None},
        ),
        (
            "first image everywhere",
            ("return self.head(cls_out)", "return self.head(cls_out)[:1].expand(len(images), -1)"),
            {"relation:repeated"},
        ),
        (
            "last norm and reversed blocks",
            (("self.norm(x)[:, 0]", "x[:, 0]"), ("for block in self.blocks:", "for block in reversed(self.blocks):")),
            {None},
        ),
        ("mean without the norm", ("self.norm(x)[:, 0]", "x.mean(dim=1)"), {None}),
        (
            "blocks called norm_layers",
            ("self.norm = nn.LayerNorm", "self.norm_layer = nn.LayerNorm"),
            {"says:no parameter"},
        ),
        (
            "one head for the positions",
            ("self.tokens(self.patch_embed(images))", "self.tokens(self.patch_embed(images)).detach()"),
            {"says:No gradient reaches"},
        ),
        (
            "heads too wide",
            (
                "init_weights)",
                "lambda m: init_weights(m) if not isinstance(m, nn.Linear) else nn.init.xavier_uniform_(m.weight))",
            ),
            {"no-init"},
        ),
        (
            "a second head",
            (
                "self.head = nn.Linear(embed_dim, num_classes)",
                "self.head = nn.Sequential(nn.Linear(embed_dim, num_classes))",
            ),
            {"says:no parameter"},
        ),
        (
            "drawn ten times too small",
            (
                "self.apply(init_weights)",
                "self.apply(init_weights)\n        nn.init.trunc_normal_(self.head.weight, std=0.002)",
            ),
            {"says:spreads"},
        ),
    ],
    "count_vit_parameters": [
        (
            "no return",
            ("return patch_embed + tokens + depth * block + norm + head", "total = patch_embed"),
            {"relation:no return"},
        ),
        (
            "in millions",
            (
                "return patch_embed + tokens + depth * block + norm + head",
                "return (patch_embed + tokens + depth * block + norm + head) / 1e6",
            ),
            {"says:must be a Python int"},
        ),
        (
            "twice",
            (
                "return patch_embed + tokens + depth * block + norm + head",
                "return 2 * (patch_embed + tokens + depth * block + norm + head)",
            ),
            {"relation:times"},
        ),
        (
            "bytes",
            (
                "head = D * num_classes + num_classes",
                "head = D * num_classes + num_classes\n    depth, patch_embed, tokens, norm, head = 4 * depth, "
                "4 * patch_embed, 4 * tokens, 4 * norm, 4 * head",
            ),
            {"relation:times"},
        ),
        ("two tokens", ("tokens = D + (N + 1) * D", "tokens = 2 * D + (N + 2) * D"), {"two-vectors-too-many"}),
        (
            "head from all tokens",
            ("head = D * num_classes", "head = (N + 1) * D * num_classes"),
            {"head-on-every-token"},
        ),
        ("class positions twice", ("tokens = D + (N + 1) * D", "tokens = D + 2 * (N + 1) * D"), {"positions-twice"}),
        (
            "no norm bias and no head bias",
            (("norm = 2 * D", "norm = D"), ("head = D * num_classes + num_classes", "head = D * num_classes")),
            {None},
        ),
        ("patch area without channels or square", ("in_chans * patch_size**2 * D + D", "in_chans * D + D"), {None}),
        ("pixels for patches", ("N = (H // patch_size) * (W // patch_size)", "N = H * W"), {"pixels-for-patches"}),
        (
            "rounds the hidden width",
            ("hidden = int(D * mlp_ratio)", "hidden = round(D * mlp_ratio)"),
            {"hidden-rounded"},
        ),
        (
            "a string",
            (
                "return patch_embed + tokens + depth * block + norm + head",
                "return str(patch_embed + tokens + depth * block + norm + head)",
            ),
            {"says:must be a Python int"},
        ),
        (
            "a float by division",
            ("N = (H // patch_size) * (W // patch_size)", "N = (H / patch_size) * (W / patch_size)"),
            {"says:must be a Python int"},
        ),
        ("one block short", ("+ depth * block", "+ (depth - 1) * block"), {"one-block-short"}),
    ],
}
