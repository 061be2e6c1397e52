"""Lab 08: the Swin Transformer (Liu et al. 2021): stages of window attention, at ever lower resolution."""

from torch import nn

from .patches import PatchEmbed
from .swin import PatchMerging, SwinBlock
from .vit import init_weights

# Liu et al. (2021), section 3.3; window 7, patch 4, and 32 channels in each head.
SWIN_SIZES = {
    "T": dict(embed_dim=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24)),
    "S": dict(embed_dim=96, depths=(2, 2, 18, 2), num_heads=(3, 6, 12, 24)),
    "B": dict(embed_dim=128, depths=(2, 2, 18, 2), num_heads=(4, 8, 16, 32)),
    "L": dict(embed_dim=192, depths=(2, 2, 18, 2), num_heads=(6, 12, 24, 48)),
}


class SwinStage(nn.Module):
    """Patch merging (not in the first stage), then blocks of which every second one is shifted.

    Shapes: (B, H, W, D/2) -> (B, H/2, W/2, D), or (B, H, W, D) -> the same where `downsample` is nn.Identity.
    """

    def __init__(self, downsample, blocks):
        super().__init__()
        self.downsample = downsample
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        return self.blocks(self.downsample(x))


class SwinTransformer(nn.Module):
    """The Swin Transformer, classifying from the mean of the last stage's tokens.

    Args:
        img_size: side of the image in pixels, or (height, width).
        patch_size: P.
        in_chans: C.
        num_classes: K.
        embed_dim: D of the first stage; each further stage has twice the width of the one before.
        depths: the number of blocks of each stage.
        num_heads: h of each stage.
        window_size: M, in tokens; in a stage whose map is smaller it shrinks to the map's shorter side.
        mlp_ratio: hidden width of each block's MLP over its stage's width.
        block, merging: the classes to build from, such as a learner's own `SwinBlock` and `PatchMerging`.

    Shapes: (B, C, H, W) -> logits (B, K).
    """

    def __init__(
        self,
        img_size=224,
        patch_size=4,
        in_chans=3,
        num_classes=1000,
        embed_dim=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window_size=7,
        mlp_ratio=4.0,
        block=SwinBlock,
        merging=PatchMerging,
    ):
        super().__init__()
        if len(depths) != len(num_heads):
            raise ValueError(f"depths {depths} and num_heads {num_heads} must have one number for each stage")
        self.patch_embed = PatchEmbed(img_size, patch_size, in_chans, embed_dim)
        self.patch_norm = nn.LayerNorm(embed_dim)
        self.layers = nn.ModuleList()
        grid, dim = self.patch_embed.grid, embed_dim
        for i, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            downsample = nn.Identity()
            if i > 0:
                downsample = merging(dim)
                grid, dim = tuple((side + 1) // 2 for side in grid), 2 * dim
            # the windows of one block are the bridges between those of the block before
            blocks = [block(dim, heads, grid, window_size, j % 2 == 1, mlp_ratio) for j in range(depth)]
            self.layers.append(SwinStage(downsample, blocks))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, num_classes)
        self.apply(init_weights)

    def forward_features(self, images):
        """The feature pyramid: each stage's map (B, H, W, D), H and W halved and D doubled from stage to stage."""
        x = self.patch_norm(self.patch_embed(images))  # (B, N, D)
        x = x.unflatten(1, self.patch_embed.grid)  # (B, H, W, D)
        pyramid = []
        for stage in self.layers:
            x = stage(x)
            pyramid.append(x)
        return pyramid

    def forward(self, images):
        x = self.norm(self.forward_features(images)[-1])  # (B, H, W, D) of the last stage
        return self.head(x.mean(dim=(1, 2)))  # (B, K)


def load_timm_weights(model, state_dict):
    """Load the weights of a timm `swin_*` model into a `SwinTransformer` of the same sizes.

    The names are timm's already, except for the norm of the patches and the head.

    Args:
        model: a `SwinTransformer`.
        state_dict: timm's, as `timm.create_model(...).state_dict()` gives it.

    Returns:
        the model.

    Raises:
        RuntimeError: torch's own, naming missing and unexpected keys and wrong shapes.
    """
    new = {"patch_embed.norm.": "patch_norm.", "head.fc.": "head."}
    renamed = {}
    for name, value in state_dict.items():
        for old in new:
            name = name.replace(old, new[old])
        renamed[name] = value
    model.load_state_dict(renamed)
    return model
