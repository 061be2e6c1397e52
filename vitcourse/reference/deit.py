"""Lab 07: DeiT, a Vision Transformer that also learns from a teacher, and its two losses (Touvron et al. 2021)."""

import torch
import torch.nn.functional as F
from torch import nn

from .patches import PatchEmbed
from .recipe import soft_cross_entropy
from .vit import Block, init_weights


class DistilledViT(nn.Module):
    """A ViT with a second learned token, the distillation token, whose head learns what a teacher says.

    Args: as `ViT` takes them: img_size, patch_size, in_chans, num_classes (K), embed_dim (D), depth, num_heads,
        mlp_ratio.

    Parameters beside those of the blocks: `cls_token` and `dist_token` (1, 1, D), `pos_embed` (1, N+2, D), all drawn
    from a truncated normal distribution with standard deviation 0.02; two linear layers, `head` and `head_dist`.

    Shapes: (B, C, H, W) -> in training mode a pair of logits, each (B, K): the class token's and the distillation
    token's; in evaluation mode their mean, (B, K).
    """

    def __init__(
        self,
        img_size=224,
        patch_size=16,
        in_chans=3,
        num_classes=1000,
        embed_dim=768,
        depth=12,
        num_heads=12,
        mlp_ratio=4.0,
    ):
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        # TODO: make the parameters self.cls_token, self.dist_token and self.pos_embed, each drawn with
        # nn.init.trunc_normal_ (std 0.02), and the linear layers self.head and self.head_dist
        ### BEGIN SOLUTION
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.patch_embed.num_patches + 2, embed_dim))
        for parameter in (self.cls_token, self.dist_token, self.pos_embed):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.head = nn.Linear(embed_dim, num_classes)
        self.head_dist = nn.Linear(embed_dim, num_classes)
        ### END SOLUTION
        self.apply(init_weights)

    def embed(self, images):
        """Turn images (B, C, H, W) into the tokens (B, N+2, D) that enter the first block."""
        B = len(images)
        # TODO: the class token, then the distillation token, then the patches; add the positions to all of them
        ### BEGIN SOLUTION
        patches = self.patch_embed(images)  # (B, N, D)
        cls_tokens = self.cls_token.expand(B, -1, -1)  # (B, 1, D)
        dist_tokens = self.dist_token.expand(B, -1, -1)  # (B, 1, D)
        return torch.cat([cls_tokens, dist_tokens, patches], dim=1) + self.pos_embed
        ### END SOLUTION

    def forward(self, images):
        # TODO: embed, every block, the last norm; each head on its own token; the pair in training mode, else the mean
        ### BEGIN SOLUTION
        x = self.embed(images)  # (B, N+2, D)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        cls_logits = self.head(x[:, 0])  # (B, K)
        dist_logits = self.head_dist(x[:, 1])  # (B, K)
        if self.training:
            return cls_logits, dist_logits
        return (cls_logits + dist_logits) / 2
        ### END SOLUTION


def hard_distillation_loss(cls_logits, dist_logits, teacher_logits, targets):
    """Half the loss against the truth, half against the teacher's decision (Touvron et al. 2021, equation 3).

    Args:
        cls_logits: (B, K), of the class token; learns from the targets.
        dist_logits: (B, K), of the distillation token; learns from the class to which the teacher gives most.
        teacher_logits: (B, K), for the same images as the student saw them. No gradient goes there.
        targets: (B, K), each row sums to 1: the truth, smoothed and mixed as the recipe says.

    Returns:
        () the mean over the B images.
    """
    # TODO: the teacher's classes; half of one cross-entropy plus half of the other
    ### BEGIN SOLUTION
    teacher_classes = teacher_logits.argmax(dim=1)  # (B,)
    cls_loss = soft_cross_entropy(cls_logits, targets)
    dist_loss = F.cross_entropy(dist_logits, teacher_classes)
    return (cls_loss + dist_loss) / 2
    ### END SOLUTION


def soft_distillation_loss(cls_logits, dist_logits, teacher_logits, targets, temperature=3.0, alpha=0.1):
    """The loss against the truth, plus the divergence from the teacher's softened probabilities (equation 2).

    (1 - alpha) * CE(cls_logits, targets) + alpha * temperature**2 * KL(p || q), where p is the teacher's softmax at
    logits / temperature, q the distillation token's, and KL(p || q) = sum of p * (log p - log q) over the classes.
    The defaults are the paper's (section 6).

    Args:
        cls_logits, dist_logits, teacher_logits, targets: as in `hard_distillation_loss`.
        temperature: above 1 it brings the probabilities nearer to each other.
        alpha: weight of the divergence, 0 to 1; the paper's lambda.

    Returns:
        () the mean over the B images.
    """
    # TODO: both log-softmaxes at logits / temperature, the divergence, and the weighted sum; no gradient to the teacher
    ### BEGIN SOLUTION
    teacher_log_p = (teacher_logits.detach() / temperature).log_softmax(dim=1)
    student_log_p = (dist_logits / temperature).log_softmax(dim=1)
    divergence = (teacher_log_p.exp() * (teacher_log_p - student_log_p)).sum(dim=1).mean()
    cls_loss = soft_cross_entropy(cls_logits, targets)
    return (1 - alpha) * cls_loss + alpha * temperature**2 * divergence
    ### END SOLUTION


class ConvTeacher(nn.Module):
    """A small convolutional network to learn from: four 3x3 convolutions with batch norm, three of them halve the side.

    Args:
        in_chans: C.
        num_classes: K.
        width: channels after the first convolution; doubled at each of the next two halvings.

    Shapes: (B, C, H, W) -> logits (B, K), for any H and W.
    """

    def __init__(self, in_chans=3, num_classes=10, width=16):
        super().__init__()
        sizes = [in_chans, width, width, 2 * width, 4 * width]
        layers = []
        for i in range(4):
            stride = 1 if i == 0 else 2
            layers += [
                nn.Conv2d(sizes[i], sizes[i + 1], 3, stride=stride, padding=1, bias=False),  # the norm has a shift
                nn.BatchNorm2d(sizes[i + 1]),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(sizes[-1], num_classes)

    def forward(self, images):
        return self.head(self.features(images).mean(dim=(2, 3)))  # the mean over all places: (B, 4 * width) -> (B, K)


class DropPath(nn.Module):
    """Leave a residual branch out at random, whole images at a time (stochastic depth, Huang et al. 2016).

    Args:
        p: the probability, 0 to below 1. What is kept is divided by 1 - p, so that the mean stays.

    Shapes: any (B, ...) -> the same. In evaluation mode nothing changes.
    """

    def __init__(self, p=0.0):
        super().__init__()
        self.p = p

    def forward(self, branch):
        if not self.training or not self.p:
            return branch
        keep = torch.rand(len(branch), *[1] * (branch.ndim - 1), device=branch.device) >= self.p
        return branch * keep / (1 - self.p)
