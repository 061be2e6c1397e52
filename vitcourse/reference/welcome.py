"""Lab 00: a warm-up."""


def count_tokens(height, width, patch_size):
    """Count the tokens that a ViT makes of an image: one for each patch, and the class token.

    Args:
        height, width: of the image in pixels.
        patch_size: side of a patch in pixels; it divides both.

    Returns:
        int. An image of 224 x 224 with patches of 16 gives 197.
    """
    # TODO: return the number of patches that fit into the image, plus one
    ### BEGIN SOLUTION
    return (height // patch_size) * (width // patch_size) + 1
    ### END SOLUTION
