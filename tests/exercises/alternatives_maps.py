"""Other right answers for lab 06, as different from the reference as they can be."""

import math

import torch
import torch.nn.functional as F


def map_loops(weights, grid):
    maps = []
    for image in weights:
        rows = []
        for row in range(grid[0]):
            first = 1 + row * grid[1]
            rows.append(sum(head[0, first : first + grid[1]] for head in image) / len(image))
        maps.append(torch.stack(rows))
    return torch.stack(maps)


def map_one_hot(weights, grid):
    """A question to the class token: e_0 W, then the heads' mean and everything but the first entry."""
    pick = torch.zeros(weights.shape[-1], dtype=weights.dtype)
    pick[0] = 1
    row = torch.einsum("bhij,i->bj", weights, pick) / weights.size(1)
    return row.narrow(1, 1, grid[0] * grid[1]).unflatten(1, tuple(grid))


def map_mean_first(weights, grid):
    return weights.mean(1)[:, 0].split((1, grid[0] * grid[1]), dim=-1)[1].view(-1, *grid)


def map_column_major_memory(weights, grid):
    """Not contiguous."""
    columns = torch.stack([weights[:, :, 0, 1 + c :: grid[1]].mean(1) for c in range(grid[1])])
    return columns.permute(1, 2, 0)


def rollout_from_the_top(weights_per_layer):
    """Ask the class token, then walk down: a row times a matrix, never a product of two matrices."""
    last = weights_per_layer[-1]
    row = torch.zeros(len(last), 1, last.shape[-1]).to(last)
    row[:, :, 0] = 1
    for weights in reversed(list(weights_per_layer)):
        row = (row @ weights.mean(dim=1) + row) / 2
    return row.squeeze(1)[:, 1:]


def rollout_rescaled(weights_per_layer):
    """Add the identity and scale the rows to 1, as the paper's own code does."""
    result = None
    for weights in weights_per_layer:
        layer = weights.sum(dim=1) / weights.shape[1] + torch.eye(weights.shape[-1], dtype=weights.dtype)
        layer = layer / layer.sum(dim=-1, keepdim=True)
        result = layer if result is None else torch.bmm(layer, result)
    return result[:, 0, 1:]


def rollout_chain(weights_per_layer):
    """Image by image, with torch.linalg.multi_dot."""
    rows = []
    for b in range(len(weights_per_layer[0])):
        layers = [torch.lerp(w[b].mean(0), torch.eye(w.shape[-1]).to(w), 0.5) for w in weights_per_layer]
        product = torch.linalg.multi_dot(layers[::-1]) if len(layers) > 1 else layers[0]
        rows.append(product[0, 1:])
    return torch.stack(rows)


def rollout_powers_of_half(weights_per_layer):
    """All paths written out: each layer is taken or skipped, and every path has weight 0.5 ** depth."""
    means = [w.mean(dim=1) for w in weights_per_layer]
    B, T, _ = means[0].shape
    total = torch.zeros(B, T).to(means[0])
    for path in range(2 ** len(means)):
        row = F.one_hot(torch.zeros(B, 1, dtype=torch.long), T).to(means[0])
        for i in range(len(means) - 1, -1, -1):
            if path >> i & 1:
                row = row @ means[i]
        total = total + row[:, 0]
    return (total / 2 ** len(means))[:, 1:]


def distance_loops(weights, grid, patch_size):
    rows, cols = grid
    heads = []
    for h in range(weights.shape[1]):
        total, count = 0.0, 0
        for image in weights[:, h]:
            for i in range(rows * cols):
                among = image[1 + i, 1:]
                far = [math.dist(divmod(i, cols), divmod(j, cols)) * patch_size for j in range(rows * cols)]
                total = total + (among * torch.tensor(far, dtype=weights.dtype)).sum() / among.sum()
                count += 1
        heads.append(total / count)
    return torch.stack(heads)


def distance_quotient(weights, grid, patch_size):
    """The weighted sum over the weights' sum; centres of patches, as complex numbers."""
    y, x = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    centre = torch.complex(x + 0.5, y + 0.5).flatten() * patch_size
    far = (centre[:, None] - centre[None, :]).abs().to(weights.dtype)
    inner = weights[..., 1:, 1:]
    return (torch.einsum("bhij,ij->bhi", inner, far) / inner.sum(-1)).mean(-1).mean(0)


def distance_cdist(weights, grid, patch_size):
    """The class token's column set aside by 1 - w; distances by cdist."""
    places = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1])).to(weights.dtype)
    far = patch_size * torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
    scaled = weights[:, :, 1:, 1:] / (1 - weights[:, :, 1:, :1])
    return torch.tensordot(scaled, far, dims=0).diagonal(0, 3, 5).diagonal(0, 2, 3).sum((-1, -2)).mean(0) / len(far)


def similarity_loops(pos_embed, grid):
    rows, cols = grid
    table = pos_embed[0, 1:].unflatten(0, (rows, cols))
    maps = [F.cosine_similarity(table, table[r, c], dim=-1) for r in range(rows) for c in range(cols)]
    return torch.stack(maps).unflatten(0, (rows, cols))


def similarity_broadcast(pos_embed, grid):
    v = pos_embed.squeeze(0)[1:]
    v = v.reshape(*grid, -1)
    return F.cosine_similarity(v[:, :, None, None], v[None, None], dim=-1)


def similarity_gram(pos_embed, grid):
    """Scalar products first, divided by the lengths of both afterwards; not contiguous."""
    v = pos_embed[0, 1:]
    gram = torch.einsum("id,jd->ij", v, v)
    length = gram.diagonal().sqrt()
    return (gram / torch.outer(length, length)).T.unflatten(1, tuple(grid)).unflatten(0, tuple(grid))


def map_einsum(weights, grid):
    """A float32 mean over the heads as an einsum with a vector made on the spot."""
    h = weights.shape[1]
    each = torch.full((h,), 1.0 / h)
    rows, cols = grid
    return torch.einsum("bhn,h->bn", weights[:, :, 0, 1:], each).reshape(-1, rows, cols)


def map_filled(weights, grid):
    """An empty float32 tensor that is filled patch by patch."""
    B, h, T, _ = weights.shape
    result = torch.zeros(B, grid[0], grid[1])
    for i in range(1, T):
        result[:, (i - 1) // grid[1], (i - 1) % grid[1]] = weights[:, :, 0, i].sum(dim=1) / h
    return result


def rollout_stacked(weights_per_layer):
    """All layers stacked and mixed at once; a float32 identity; the list unpacked."""
    first, *rest = (torch.stack(list(weights_per_layer)).mean(dim=2) + torch.eye(weights_per_layer[0].shape[-1])) / 2
    for layer in rest:
        first = layer.matmul(first)
    return torch.squeeze(first[:, :1, 1:], dim=1)


def rollout_diagonal(weights_per_layer):
    """Half is added on the diagonal, in float32."""
    B, _, T, _ = weights_per_layer[0].size()
    product = torch.zeros(B, T, T) + torch.eye(T)
    for weights in weights_per_layer:
        mixed = weights.mean(1) * 0.5 + torch.diag(torch.full((T,), 0.5))
        product = torch.einsum("bij,bjk->bik", mixed, product)
    return product[:, 0, 1 : T + 1]


def distance_meshgrid(weights, grid, patch_size):
    """Differences by meshgrid in float32, Pythagoras by hand."""
    y, x = torch.meshgrid(torch.arange(grid[0]).float(), torch.arange(grid[1]).float(), indexing="ij")
    y, x = y.reshape(-1), x.reshape(-1)
    far = torch.sqrt((y.view(-1, 1) - y) ** 2 + (x.view(-1, 1) - x) ** 2) * patch_size
    inner = F.normalize(weights[:, :, 1:, 1:], p=1.0, dim=-1)
    return (inner * far).sum(-1).flatten(0, 0).permute(1, 0, 2).flatten(1).mean(dim=1)


def distance_matrix(weights, grid, patch_size):
    """A matrix product whose diagonal is the weighted sums; a table filled by two loops."""
    N = grid[0] * grid[1]
    far = torch.zeros(N, N)
    for i in range(N):
        for j in range(N):
            far[i, j] = math.hypot(i // grid[1] - j // grid[1], i % grid[1] - j % grid[1])
    inner = weights[:, :, 1:, 1:]
    inner = inner / torch.sum(inner, axis=-1, keepdims=True)
    return (inner @ far.T.to(inner)).diagonal(dim1=-2, dim2=-1).mean(dim=2).mean(dim=0) * patch_size


def similarity_divided(pos_embed, grid):
    """The lengths by a root; rows times rows by einsum; keyword arguments."""
    rows, cols = grid
    patches = pos_embed[:, 1:, :].reshape(rows * cols, -1)
    unit = patches / torch.sqrt(torch.sum(patches**2, dim=1, keepdim=True))
    return torch.einsum("id,jd->ij", unit, unit).view(rows, cols, rows, cols)


def similarity_filled(pos_embed, grid):
    """A float32 table that is filled pair by pair."""
    rows, cols = grid
    patches = pos_embed[0, 1:]
    result = torch.zeros(rows, cols, rows, cols)
    for i, left in enumerate(patches):
        for j, right in enumerate(patches):
            cosine = torch.dot(left, right) / (left.norm() * right.norm())
            result[i // cols, i % cols, j // cols, j % cols] = cosine
    return result


ALTERNATIVES = {
    "cls_attention_map": [map_loops, map_one_hot, map_mean_first, map_column_major_memory, map_einsum, map_filled],
    "attention_rollout": [
        rollout_from_the_top,
        rollout_rescaled,
        rollout_chain,
        rollout_powers_of_half,
        rollout_stacked,
        rollout_diagonal,
    ],
    "mean_attention_distance": [distance_loops, distance_quotient, distance_cdist, distance_meshgrid, distance_matrix],
    "position_similarity": [
        similarity_loops,
        similarity_broadcast,
        similarity_gram,
        similarity_divided,
        similarity_filled,
    ],
}
