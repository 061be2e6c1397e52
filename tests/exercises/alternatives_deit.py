"""Other right answers for lab 07, as different from the reference as they can be."""

import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.patches import PatchEmbed
from vitcourse.reference.vit import Block, ViT, init_weights


class DistilledSequential(nn.Module):
    """Blocks in nn.Sequential; positions added before the join; both heads as one product."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        N = self.patch_embed.num_patches
        self.dist_token = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1, embed_dim), std=0.02))
        self.cls_token = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1, embed_dim), std=0.02))
        self.pos_embed = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, N + 2, embed_dim), std=0.02))
        self.blocks = nn.Sequential(*[Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head_dist, self.head = nn.Linear(embed_dim, num_classes), nn.Linear(embed_dim, num_classes)
        self.apply(init_weights)

    def embed(self, images):
        first, second, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:2], self.pos_embed[:, 2:]
        patches = self.patch_embed(images) + rest
        prefix = torch.cat((self.cls_token + first, self.dist_token + second), dim=1)
        return torch.cat((prefix.repeat(len(images), 1, 1), patches), dim=1)

    def forward(self, images):
        read = self.norm(self.blocks(self.embed(images))[:, :2])  # the norm looks at one token at a time
        weights = torch.stack([self.head.weight, self.head_dist.weight])
        biases = torch.stack([self.head.bias, self.head_dist.bias])
        logits = torch.einsum("btd,tkd->tbk", read, weights) + biases[:, None]
        return tuple(logits) if self.training else logits.mean(dim=0)


class DistilledFromViT(ViT):
    """Inherits the ViT, whose token module gives way; one image at a time, a list for the pair."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__(img_size, patch_size, in_chans, num_classes, embed_dim, depth, num_heads, mlp_ratio)
        del self.tokens
        self.register_parameter("cls_token", nn.Parameter(0.02 * torch.randn(1, 1, embed_dim)))
        self.register_parameter("dist_token", nn.Parameter(0.02 * torch.randn(1, 1, embed_dim)))
        tokens = self.patch_embed.num_patches + 2
        self.register_parameter("pos_embed", nn.Parameter(0.02 * torch.randn(1, tokens, embed_dim)))
        self.head_dist = nn.Linear(embed_dim, num_classes)
        init_weights(self.head_dist)

    def embed(self, images):
        rows = [
            torch.cat([self.cls_token, self.dist_token, self.patch_embed(image[None])], dim=1) + self.pos_embed
            for image in images
        ]
        return torch.cat(rows)

    def forward(self, images):
        both = [], []
        for row in self.embed(images):
            x = row[None]
            for block in self.blocks:
                x = block(x)
            both[0].append(self.head(self.norm(x[:, 0])))
            both[1].append(self.head_dist(self.norm(x[:, 1])))
        cls_logits, dist_logits = map(torch.cat, both)
        return [cls_logits, dist_logits] if self.training else cls_logits.lerp(dist_logits, 0.5)


class DistilledPadded(DistilledSequential):
    """An empty tensor that is filled; results that are not contiguous."""

    def embed(self, images):
        patches = self.patch_embed(images)
        x = F.pad(patches, (0, 0, 2, 0))
        is_first = torch.zeros(x.shape[1], 1, dtype=x.dtype, device=x.device)
        is_second = is_first.clone()
        is_first[0], is_second[1] = 1, 1
        return x + is_first * self.cls_token + is_second * self.dist_token + self.pos_embed

    def forward(self, images):
        x = self.embed(images)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        cls_logits = (self.head.weight @ x[:, 0].T + self.head.bias[:, None]).T
        dist_logits = (self.head_dist.weight @ x[:, 1].T + self.head_dist.bias[:, None]).T
        if not self.training:
            return 0.5 * cls_logits + 0.5 * dist_logits
        return cls_logits, dist_logits


def hard_one_hot(cls_logits, dist_logits, teacher_logits, targets):
    decision = torch.zeros_like(teacher_logits).scatter_(1, teacher_logits.detach().topk(1).indices, 1.0)
    losses = [F.cross_entropy(cls_logits, targets), F.cross_entropy(dist_logits, decision)]
    return torch.stack(losses).mean()


def hard_loops(cls_logits, dist_logits, teacher_logits, targets):
    B, K = targets.shape
    total = 0
    for b in range(B):
        best = max(range(K), key=lambda k: float(teacher_logits[b, k]))
        total = total - 0.5 * (dist_logits[b, best] - dist_logits[b].logsumexp(0))
        for k in range(K):
            total = total - 0.5 * targets[b, k] * (cls_logits[b, k] - cls_logits[b].logsumexp(0))
    return total / B


def hard_nll(cls_logits, dist_logits, teacher_logits, targets):
    with torch.no_grad():
        decision = teacher_logits.softmax(dim=-1).max(dim=-1).indices if teacher_logits.abs().max() < 50 else None
        decision = teacher_logits.max(dim=-1)[1] if decision is None else decision
    picked = dist_logits.log_softmax(-1).gather(1, decision[:, None]).squeeze(1)
    truth = (targets * (cls_logits - cls_logits.logsumexp(-1, keepdim=True))).sum(-1)
    return -(picked + truth).mean() / 2


def soft_kl_div(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    with torch.no_grad():
        p = F.softmax(teacher_logits / temperature, dim=-1)
    divergence = F.kl_div(F.log_softmax(dist_logits / temperature, dim=-1), p, reduction="batchmean")
    return F.cross_entropy(cls_logits, targets) * (1 - alpha) + divergence * (alpha * temperature * temperature)


def soft_loops(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    total = 0
    for cls, dist, teacher, target in zip(cls_logits, dist_logits, teacher_logits.detach(), targets, strict=True):
        log_p = teacher / temperature - torch.logsumexp(teacher / temperature, 0)
        log_q = dist / temperature - torch.logsumexp(dist / temperature, 0)
        for k in range(len(target)):
            total = total - (1 - alpha) * target[k] * (cls[k] - torch.logsumexp(cls, 0))
            total = total + alpha * temperature**2 * log_p[k].exp() * (log_p[k] - log_q[k])
    return total / len(targets)


def soft_entropies(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    """KL as a cross-entropy less the teacher's entropy."""
    soft_teacher = (teacher_logits.data / temperature).softmax(dim=1)
    cross = F.cross_entropy(dist_logits / temperature, soft_teacher)
    entropy = torch.special.entr(soft_teacher).sum(dim=1).mean()
    return torch.lerp(F.cross_entropy(cls_logits, targets), temperature**2 * (cross - entropy), alpha)


class DistilledInOneTensor(nn.Module):
    """The parameters drawn one after the other; tokens written into an empty tensor; keyword arguments."""

    def __init__(self, img_size=224, patch_size=16, in_chans=3, num_classes=1000, embed_dim=768, depth=12, num_heads=12, mlp_ratio=4.0):  # fmt: skip  # noqa: E501
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.blocks = nn.ModuleList([Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        self.dist_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 2 + self.patch_embed.num_patches, embed_dim))
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.dist_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, mean=0.0, std=0.02, a=-2.0, b=2.0)
        self.head = nn.Linear(in_features=embed_dim, out_features=num_classes)
        self.head_dist = nn.Linear(in_features=embed_dim, out_features=num_classes)
        self.apply(init_weights)

    def embed(self, images):
        patches = self.patch_embed(images)
        B, N, D = patches.shape
        tokens = torch.empty(B, N + 2, D, dtype=patches.dtype)
        tokens[:, 0:1], tokens[:, 1:2], tokens[:, 2:] = self.cls_token, self.dist_token, patches
        return tokens + self.pos_embed

    def forward(self, images):
        x = self.embed(images)
        for block in self.blocks:
            x = block(x)
        first, second, *_ = self.norm(x).unbind(dim=1)
        pair = self.head(first), self.head_dist(second)
        return pair if self.training else sum(pair) * 0.5


class DistilledRepeated(DistilledInOneTensor):
    """Both tokens joined first and repeated; the mean as a mean over a stack."""

    def embed(self, images):
        both = torch.cat((self.cls_token, self.dist_token), 1).repeat(images.shape[0], 1, 1)
        return torch.hstack((both, self.patch_embed(images))).add(self.pos_embed)

    def forward(self, images):
        x = nn.Sequential(*self.blocks, self.norm)(self.embed(images))
        logits = torch.stack((self.head(x[:, 0, :]), self.head_dist(x[:, 1, :])))
        if not self.training:
            return torch.mean(logits, 0)
        return logits[0], logits[1]


def hard_decision_one_hot(cls_logits, dist_logits, teacher_logits, targets):
    """The decision as a float32 one-hot row."""
    decision = F.one_hot(torch.argmax(teacher_logits, dim=-1), num_classes=targets.shape[-1]).float()
    truth = -torch.sum(targets * F.log_softmax(cls_logits, dim=-1), dim=-1)
    taught = -torch.sum(decision * F.log_softmax(dist_logits, dim=-1), dim=-1)
    return torch.mean(0.5 * truth + 0.5 * taught)


def hard_modules(cls_logits, dist_logits, teacher_logits, targets):
    """nn.CrossEntropyLoss, made once, called twice."""
    criterion = nn.CrossEntropyLoss()
    _, decision = torch.max(teacher_logits, 1)
    return 0.5 * criterion(cls_logits, targets) + 0.5 * criterion(input=dist_logits, target=decision)


def soft_log_target(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    """F.kl_div with both logarithms, summed and divided by the batch."""
    log_p = F.log_softmax(teacher_logits.detach() / temperature, dim=1)
    log_q = F.log_softmax(dist_logits / temperature, dim=1)
    divergence = F.kl_div(log_q, log_p, reduction="sum", log_target=True) / len(log_q)
    return (1 - alpha) * F.cross_entropy(cls_logits, targets) + divergence * alpha * temperature**2


def soft_module(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    """nn.KLDivLoss; float32 weights in a tensor."""
    log_q = (dist_logits / temperature).log_softmax(-1)
    p = (teacher_logits.detach() / temperature).softmax(-1)
    terms = torch.stack(
        [
            nn.CrossEntropyLoss()(cls_logits, targets),
            nn.KLDivLoss(reduction="batchmean")(log_q, p),
        ]
    )
    return (torch.tensor([1 - alpha, alpha * temperature**2]) * terms).sum()


ALTERNATIVES = {
    "DistilledViT": [DistilledSequential, DistilledFromViT, DistilledPadded, DistilledInOneTensor, DistilledRepeated],
    "hard_distillation_loss": [hard_one_hot, hard_loops, hard_nll, hard_decision_one_hot, hard_modules],
    "soft_distillation_loss": [soft_kl_div, soft_loops, soft_entropies, soft_log_target, soft_module],
}
