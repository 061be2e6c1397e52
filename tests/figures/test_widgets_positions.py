"""The position explorer: which similarities it shows, and how it is moved."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from vitcourse.figures.plots.explore_positions import distances, draw_positions, map_boxes
from vitcourse.figures.widgets import explore_positions
from vitcourse.figures.widgets.explore_positions import with_class_slot, words
from vitcourse.reference.tokens import sincos_positions

from .test_widgets_patches import pixels

GRID = (3, 5)
TABLE = torch.randn(1, 1 + 15, 8, generator=torch.Generator().manual_seed(0))


def similar(table, row, column):
    """Cosine similarities to one patch, by torch's own function."""
    return F.cosine_similarity(table[0, 1 + row * 5 + column], table[0, 1:], dim=-1).reshape(GRID)


def test_the_class_slot_is_left_out_wherever_it_is():
    assert torch.equal(with_class_slot(TABLE, GRID), TABLE)
    without = with_class_slot(TABLE[:, 1:], GRID)
    assert without.shape == TABLE.shape and torch.equal(without[:, 1:], TABLE[:, 1:])
    assert torch.equal(with_class_slot(TABLE[0, 1:], GRID), without)
    with pytest.raises(ValueError, match=r"\(1, 16, 8\): a grid of 4 x 5"):
        explore_positions(TABLE, (4, 5))


def test_the_picture_follows_the_controls_and_is_the_plain_drawing():
    untrained = TABLE.roll(1, dims=1)
    explorer = explore_positions(TABLE.requires_grad_(), GRID, untrained=untrained)
    seen = {explorer.png}
    for name, value in {"row": 2, "column": 4}.items():
        explorer.controls[name].value = value
        assert explorer.png not in seen
        seen.add(explorer.png)
    maps = {"trained": similar(TABLE.detach(), 2, 4), "untrained": similar(untrained, 2, 4)}
    shown = pixels(explorer.png)
    assert abs(shown - pixels(draw_positions(maps, (2, 4)).png())).max() <= 2  # torch's function rounds its own way
    other = {**maps, "untrained": maps["trained"]}
    assert abs(shown - pixels(draw_positions(other, (2, 4)).png())).max() > 100


def test_a_click_on_any_map_chooses_the_position():
    explorer = explore_positions({"a": TABLE, "b": TABLE, "c": sincos_positions(GRID, 8)}, GRID)
    first, second, third = [grid.children for grid in explorer.box.children[-1].children[1:]]
    for spots, (row, column) in ((first, (1, 4)), (second, (2, 0)), (third, (0, 3))):
        spots[row * 5 + column].click()
        assert (explorer.controls["row"].value, explorer.controls["column"].value) == (row, column)


def test_words_give_the_means_over_neighbours_and_others():
    table = torch.zeros(3, 3)
    table[0, 1] = table[1, 0] = table[1, 2] = 0.5
    table[1, 1] = 1
    assert "one: similarity 0.38 to the patches next to it, 0.00 to the others." in words({"one": table}, (1, 1))


def test_distances_are_counted_in_patches():
    assert distances((3, 5), (1, 2))[1].tolist() == [2, 1, 0, 1, 2]
    assert distances((3, 5), (1, 2))[2, 4] == pytest.approx(5**0.5)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_maps_stand_beside_each_other_in_the_grid_s_shape(count):
    boxes = map_boxes(count, GRID)
    assert all(width / height == pytest.approx(5 / 3) for _, _, width, height in boxes)
    for (left, _, width, _), (following, *_) in pairwise(boxes):
        assert left + width < following
    assert boxes[-1][0] + boxes[-1][2] < 560
