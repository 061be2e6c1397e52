"""What several exercises of lab 06 share.

The weights that are drawn are rows of a softmax, as a model's are, so that a right answer may rely on it. They are not
symmetric, and the grids are not square.
"""

WEIGHT_CASES = [
    dict(B=4, h=3, grid=(2, 5), patch_size=7),
    dict(B=3, h=5, grid=(4, 2), patch_size=6),
    dict(B=1, h=5, grid=(1, 3), patch_size=2),  # here and below stands what a squeeze() would eat
    dict(B=5, h=1, grid=(3, 1), patch_size=1),
]


def scores_behind(weights):
    """What the weights are the softmax of. Gradients are taken here: the weights cannot leave sum 1, and two right
    formulas (add the identity and scale, or mix half and half) have other derivatives off it."""
    return weights.log().requires_grad_()


def draw_map(d):
    case = WEIGHT_CASES[d.index]
    T = 1 + case["grid"][0] * case["grid"][1]
    return dict(weights=d.distribution(case["B"], case["h"], T, T), grid=case["grid"])
