"""Lab 04: the transformer block, the Vision Transformer, and its parameters counted by hand."""

from torch import nn

from .attention import MultiHeadAttention
from .patches import PatchEmbed
from .tokens import TokenPrep

# Dosovitskiy et al. (2021), table 1; Ti and S are DeiT's (Touvron et al. 2021, table 1).
VIT_SIZES = {
    "Ti": dict(embed_dim=192, depth=12, num_heads=3),
    "S": dict(embed_dim=384, depth=12, num_heads=6),
    "B": dict(embed_dim=768, depth=12, num_heads=12),
    "L": dict(embed_dim=1024, depth=24, num_heads=16),
    "H": dict(embed_dim=1280, depth=32, num_heads=16),
}


class Mlp(nn.Module):
    """Two linear layers with a GELU between them, applied to each token alone: (B, N, D) -> (B, N, D)."""

    def __init__(self, embed_dim, hidden_dim):
        super().__init__()
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_dim, embed_dim)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    """One pre-norm transformer block: attention between the tokens, then an MLP in each token.

    Args:
        embed_dim: D.
        num_heads: h.
        mlp_ratio: the MLP's hidden width is int(D * mlp_ratio).

    Shapes: (B, N, D) -> (B, N, D).
    """

    def __init__(self, embed_dim, num_heads, mlp_ratio=4.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim, eps=1e-6)
        self.attn = MultiHeadAttention(embed_dim, num_heads)
        self.norm2 = nn.LayerNorm(embed_dim, eps=1e-6)
        self.mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio))

    def forward(self, x):
        # TODO: normalise, attend, add; normalise, apply the MLP, add
        ### BEGIN SOLUTION
        x = x + self.attn(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return x
        ### END SOLUTION


def init_weights(module):
    """Draw linear weights from a truncated normal (std 0.02) and set their biases to zero, as timm does."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class ViT(nn.Module):
    """The Vision Transformer (Dosovitskiy et al. 2021), classifying from the class token.

    Args:
        img_size: side of the image in pixels, or (height, width).
        patch_size: P.
        in_chans: C.
        num_classes: K.
        embed_dim: D.
        depth: the number of blocks.
        num_heads: h.
        mlp_ratio: hidden width of each block's MLP over D.

    Shapes: (B, C, H, W) -> logits (B, K).
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
        # TODO: make self.tokens (a TokenPrep), self.blocks (an nn.ModuleList of depth Blocks), self.norm (a
        # LayerNorm, eps 1e-6) and self.head (a Linear to num_classes)
        ### BEGIN SOLUTION
        self.tokens = TokenPrep(self.patch_embed.num_patches, embed_dim)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)
        ### END SOLUTION
        self.apply(init_weights)

    def forward(self, images):
        # TODO: patches, tokens, every block, the last norm, and the head on the class token alone
        ### BEGIN SOLUTION
        x = self.tokens(self.patch_embed(images))  # (B, N+1, D)
        for block in self.blocks:
            x = block(x)
        cls_out = self.norm(x)[:, 0]  # (B, D)
        return self.head(cls_out)  # (B, K)
        ### END SOLUTION


def count_vit_parameters(
    img_size=224,
    patch_size=16,
    in_chans=3,
    num_classes=1000,
    embed_dim=768,
    depth=12,
    num_heads=12,
    mlp_ratio=4.0,
):
    """Count a ViT's parameters with a formula, without building it.

    Takes what `ViT` takes (`img_size` may be (height, width)). ViT-B/16 for 1000 classes at 224 pixels has
    86,567,656.

    Returns:
        int.
    """
    H, W = (img_size, img_size) if isinstance(img_size, int) else img_size
    N = (H // patch_size) * (W // patch_size)
    D = embed_dim
    hidden = int(D * mlp_ratio)
    # TODO: add up patch embedding, tokens, depth times a block, last norm and head; weights and biases
    ### BEGIN SOLUTION
    patch_embed = in_chans * patch_size**2 * D + D
    tokens = D + (N + 1) * D  # the class token, and a position for each of N + 1 tokens
    norm = 2 * D
    attention = (D * 3 * D + 3 * D) + (D * D + D)  # the same for any number of heads
    mlp = (D * hidden + hidden) + (hidden * D + D)
    block = norm + attention + norm + mlp
    head = D * num_classes + num_classes
    return patch_embed + tokens + depth * block + norm + head
    ### END SOLUTION


def load_timm_weights(model, state_dict):
    """Load the weights of a timm `vit_*` or `deit_*` model into a `ViT` or `DistilledViT` of the same sizes.

    The names are timm's already, except that a ViT's class token and positions live in `model.tokens`.

    Args:
        model: the course's or a learner's.
        state_dict: timm's, as `timm.create_model(...).state_dict()` gives it.

    Returns:
        the model.

    Raises:
        RuntimeError: torch's own, naming missing and unexpected keys and wrong shapes.
    """
    own = model.state_dict()
    renamed = {f"tokens.{name}" if f"tokens.{name}" in own else name: value for name, value in state_dict.items()}
    model.load_state_dict(renamed)
    return model
