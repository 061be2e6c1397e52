"""The patch explorer: what it draws and says, without a front end; and what every explorer owes its reader."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from vitcourse.figures.plots.explore_patches import draw_patches, image_box
from vitcourse.figures.widgets import explore_patches
from vitcourse.figures.widgets.explore_patches import cost, cut, patch_sizes, words
from vitcourse.figures.widgets.panel import MOST_SPOTS, VIEW
from vitcourse.reference.patches import patchify

IMAGES = torch.rand(3, 3, 12, 18, generator=torch.Generator().manual_seed(0))


def pixels(png):
    """A PNG's bytes as numbers."""
    return np.asarray(Image.open(io.BytesIO(png)), dtype=int)


def spots_of(explorer):
    """The buttons over the picture, row by row; none without them."""
    stage = explorer.box.children[-1]
    return stage.children[1].children if len(stage.children) > 1 else ()


def test_patch_sizes_divide_both_sides():
    assert patch_sizes(12, 18) == [1, 2, 3, 6]
    assert patch_sizes(32, 32) == [1, 2, 4, 8, 16]  # 32 would leave one token, which has nothing to attend to


def test_costs_are_those_of_the_lab():
    assert cost(224, 224, 16) == {"tokens": 196, "scores": 38_416, "bytes": 153_664}
    assert cost(224, 224, 1)["scores"] == 50_176**2
    assert cost(12, 18, 6)["tokens"] == 6
    said = words(3, 224, 224, 16)
    assert "196 tokens of 768 numbers" in said and "196 · 196 = 38,416 scores" in said and "153.7 kB" in said


def test_tiles_come_from_the_patchify_that_was_given():
    tiles, grid = cut(IMAGES[0], 6, patchify)
    assert grid == (2, 3) and tiles.shape == (6, 3, 6, 6)
    assert torch.equal(tiles[4], IMAGES[0][:, 6:12, 6:12])
    backwards = lambda images, P: patchify(images, P).flip(1)  # noqa: E731
    assert torch.equal(cut(IMAGES[0], 6, backwards)[0], tiles.flip(0))
    right, wrong = explore_patches(IMAGES), explore_patches(IMAGES, backwards)
    assert right.png != wrong.png, "a wrong answer must look wrong"


def test_the_picture_follows_every_control():
    explorer = explore_patches(IMAGES, labels=["a", "b", "c"])
    seen = {explorer.png}
    for name, value in {"image": 2, "patch_size": 2, "token": 40}.items():
        explorer.controls[name].value = value
        assert explorer.png not in seen, name
        seen.add(explorer.png)
    tiles, grid = cut(IMAGES[2], 2, patchify)
    costs = {P: cost(12, 18, P)["scores"] for P in patch_sizes(12, 18)}
    assert explorer.png == draw_patches(IMAGES[2], tiles, grid, 40, costs, "image 2: c").png()
    assert explorer.words == words(3, 12, 18, 2)


def test_the_drawing_shows_the_image_and_its_patch_where_they_belong():
    image = torch.zeros(3, 12, 18)
    image[0, 6:12, 12:18] = 1  # the last patch is red
    tiles, grid = cut(image, 6, patchify)
    left, top, width, height = image_box(12, 18)
    assert width / height == 18 / 12
    picture = pixels(draw_patches(image, tiles, grid, 5, {6: 36}, "").png())
    scale = picture.shape[1] / 860
    at = lambda x, y: picture[int(y * scale), int(x * scale)].tolist()  # noqa: E731
    assert at(left + width * 5 / 6, top + height * 3 / 4) == [255, 0, 0], "row 1, column 2 of the image"
    assert at(left + width * 5 / 6, top + height / 4) == [0, 0, 0], "row 0, column 2"
    assert at(396 + 75, 40 + 75) == [255, 0, 0], "the patch that is followed"


def test_clicking_a_patch_follows_its_token():
    explorer = explore_patches(IMAGES)
    assert explorer.controls["patch_size"].value == 3
    assert len(spots_of(explorer)) == 4 * 6
    spots_of(explorer)[2 * 6 + 5].click()
    assert explorer.controls["token"].value == 17
    explorer.controls["patch_size"].value = 6
    assert explorer.controls["token"].value == 5 and explorer.controls["token"].max == 5
    assert [spot.tooltip for spot in spots_of(explorer)][-1] == "row 1, column 2"
    spots_of(explorer)[1].click()
    assert explorer.controls["token"].value == 1


def test_too_many_patches_have_no_buttons_and_long_sequences_are_cut_off():
    explorer = explore_patches(torch.rand(1, 1, 72, 72))
    explorer.controls["patch_size"].value = 1
    assert 72 * 72 > MOST_SPOTS and spots_of(explorer) == ()
    explorer.controls["token"].value = 72 * 72 - 1
    assert "5,184 tokens" in explorer.words


def test_a_patchify_that_raises_is_told_in_words_and_the_explorer_goes_on():
    def picky(images, P):
        if P == 2:
            raise ValueError("not this one")
        return patchify(images, P)

    explorer = explore_patches(IMAGES, picky)
    before = explorer.png
    explorer.controls["patch_size"].value = 2
    assert explorer.png == before and "ValueError: not this one" in explorer.box.children[-2].value
    explorer.controls["patch_size"].value = 6
    assert explorer.png != before and "ValueError" not in explorer.box.children[-2].value
    with pytest.raises(ValueError, match="never"):
        explore_patches(IMAGES, lambda images, P: (_ for _ in ()).throw(ValueError("never")))


def test_the_output_is_a_widget_and_a_picture_with_words():
    explorer = explore_patches(IMAGES)
    data, metadata = explorer._repr_mimebundle_()
    assert data[VIEW]["model_id"] == explorer.box.model_id
    assert explorer.words in metadata["image/png"]["alt"] and explorer.words in data["text/plain"]
    assert base64.b64decode(data["image/png"]) == explorer.png
    assert all(control.description for control in explorer.controls.values()), "each control says what it is"
