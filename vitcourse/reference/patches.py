"""Lab 01: from an image to a sequence of patches, and from patches to embeddings."""

from torch import nn


def patchify(images, patch_size):
    """Cut a batch of images into square patches that do not overlap.

    Args:
        images: (B, C, H, W).
        patch_size: P, the side of a patch in pixels.

    Returns:
        (B, N, C*P*P) with N = (H / P) * (W / P). Patches run row by row, as a page is read; each one is
        flattened as a convolution's weight is: channel, then row, then column, (C, P, P).

    Raises:
        ValueError: naming H, W and P when P does not divide both sides.
    """
    B, C, H, W = images.shape
    P = patch_size
    # TODO: raise a ValueError that names H, W and P if P does not divide both sides; else cut the patches
    ### BEGIN SOLUTION
    if H % P or W % P:
        raise ValueError(f"patch size {P} does not divide the image's height {H} and width {W}")
    rows, cols = H // P, W // P
    tiles = images.reshape(B, C, rows, P, cols, P)
    tiles = tiles.permute(0, 2, 4, 1, 3, 5)  # (B, rows, cols, C, P, P)
    return tiles.reshape(B, rows * cols, C * P * P)  # (B, N, C*P*P)
    ### END SOLUTION


def unpatchify(patches, patch_size, grid):
    """Put patches back together: the inverse of `patchify`.

    Args:
        patches: (B, N, C*P*P), as `patchify` returns them.
        patch_size: P, the side of a patch in pixels.
        grid: (rows, cols), the number of patches down and across; rows * cols = N.

    Returns:
        (B, C, rows*P, cols*P).
    """
    B, N, patch_len = patches.shape
    rows, cols = grid
    P = patch_size
    C = patch_len // (P * P)
    # TODO: undo patchify: split each patch into (C, P, P), put the grid's axes beside the pixels' axes, merge
    ### BEGIN SOLUTION
    tiles = patches.reshape(B, rows, cols, C, P, P)
    tiles = tiles.permute(0, 3, 1, 4, 2, 5)  # (B, C, rows, P, cols, P)
    return tiles.reshape(B, C, rows * P, cols * P)  # (B, C, H, W)
    ### END SOLUTION


class PatchEmbed(nn.Module):
    """Cut images into patches and map each one linearly to a vector, in one strided convolution `proj`.

    Args:
        img_size: side of the image in pixels, or (height, width).
        patch_size: P, the side of a patch in pixels.
        in_chans: C, the image's channels.
        embed_dim: D, the length of a patch's vector.

    Shapes: (B, C, H, W) -> (B, N, D), patches row by row. `grid` is (rows, cols), `num_patches` is N.

    Raises:
        ValueError: when P does not divide the image, or an image of another size is given.
    """

    def __init__(self, img_size, patch_size, in_chans, embed_dim):
        super().__init__()
        self.img_size = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
        H, W = self.img_size
        if H % patch_size or W % patch_size:
            raise ValueError(f"patch size {patch_size} does not divide the image's height {H} and width {W}")
        self.grid = (H // patch_size, W // patch_size)
        # TODO: set self.num_patches, and self.proj to an nn.Conv2d that looks at each patch exactly once
        ### BEGIN SOLUTION
        self.num_patches = self.grid[0] * self.grid[1]
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)
        ### END SOLUTION

    def forward(self, images):
        B, C, H, W = images.shape
        if (H, W) != self.img_size:  # the convolution would drop the rest at the right and bottom in silence
            raise ValueError(f"made for images of {self.img_size} pixels, got {(H, W)}")
        # TODO: apply self.proj, then turn the grid of vectors into a sequence (B, N, D)
        ### BEGIN SOLUTION
        grid = self.proj(images)  # (B, D, rows, cols)
        return grid.flatten(2).transpose(1, 2)  # (B, N, D)
        ### END SOLUTION
