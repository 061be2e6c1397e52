"""The attention explorer: what it takes from a model, what it draws of it, and how it is moved."""

import numpy as np
import pytest
import torch
from torch import nn

from vitcourse.data import load_data
from vitcourse.data.augment import normalize
from vitcourse.figures.plots.explore_attention import atlas_box, draw_attention, image_box
from vitcourse.figures.widgets import explore_attention
from vitcourse.figures.widgets.explore_attention import Attention, attention_in, patch_grid, prediction_words, words
from vitcourse.reference.maps import catch_attention
from vitcourse.reference.vit import ViT

from .test_widgets_patches import pixels

DATA = load_data("shapes", train_size=20, test_size=6)


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = ViT(img_size=(16, 24), patch_size=4, in_chans=3, num_classes=10, embed_dim=16, depth=3, num_heads=2)
    for parameter in model.parameters():  # as initialised, all maps are even
        nn.init.normal_(parameter, std=0.3)
    return model.train()


IMAGES = DATA.test.images[:, :, :16, :24]  # uint8, not square


def overlays(explorer):
    """The grids of buttons over the picture: class token, patches, small maps."""
    return [grid.children for grid in explorer.box.children[-1].children[1:]]


def test_the_weights_are_those_of_the_model_on_the_normalised_image(model):
    attention = attention_in(model, IMAGES[2], DATA)
    assert model.training, "the model's mode is left alone"
    with torch.no_grad(), catch_attention(model.eval()) as layers:
        logits = model(normalize(IMAGES[2:3], DATA.mean, DATA.std))
    torch.testing.assert_close(attention.weights, torch.stack([layer[0] for layer in layers]))
    torch.testing.assert_close(attention.logits, logits[0])
    assert attention.grid == (4, 6)
    as_float = attention_in(model, IMAGES[2].float() / 255, DATA)
    torch.testing.assert_close(as_float.weights, attention.weights)
    raw = attention_in(model, IMAGES[2].float(), None)
    assert not torch.allclose(raw.weights, attention.weights), "without data nothing is normalised"


def test_maps_hold_the_query_s_row_laid_out_over_the_image(model):
    attention = attention_in(model, IMAGES[0], DATA)
    query = 1 + 2 * 6 + 5  # the patch in row 2, column 5
    maps = attention.maps(query)
    assert maps.shape == (3, 1 + 2, 4, 6) and attention.place(query) == (2, 5)
    assert maps[1, 2, 3, 4] == attention.weights[1, 1, query, 1 + 3 * 6 + 4]
    torch.testing.assert_close(maps[1, 0], maps[1, 1:].mean(dim=0))
    assert attention.place(0) == "class token"


def test_registers_stand_before_the_patches():
    grid = patch_grid((3, 16, 24), 24)
    assert grid == (4, 6)
    with pytest.raises(ValueError, match="prefix"):
        patch_grid((3, 16, 24), 27)
    for bad in (0, -1, 6 * 6):
        with pytest.raises(ValueError, match="prefix"):
            patch_grid((3, 16, 24), bad)
    weights = torch.rand(1, 1, 4 + 24, 4 + 24).softmax(dim=-1)
    attention = Attention(weights, torch.zeros(10), grid, prefix=4)
    assert attention.place(3) == "token 3" and attention.place(4) == (0, 0) and attention.place(27) == (3, 5)
    assert attention.maps(0)[0, 1, 0, 0] == weights[0, 0, 0, 4]


def test_words_say_what_the_map_holds(model):
    attention = attention_in(model, IMAGES[0], DATA)
    shares = attention.weights[2, 0, 0, 1:]
    best = int(shares.argmax())
    said = words(attention, 3, 1, 0)
    assert said.startswith(f"The class token gives {shares.sum():.0%} of its attention to the patches")
    assert f"row {best // 6}, column {best % 6}: {shares.max():.1%}, {shares.max() * 25:.1f} times" in said
    assert words(attention, 1, 0, 8).startswith("The patch in row 1, column 1, gives")


def test_predictions_in_words():
    logits = torch.tensor([0.0, 9.0, 0.0])
    assert prediction_words(logits, "abc", [1], 0) == "The model says b (100%), and is right"
    assert prediction_words(logits, "abc", [2], 0) == "The model says b (100%), not c"
    assert prediction_words(logits, None, None, 0) == "The model says class 1 (100%)"


def test_the_picture_follows_every_control_and_is_the_plain_drawing(model):
    explorer = explore_attention(model, IMAGES, DATA, DATA.test.targets)
    seen = {explorer.png}
    for name, value in {"image": 3, "layer": 1, "head": 2, "query": 9}.items():
        explorer.controls[name].value = value
        assert explorer.png not in seen, name
        seen.add(explorer.png)
    attention = attention_in(model, IMAGES[3], DATA)
    says = prediction_words(attention.logits, DATA.classes, DATA.test.targets, 3)
    titles = (f"image 3. {says}", "layer 1, head 2")
    assert explorer.png == draw_attention(IMAGES[3], attention.maps(9), (0, 2), (1, 2), titles).png()
    assert explorer.words == words(attention, 1, 2, 9)


def test_a_click_picks_the_query_the_layer_and_the_head(model):
    explorer = explore_attention(model, IMAGES, DATA)
    chip, patches, small = overlays(explorer)
    assert [len(spots) for spots in (chip, patches, small)] == [1, 24, 9]
    patches[2 * 6 + 5].click()
    assert explorer.controls["query"].value == 1 + 2 * 6 + 5
    small[1 * 3 + 2].click()
    assert (explorer.controls["layer"].value, explorer.controls["head"].value) == (2, 2)
    assert small[1 * 3 + 2].tooltip == "layer 2, head 2" and small[3].tooltip == "layer 2, mean of the heads"
    small[0].click()
    assert (explorer.controls["layer"].value, explorer.controls["head"].value) == (1, "mean")
    chip[0].click()
    assert explorer.controls["query"].value == 0


def test_the_model_runs_once_an_image(model):
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    explorer = explore_attention(model, IMAGES, DATA)
    for query in (3, 5):
        explorer.set(query=query, layer=1)
    assert len(calls) == 1
    explorer.controls["image"].value = 1
    explorer.controls["image"].value = 0
    assert len(calls) == 2


def test_the_drawing_puts_the_map_over_the_image_and_frames_the_query():
    maps = np.zeros((2, 3, 4, 6))
    maps[:, :, 3, 0] = 0.5
    image = torch.full((3, 16, 24), 128, dtype=torch.uint8)
    picture = pixels(draw_attention(image, maps, (1, 0), (0, 5), ("", "")).png())
    scale = picture.shape[1] / 860
    at = lambda x, y: picture[int(y * scale), int(x * scale)]  # noqa: E731
    left, top, width, height = image_box(16, 24)
    bright, dark = at(310 + width / 12, top + height * 7 / 8), at(310 + width / 2, top + height / 2)
    assert bright.sum() > dark.sum() + 150, "viridis is bright where the attention is"
    left, top, width, height = atlas_box(2, 3, (4, 6))
    yellow, purple = at(left + 4, top + height / 2 - 5), at(left + width / 3 - 5, top + 3)
    assert yellow[0] > 200 and yellow[2] < 120 and purple[0] < 90 and purple[2] > 60


def test_a_model_without_weights_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="gives attention weights"):
        explore_attention(nn.Conv2d(3, 1, 1), IMAGES, DATA)


def test_a_model_whose_layers_differ_is_refused_with_a_sentence(model):
    model.blocks[1].attn.num_heads = 4
    with pytest.raises(ValueError, match="differ in their heads"):
        explore_attention(model, IMAGES, DATA)
