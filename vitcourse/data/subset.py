"""A smaller part of a data set, chosen before anything is decoded."""

import torch


def balanced_subset(targets, size, seed):
    """Choose `size` images at random, as many of each class as of the others.

    A class that has too few gives all it has, and the others fill up. The order is mixed: of the images of one
    class none comes before all others.

    Args:
        targets: (N,) class of each image.
        size: how many; None or more than N means all, in their own order.
        seed: of the choice.

    Returns:
        (min(size, N),) int64 indices into targets.
    """
    targets = torch.as_tensor(targets, dtype=torch.int64)
    if size is None or size >= len(targets):
        return torch.arange(len(targets))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(targets), generator=generator)
    # In this random order, give each image its rank within its class, and take the lowest ranks: one image of each
    # class, then a second of each, until there are enough.
    by_class = targets[order].argsort(stable=True)
    counts = targets.bincount()
    first_of_class = counts.cumsum(0) - counts
    rank = torch.empty_like(order)
    rank[by_class] = torch.arange(len(targets)) - first_of_class[targets[order][by_class]]
    return order[rank.argsort(stable=True)[:size]]
