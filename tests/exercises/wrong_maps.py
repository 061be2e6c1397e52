"""Wrong answers for lab 06 apart from the known mistakes: see test_wrong."""

WRONG = {
    "cls_attention_map": [
        (
            "no return",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "from_cls.mean(dim=1).reshape(B, *grid)"),
            {"relation:no return"},
        ),
        (
            "squeezed",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid).squeeze()",
            ),
            {"says:must have shape"},
        ),
        (
            "upside down",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return from_cls.mean(dim=1).reshape(B, *grid).flip(1)"),
            {"relation:reversed"},
        ),
        (
            "rotated",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid).flip(1, 2)",
            ),
            {"relation:order"},
        ),
        (
            "images reversed",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return from_cls.mean(dim=1).reshape(B, *grid).flip(0)"),
            {"relation:reversed"},
        ),
        (
            "columns first",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid).transpose(1, 2)",
            ),
            {"relation:transposed"},
        ),
        (
            "images last",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid).permute(1, 2, 0)",
            ),
            {"relation:transposed"},
        ),
        (
            "with a channel",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return from_cls.mean(dim=1).reshape(B, 1, *grid)"),
            {"relation:shape"},
        ),
        (
            "in percent",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return 100 * from_cls.mean(dim=1).reshape(B, *grid)"),
            {"relation:times"},
        ),
        (
            "times the patches",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid) * from_cls.shape[-1]",
            ),
            {"relation:times"},
        ),
        (
            "log",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return from_cls.mean(dim=1).reshape(B, *grid).log()"),
            {None},
        ),
        (
            "one minus",
            ("return from_cls.mean(dim=1).reshape(B, *grid)", "return 1 - from_cls.mean(dim=1).reshape(B, *grid)"),
            {None},
        ),
        (
            "less the mean",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "m = from_cls.mean(dim=1).reshape(B, *grid)\n    return m - m.mean(dim=(1, 2), keepdim=True)",
            ),
            {"mean-taken-off"},
        ),
        ("patches shifted", ("weights[:, :, 0, 1:]", "weights[:, :, 0, 1:].roll(1, -1)"), {"relation:order"}),
        ("median", ("from_cls.mean(dim=1)", "from_cls.median(dim=1).values"), {"head-median"}),
        (
            "as NumPy",
            (
                "return from_cls.mean(dim=1).reshape(B, *grid)",
                "return from_cls.mean(dim=1).reshape(B, *grid).detach().numpy()",
            ),
            {"says:must be a tensor"},
        ),
        (
            "column and head max",
            (("weights[:, :, 0, 1:]", "weights[:, :, 1:, 0]"), ("from_cls.mean(dim=1)", "from_cls.amax(dim=1)")),
            {None},
        ),
        ("heads' last row", ("weights[:, :, 0, 1:]", "weights[:, :, -1, 1:]"), {"last-row"}),
    ],
    "attention_rollout": [
        ("no return", ("return rollout[:, 0, 1:]", "rollout[:, 0, 1:]"), {"relation:no return"}),
        ("squeezed", ("return rollout[:, 0, 1:]", "return rollout[:, 0, 1:].squeeze()"), {"says:must have shape"}),
        ("times the tokens", ("return rollout[:, 0, 1:]", "return rollout[:, 0, 1:] * T"), {"relation:times"}),
        ("patches reversed", ("return rollout[:, 0, 1:]", "return rollout[:, 0, 1:].flip(1)"), {"relation:reversed"}),
        ("patches first", ("return rollout[:, 0, 1:]", "return rollout[:, 0, 1:].T"), {"relation:transposed"}),
        ("the whole product", ("return rollout[:, 0, 1:]", "return rollout"), {"says:must have shape"}),
        ("the last token's row", ("return rollout[:, 0, 1:]", "return rollout[:, -1, 1:]"), {"last-row"}),
        ("the diagonal", ("return rollout[:, 0, 1:]", "return rollout.diagonal(dim1=1, dim2=2)[:, 1:]"), {None}),
        ("mean of all rows", ("return rollout[:, 0, 1:]", "return rollout.mean(dim=1)[:, 1:]"), {"mean-of-rows"}),
        (
            "mixed 0.9 to 0.1",
            (
                "rollout = (0.5 * attention + 0.5 * identity) @ rollout",
                "rollout = (0.9 * attention + 0.1 * identity) @ rollout",
            ),
            {"mixed-unevenly"},
        ),
        (
            "identity forgotten at the mix",
            ("rollout = (0.5 * attention + 0.5 * identity) @ rollout", "rollout = 0.5 * attention @ rollout"),
            {"residual-left-out-halved"},
        ),
        (
            "added, scaled by the largest",
            (
                "rollout = (0.5 * attention + 0.5 * identity) @ rollout",
                "rollout = (attention + identity) @ rollout\n        rollout = rollout / rollout.amax()",
            ),
            {"relation:times"},
        ),
        ("mean of images", ("weights.mean(dim=1)", "weights.mean(dim=(0, 1))"), {"mean-of-images"}),
        ("layers' last head", ("weights.mean(dim=1)", "weights[:, -1]"), {"last-head"}),
        (
            "reversed and first head",
            (
                (
                    "rollout = (0.5 * attention + 0.5 * identity) @ rollout",
                    "rollout = rollout @ (0.5 * attention + 0.5 * identity)",
                ),
                ("weights.mean(dim=1)", "weights[:, 0]"),
            ),
            {None},
        ),
        (
            "no residual, reversed",
            ("rollout = (0.5 * attention + 0.5 * identity) @ rollout", "rollout = rollout @ attention"),
            {"reversed-without-residual"},
        ),
        (
            "raw last layer",
            ("return rollout[:, 0, 1:]", "return weights_per_layer[-1].mean(dim=1)[:, 0, 1:]"),
            {"raw-last-layer"},
        ),
        (
            "powers of the last",
            (
                "rollout = (0.5 * attention + 0.5 * identity) @ rollout",
                "rollout = torch.linalg.matrix_power(0.5 * attention + 0.5 * identity, len(weights_per_layer))",
            ),
            {None},
        ),
        ("log of the product", ("return rollout[:, 0, 1:]", "return rollout[:, 0, 1:].log()"), {None}),
        (
            "a stack is asked for",
            ("for weights in weights_per_layer:", "for weights in weights_per_layer.unbind(0):"),
            {"says:no attribute"},
        ),
    ],
    "mean_attention_distance": [
        (
            "no return",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "(among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
            ),
            {"relation:no return"},
        ),
        (
            "squeezed",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)).squeeze()",
            ),
            {"says:must have shape"},
        ),
        (
            "a list",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)).tolist()",
            ),
            {"says:must be a tensor"},
        ),
        (
            "heads reversed",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)).flip(0)",
            ),
            {"relation:reversed"},
        ),
        (
            "sorted",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)).sort().values",
            ),
            {"relation:shuffled"},
        ),
        (
            "halved",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)) / 2",
            ),
            {"relation:times"},
        ),
        (
            "kept dims",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2), keepdim=True)",
            ),
            {"relation:shape"},
        ),
        (
            "median of the queries",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=0).median(dim=-1).values",
            ),
            {"median-of-queries"},
        ),
        (
            "largest",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).amax(dim=(0, 2))",
            ),
            {"largest-of-queries"},
        ),
        (
            "in grids",
            (
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2))",
                "return (among_patches * distances).sum(dim=-1).mean(dim=(0, 2)) / (rows * cols)",
            ),
            {"keys-averaged"},
        ),
        (
            "columns only",
            (
                "torch.stack([number // cols, number % cols], dim=1).to(weights) * patch_size",
                "torch.stack([0 * number, number % cols], dim=1).to(weights) * patch_size",
            ),
            {"columns-only"},
        ),
        (
            "rows only",
            (
                "torch.stack([number // cols, number % cols], dim=1).to(weights) * patch_size",
                "torch.stack([number // cols, 0 * number], dim=1).to(weights) * patch_size",
            ),
            {"rows-only"},
        ),
        (
            "places from 1",
            (
                "torch.stack([number // cols, number % cols], dim=1).to(weights) * patch_size",
                "torch.stack([number // cols, (number + 1) % cols], dim=1).to(weights) * patch_size",
            ),
            {None},
        ),
        (
            "to the centre",
            ("(places[:, None] - places[None]).norm(dim=-1)", "(places - places.mean(dim=0)).norm(dim=-1)"),
            {"to-the-centre"},
        ),
        ("transposed weights", ("weights[:, :, 1:, 1:]", "weights[:, :, 1:, 1:].transpose(2, 3)"), {"columns-scaled"}),
        (
            "not scaled and squared",
            (
                ("    among_patches = among_patches / among_patches.sum(dim=-1, keepdim=True)\n", ""),
                (
                    "(places[:, None] - places[None]).norm(dim=-1)",
                    "((places[:, None] - places[None]) ** 2).sum(dim=-1)",
                ),
            ),
            {None},
        ),
        (
            "no patch size, city blocks",
            (
                ("* patch_size  # (N, 2)", "# (N, 2)"),
                ("(places[:, None] - places[None]).norm(dim=-1)", "(places[:, None] - places[None]).abs().sum(dim=-1)"),
            ),
            {None},
        ),
        (
            "the rows' sum kept flat",
            ("among_patches.sum(dim=-1, keepdim=True)", "among_patches.sum(dim=-1)[:, :, None]"),
            {"scaled-by-another-row"},
        ),
    ],
    "position_similarity": [
        (
            "no return",
            ("return cosines.reshape(*grid, *grid)", "cosines.reshape(*grid, *grid)"),
            {"relation:no return"},
        ),
        (
            "squeezed",
            ("return cosines.reshape(*grid, *grid)", "return cosines.reshape(*grid, *grid).squeeze()"),
            {"relation:shape"},
        ),
        (
            "doubled",
            ("return cosines.reshape(*grid, *grid)", "return 2 * cosines.reshape(*grid, *grid)"),
            {"relation:times"},
        ),
        (
            "rows reversed",
            ("return cosines.reshape(*grid, *grid)", "return cosines.reshape(*grid, *grid).flip(0)"),
            {"relation:reversed"},
        ),
        (
            "second grid reversed",
            ("return cosines.reshape(*grid, *grid)", "return cosines.reshape(*grid, *grid).flip(2)"),
            {"relation:reversed"},
        ),
        (
            "rows against columns",
            ("return cosines.reshape(*grid, *grid)", "return cosines.reshape(*grid, *grid).transpose(0, 1)"),
            {"relation:transposed"},
        ),
        (
            "with a batch",
            ("return cosines.reshape(*grid, *grid)", "return cosines.reshape(1, *grid, *grid)"),
            {"relation:shape"},
        ),
        ("shifted", ("pos_embed[0, 1:]", "pos_embed[0, 1:].roll(1, 0)"), {"relation:order"}),
        (
            "no diagonal",
            ("cosines = vectors @ vectors.T", "cosines = vectors @ vectors.T * (1 - torch.eye(len(vectors)))"),
            {"no-diagonal"},
        ),
        ("squared", ("cosines = vectors @ vectors.T", "cosines = (vectors @ vectors.T) ** 2"), {"squared"}),
        (
            "clamped",
            ("cosines = vectors @ vectors.T", "cosines = (vectors @ vectors.T).clamp(min=0)"),
            {"negative-cut"},
        ),
        ("rounded", ("cosines = vectors @ vectors.T", "cosines = (vectors @ vectors.T).round(decimals=2)"), {None}),
        ("negative", ("cosines = vectors @ vectors.T", "cosines = -(vectors @ vectors.T)"), {"relation:times"}),
        (
            "softmax of everything",
            (
                "cosines = vectors @ vectors.T",
                "cosines = (vectors @ vectors.T).flatten().softmax(0).reshape(len(vectors), -1)",
            ),
            {"softmax-of-everything"},
        ),
        (
            "over the middle",
            (
                "return cosines.reshape(*grid, *grid)",
                "return cosines.reshape(*grid, *grid)[grid[0] // 2, grid[1] // 2]",
            ),
            {"says:must have shape"},
        ),
        (
            "class slot kept and not scaled",
            (("F.normalize(pos_embed[0, 1:], dim=-1)", "pos_embed[0, :-1]"),),
            {"not-scaled", None},
        ),
        (
            "absolute and from one length",
            (("cosines = vectors @ vectors.T", "cosines = (vectors @ pos_embed[0, 1:].T).abs()"),),
            {None},
        ),
        (
            "cosine_similarity of the same",
            ("cosines = vectors @ vectors.T", "cosines = F.cosine_similarity(vectors, vectors)"),
            {"says:is invalid for input"},
        ),
        (
            "normalised in place",
            (
                "vectors = F.normalize(pos_embed[0, 1:], dim=-1)",
                "vectors = pos_embed[0, 1:]\n    vectors /= vectors.norm(dim=-1, keepdim=True)",
            ),
            {"says:changes its argument"},
        ),
    ],
}
