"""The position explorer: pick a patch, and see how alike its position is to all others."""

import torch

from ...reference.maps import position_similarity
from ..plots.explore_positions import distances, draw_positions, map_boxes
from .panel import Explorer, slider, spots


def explore_positions(pos_embed, grid, untrained=None):
    """Compare one position with all others, by cosine similarity, in one table or in several side by side.

    Args:
        pos_embed: positions (1, 1 + N, D) with the class token's slot first, (1, N, D) or (N, D) without one; or
            {name: such a table} for up to four of them.
        grid: (rows, cols); rows * cols = N.
        untrained: the same table before training, drawn beside it.

    Returns:
        `Explorer`; as the last line of a cell it shows itself.

    Raises:
        ValueError: when a table does not fit the grid.
    """
    if isinstance(pos_embed, dict):
        tables = dict(pos_embed)
    else:
        tables = {"positions" if untrained is None else "trained": pos_embed}
    if untrained is not None:
        tables["untrained"] = untrained
    rows, cols = grid
    similar = {name: position_similarity(with_class_slot(table, grid, name), grid) for name, table in tables.items()}

    def draw(row, column):
        chosen = {name: values[row, column] for name, values in similar.items()}
        return draw_positions(chosen, (row, column)), words(chosen, (row, column))

    controls = {"row": slider("row", 0, rows - 1, rows // 3), "column": slider("column", 0, cols - 1, cols // 3)}
    explorer = Explorer(controls, draw, "How alike one position is to all others")
    choose = lambda r, c: explorer.set(row=r, column=c)  # noqa: E731
    explorer.cover(*(spots(grid, box, choose) for box in map_boxes(len(tables), grid)))
    return explorer


def with_class_slot(table, grid, name="pos_embed"):
    """A table of positions as (1, 1 + N, D); an empty class slot is put in front of one that has none.

    Raises:
        ValueError: when it does not fit the grid.
    """
    table = table.detach().float().cpu()
    table = table[None] if table.ndim == 2 else table  # (1, N or 1 + N, D)
    N = grid[0] * grid[1]
    if table.ndim == 3 and table.shape[:2] == (1, N):
        return torch.cat([torch.zeros(1, 1, table.shape[2]), table], dim=1)
    if table.ndim != 3 or table.shape[:2] != (1, 1 + N):
        shape = tuple(table.shape)
        raise ValueError(f"{name} has shape {shape}: a grid of {grid[0]} x {grid[1]} needs (1, {1 + N}, D)")
    return table


def words(similarities, chosen):
    """How alike the nearest and the other positions are, for each table, in words."""
    said = [f"Row {chosen[0]}, column {chosen[1]}."]
    for name, table in similarities.items():
        far = torch.from_numpy(distances(table.shape, chosen))
        near, others = table[far == 1], table[far > 1]
        nearest = f"{near.mean():.2f} to the patches next to it" if len(near) else "no neighbours"
        rest = f", {others.mean():.2f} to the others" if len(others) else ""
        said.append(f"{name}: similarity {nearest}{rest}.")
    return " ".join(said)
