"""Lab 02: the class token, and telling the model where each patch was."""

import torch
import torch.nn.functional as F
from torch import nn


class TokenPrep(nn.Module):
    """Put a learned class token before the patches and add a learned position to every token.

    Args:
        num_patches: N.
        embed_dim: D.

    Parameters: `cls_token` (1, 1, D) and `pos_embed` (1, N+1, D), both drawn from a truncated normal
    distribution with standard deviation 0.02 (timm draws the positions so, and starts the class token near zero).

    Shapes: (B, N, D) -> (B, N+1, D), the class token first.
    """

    def __init__(self, num_patches, embed_dim):
        super().__init__()
        # TODO: make the parameters self.cls_token and self.pos_embed, and draw both with nn.init.trunc_normal_
        ### BEGIN SOLUTION
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim))
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        ### END SOLUTION

    def forward(self, patches):
        B, N, D = patches.shape
        # TODO: put one copy of the class token before each image's patches, then add the positions to all tokens
        ### BEGIN SOLUTION
        cls_tokens = self.cls_token.expand(B, -1, -1)  # (B, 1, D)
        tokens = torch.cat([cls_tokens, patches], dim=1)  # (B, N+1, D)
        return tokens + self.pos_embed
        ### END SOLUTION


def sincos_positions(grid, embed_dim):
    """Make the fixed two-dimensional sine-cosine position table.

    The first half of each vector encodes the patch's row, the second half its column. With
    w_k = 10000 ** (-k / (D/4)) for k = 0 .. D/4 - 1, each half is [sin(p * w_0), sin(p * w_1), ...,
    cos(p * w_0), cos(p * w_1), ...] for the position p. The 2-D form of Vaswani et al. (2017), section 3.5,
    as used by MoCo v3 and MAE.

    Args:
        grid: (rows, cols).
        embed_dim: D.

    Returns:
        (rows*cols, D) in the default dtype, row by row.

    Raises:
        ValueError: when D is not a multiple of 4.
    """
    rows, cols = grid
    if embed_dim % 4:
        raise ValueError(f"embed_dim must be a multiple of 4 (sine and cosine, row and column), got {embed_dim}")
    # TODO: make the D/4 frequencies, the angles of every row and column, and join sines and cosines
    ### BEGIN SOLUTION
    bands = embed_dim // 4
    frequencies = 10000.0 ** (-torch.arange(bands) / bands)  # (D/4,)
    row_angles = torch.arange(rows)[:, None] * frequencies  # (rows, D/4)
    col_angles = torch.arange(cols)[:, None] * frequencies  # (cols, D/4)
    row_half = torch.cat([row_angles.sin(), row_angles.cos()], dim=1)  # (rows, D/2)
    col_half = torch.cat([col_angles.sin(), col_angles.cos()], dim=1)  # (cols, D/2)
    row_half = row_half.repeat_interleave(cols, dim=0)  # (N, D/2): each row's vector once per column
    col_half = col_half.repeat(rows, 1)  # (N, D/2): all columns, again for each row
    return torch.cat([row_half, col_half], dim=1)  # (N, D)
    ### END SOLUTION


def resample_positions(pos_embed, old_grid, new_grid):
    """Stretch learned positions to another grid of patches, so that a model can take another image size.

    Args:
        pos_embed: (1, 1 + rows*cols, D), the class token's slot first.
        old_grid: (rows, cols) the positions were learned on.
        new_grid: (rows, cols) wanted.

    Returns:
        (1, 1 + new_rows*new_cols, D) of the same dtype: patches resampled bicubically (`align_corners=False`),
        the class token's slot untouched.
    """
    D = pos_embed.shape[-1]
    # TODO: set the class slot aside, lay the patch positions out as an image of D channels, resize it, join again
    ### BEGIN SOLUTION
    cls_slot, patch_slots = pos_embed[:, :1], pos_embed[:, 1:]
    image = patch_slots.reshape(1, *old_grid, D).permute(0, 3, 1, 2)  # (1, D, rows, cols)
    image = F.interpolate(image, size=tuple(new_grid), mode="bicubic", align_corners=False)
    patch_slots = image.flatten(2).transpose(1, 2)  # (1, new_rows*new_cols, D)
    return torch.cat([cls_slot, patch_slots], dim=1)
    ### END SOLUTION
