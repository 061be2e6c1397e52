"""Wrong answers for lab 07 apart from the known mistakes: see test_wrong."""

WRONG = {
    "DistilledViT": [
        (
            "no return in eval",
            ("        return (cls_logits + dist_logits) / 2", "        (cls_logits + dist_logits) / 2"),
            {"nothing-in-evaluation"},
        ),
        (
            "embed returns nothing",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
            ),
            {"says:must be a tensor"},
        ),
        (
            "dropout in training",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "return F.dropout(torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed, 0.1, "
                "self.training)",
            ),
            {"relation:moving"},
        ),
        (
            "both tokens first in reverse and positions",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "return torch.cat([dist_tokens, cls_tokens, patches + self.pos_embed[:, 2:]], dim=1)",
            ),
            {"positions-on-patches-only"},
        ),
        (
            "patches first",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "return torch.cat([patches, cls_tokens, dist_tokens], dim=1) + self.pos_embed",
            ),
            {"tokens-after-patches"},
        ),
        (
            "positions before the join, off by one",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed.roll(1, 1)",
            ),
            {None},
        ),
        (
            "tokens added to the patches",
            (
                "return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed",
                "return torch.cat([cls_tokens, dist_tokens, patches + cls_tokens], dim=1) + self.pos_embed",
            ),
            {None},
        ),
        (
            "a dict",
            ("return cls_logits, dist_logits", "return dict(cls=cls_logits, dist=dist_logits)"),
            {"dict-returned"},
        ),
        (
            "three things",
            ("return cls_logits, dist_logits", "return cls_logits, dist_logits, (cls_logits + dist_logits) / 2"),
            {"three-returned"},
        ),
        (
            "probabilities in training",
            ("return cls_logits, dist_logits", "return cls_logits.softmax(-1), dist_logits.softmax(-1)"),
            {"probabilities-in-training"},
        ),
        (
            "weighted mean",
            ("return (cls_logits + dist_logits) / 2", "return 0.7 * cls_logits + 0.3 * dist_logits"),
            {None},
        ),
        (
            "joined",
            ("return (cls_logits + dist_logits) / 2", "return torch.cat([cls_logits, dist_logits], dim=1)"),
            {"says:must have shape"},
        ),
        (
            "log of the mean probability",
            (
                "return (cls_logits + dist_logits) / 2",
                "return ((cls_logits.softmax(-1) + dist_logits.softmax(-1)) / 2).log()",
            ),
            {None},
        ),
        (
            "squeezed",
            ("return (cls_logits + dist_logits) / 2", "return ((cls_logits + dist_logits) / 2).squeeze()"),
            {"relation:shape"},
        ),
        ("head of the normed dist only", ("x = self.norm(x)\n", "x = x\n"), {"no-last-norm"}),
        ("blocks backwards", ("for block in self.blocks:", "for block in reversed(self.blocks):"), {"blocks-reversed"}),
        ("a module's training frozen", ("if self.training:", "if self.blocks.training is None:"), {"always-the-mean"}),
        (
            "drawn from N(0, 1)",
            ("nn.init.trunc_normal_(parameter, std=0.02)", "nn.init.normal_(parameter)"),
            {"says:spreads"},
        ),
        (
            "drawn ten times too small",
            ("nn.init.trunc_normal_(parameter, std=0.02)", "nn.init.trunc_normal_(parameter, std=0.002)"),
            {"says:spreads"},
        ),
        (
            "heads left as torch draws them",
            ("self.apply(init_weights)", "self.blocks.apply(init_weights)"),
            {"says:start with biases"},
        ),
        (
            "token without a leading axis",
            (
                "self.dist_token = nn.Parameter(torch.zeros(1, 1, embed_dim))",
                "self.dist_token = nn.Parameter(torch.zeros(1, embed_dim))",
            ),
            {"says:must have shape"},
        ),
        (
            "the token under another name",
            (
                ("self.dist_token = nn", "self.distillation_token = nn"),
                (
                    "(self.cls_token, self.dist_token, self.pos_embed)",
                    "(self.cls_token, self.distillation_token, self.pos_embed)",
                ),
                ("self.dist_token.expand", "self.distillation_token.expand"),
            ),
            {"says:no parameter"},
        ),
    ],
    "hard_distillation_loss": [
        ("no return", ("return (cls_loss + dist_loss) / 2", "(cls_loss + dist_loss) / 2"), {"relation:no return"}),
        ("a quarter", ("return (cls_loss + dist_loss) / 2", "return (cls_loss + dist_loss) / 4"), {"relation:times"}),
        ("negative", ("return (cls_loss + dist_loss) / 2", "return -(cls_loss + dist_loss) / 2"), {"relation:times"}),
        (
            "0.9 and 0.1",
            ("return (cls_loss + dist_loss) / 2", "return 0.9 * cls_loss + 0.1 * dist_loss"),
            {"weights-of-the-soft-loss"},
        ),
        ("a pair", ("return (cls_loss + dist_loss) / 2", "return cls_loss, dist_loss"), {"says:must be a tensor"}),
        (
            "in a list",
            ("return (cls_loss + dist_loss) / 2", "return ((cls_loss + dist_loss) / 2).reshape(1)"),
            {"relation:shape"},
        ),
        (
            "over the batch twice",
            ("return (cls_loss + dist_loss) / 2", "return (cls_loss + dist_loss) / 2 / len(targets)"),
            {"mean-twice"},
        ),
        (
            "a softmax of the truth's",
            (
                "cls_loss = soft_cross_entropy(cls_logits, targets)",
                "cls_loss = soft_cross_entropy(cls_logits.softmax(dim=1), targets)",
            ),
            {"truth-from-probabilities"},
        ),
        (
            "log of softmax for the truth",
            (
                "cls_loss = soft_cross_entropy(cls_logits, targets)",
                "cls_loss = -(targets * cls_logits.softmax(dim=1).log()).sum(dim=1).mean()",
            ),
            {"log-of-softmax"},
        ),
        (
            "mean square for the truth",
            (
                "cls_loss = soft_cross_entropy(cls_logits, targets)",
                "cls_loss = F.mse_loss(cls_logits.softmax(dim=1), targets)",
            ),
            {None},
        ),
        (
            "teacher over the images",
            ("teacher_classes = teacher_logits.argmax(dim=1)", "teacher_classes = teacher_logits.argmax(dim=0)"),
            {"argmax-over-images"},
        ),
        (
            "teacher of everything",
            ("teacher_classes = teacher_logits.argmax(dim=1)", "teacher_classes = teacher_logits.argmax()"),
            {"argmax-of-everything"},
        ),
        (
            "largest value for class",
            ("teacher_classes = teacher_logits.argmax(dim=1)", "teacher_classes = teacher_logits.max(dim=1)[0]"),
            {"values-for-classes"},
        ),
        (
            "swapped and summed",
            (
                (
                    "cls_loss = soft_cross_entropy(cls_logits, targets)",
                    "cls_loss = soft_cross_entropy(dist_logits, targets)",
                ),
                (
                    "dist_loss = F.cross_entropy(dist_logits, teacher_classes)",
                    "dist_loss = F.cross_entropy(cls_logits, teacher_classes)",
                ),
                ("return (cls_loss + dist_loss) / 2", "return cls_loss + dist_loss"),
            ),
            {None},
        ),
        (
            "soft teacher, swapped halves",
            (
                "dist_loss = F.cross_entropy(dist_logits, teacher_classes)",
                "dist_loss = soft_cross_entropy(cls_logits, teacher_logits.softmax(dim=1).detach())",
            ),
            {None},
        ),
        (
            "dropout",
            (
                "cls_loss = soft_cross_entropy(cls_logits, targets)",
                "cls_loss = soft_cross_entropy(F.dropout(cls_logits, 0.1), targets)",
            ),
            {"relation:moving"},
        ),
    ],
    "soft_distillation_loss": [
        (
            "no return",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "(1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
            ),
            {"relation:no return"},
        ),
        (
            "halved",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return ((1 - alpha) * cls_loss + alpha * temperature**2 * divergence) / 2",
            ),
            {"relation:times"},
        ),
        (
            "the divergence alone",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return alpha * temperature**2 * divergence",
            ),
            {"only-the-teacher"},
        ),
        (
            "the truth alone",
            ("return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence", "return (1 - alpha) * cls_loss"),
            {"only-the-truth"},
        ),
        (
            "both in full",
            ("return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence", "return cls_loss + divergence"),
            {"no-weights"},
        ),
        (
            "temperature on everything",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return ((1 - alpha) * cls_loss + alpha * divergence) * temperature**2",
            ),
            {"temperature-on-both"},
        ),
        (
            "mean reduction",
            (
                "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()",
                "F.kl_div(student_log_p, teacher_log_p.exp())",
            ),
            {"mean-over-classes"},
        ),
        (
            "sum reduction",
            (
                "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()",
                'F.kl_div(student_log_p, teacher_log_p.exp(), reduction="sum")',
            ),
            {"summed-over-batch"},
        ),
        (
            "kl_div the other way",
            (
                "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()",
                'F.kl_div(teacher_log_p, student_log_p.exp(), reduction="batchmean")',
            ),
            {"divergence-reversed"},
        ),
        (
            "log of a softmax",
            ("(dist_logits / temperature).log_softmax(dim=1)", "(dist_logits / temperature).softmax(dim=1).log()"),
            {"log-of-softmax"},
        ),
        (
            "log of exp over sum",
            (
                "(dist_logits / temperature).log_softmax(dim=1)",
                "((dist_logits / temperature).exp() / (dist_logits / temperature).exp().sum(dim=1, "
                "keepdim=True)).log()",
            ),
            {"log-of-softmax"},
        ),
        (
            "temperature 3 whatever is given",
            (
                ("teacher_logits.detach() / temperature", "teacher_logits.detach() / 3.0"),
                ("(dist_logits / temperature)", "(dist_logits / 3.0)"),
            ),
            {"temperature-fixed"},
        ),
        (
            "alpha 0.1 whatever is given",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return 0.9 * cls_loss + 0.1 * temperature**2 * divergence",
            ),
            {"alpha-fixed"},
        ),
        ("other defaults", ("temperature=3.0, alpha=0.1", "temperature=3.0, alpha=0.5"), {"says:left out"}),
        (
            "per image",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return ((1 - alpha) * cls_loss + alpha * temperature**2 * divergence).expand(len(targets))",
            ),
            {"says:must have shape"},
        ),
        (
            "weights exchanged, no square",
            (
                "return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence",
                "return alpha * cls_loss + (1 - alpha) * divergence",
            ),
            {None},
        ),
        (
            "symmetric",
            (
                "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()",
                "((teacher_log_p.exp() - student_log_p.exp()) * (teacher_log_p - student_log_p)).sum(dim=1).mean() / 2",
            ),
            {None},
        ),
        (
            "entropy added",
            (
                "(teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()",
                "-(teacher_log_p.exp() * (teacher_log_p + student_log_p)).sum(dim=1).mean()",
            ),
            {None},
        ),
    ],
}
