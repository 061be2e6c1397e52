"""The built-in data: balanced, repeatable, its masks on the object, and not solved by its pixels alone."""

import pytest
import torch

from vitcourse.data import SHAPE_CLASSES, load_data, make_shapes
from vitcourse.data import shapes as shapes_module
from vitcourse.data.split import colour_statistics


@pytest.fixture(scope="module")
def shapes():
    return make_shapes(400, seed=3)


def test_types_and_sizes(shapes):
    assert shapes.images.shape == (400, 3, 32, 32) and shapes.images.dtype == torch.uint8
    assert shapes.targets.shape == (400,) and shapes.targets.dtype == torch.int64
    assert shapes.masks.shape == (400, 32, 32) and shapes.masks.dtype == torch.bool
    assert len(shapes) == 400 and len(SHAPE_CLASSES) == 10


def test_classes_are_balanced_and_mixed(shapes):
    assert shapes.targets.bincount().tolist() == [40] * 10
    assert shapes.targets[:40].unique().numel() > 5
    assert sorted(make_shapes(13).targets.bincount(minlength=10).tolist()) == [1] * 7 + [2] * 3


def test_the_seed_decides_and_nothing_else():
    torch.manual_seed(0)
    expected_draw = torch.rand(3)
    torch.manual_seed(0)
    first = make_shapes(50, seed=1)
    assert torch.equal(torch.rand(3), expected_draw), "make_shapes touched torch's random state"
    second = make_shapes(50, seed=1)
    assert torch.equal(first.images, second.images) and torch.equal(first.masks, second.masks)
    assert torch.equal(first.targets, second.targets)
    assert not torch.equal(first.images, make_shapes(50, seed=2).images)


def test_the_mask_lies_on_the_object(shapes):
    """Inside and outside differ in brightness by the promised contrast, and either may be the lighter one."""
    grey = shapes.images.float().mean(dim=1) / 255  # (N, H, W)
    inside = (grey * shapes.masks).sum(dim=(1, 2)) / shapes.masks.sum(dim=(1, 2))
    outside = (grey * ~shapes.masks).sum(dim=(1, 2)) / (~shapes.masks).sum(dim=(1, 2))
    contrast = (inside - outside)[shapes.targets < shapes_module.LIGHT_ABOVE]  # the last two classes have both
    assert contrast.abs().min() > 0.25 and contrast.abs().mean() > 0.45
    assert 0.4 < (contrast > 0).float().mean() < 0.6
    share = shapes.masks.float().mean(dim=(1, 2))
    assert share.min() > 0.04 and share.max() < 0.65


def test_the_last_two_classes_are_the_same_blocks_in_the_other_order(shapes):
    """Of a light and a dark block one is on top; both classes have the same amount of each."""
    grey = shapes.images.float().mean(dim=1) / 255
    amounts = {}
    for label, sign in ((shapes_module.LIGHT_ABOVE, 1), (shapes_module.DARK_ABOVE, -1)):
        assert SHAPE_CLASSES[label].startswith("light" if sign > 0 else "dark")
        heights, brightness = [], []
        for image, mask in zip(grey[shapes.targets == label], shapes.masks[shapes.targets == label], strict=True):
            rows = mask.nonzero()[:, 0].float()
            middle = (rows.min() + rows.max()) / 2
            values = image[mask]
            heights.append(values[rows < middle].mean() - values[rows > middle].mean())
            brightness.append(values.mean())
        assert (sign * torch.stack(heights) > 0.3).all()
        amounts[label] = torch.stack(brightness).mean()
    assert abs(amounts[shapes_module.LIGHT_ABOVE] - amounts[shapes_module.DARK_ABOVE]) < 0.05


def mirrored_overlap(masks, axis):
    """How much of an object lies on its own mirror image, mirrored about its middle: 1 is all, 0 nothing."""
    overlaps = []
    for mask in masks:
        rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
        cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        mirrored = cut.flip(axis)
        overlaps.append((cut & mirrored).sum() / (cut | mirrored).sum())
    return torch.stack(overlaps).mean()


@pytest.mark.parametrize("name", SHAPE_CLASSES)
def test_a_horizontal_flip_keeps_the_class_and_a_vertical_one_may_not(name, monkeypatch):
    monkeypatch.setattr(shapes_module, "ROTATION", 0.0)  # either way alike: the class as a whole stays symmetric
    drawn = make_shapes(300, seed=5, img_size=48)
    masks = drawn.masks[drawn.targets == SHAPE_CLASSES.index(name)]
    whole = ~(masks[:, 0].any(1) | masks[:, -1].any(1) | masks[:, :, 0].any(1) | masks[:, :, -1].any(1))
    masks = masks[whole]  # an object cut by the border is not symmetric
    assert len(masks) >= 5
    assert mirrored_overlap(masks, axis=1) > 0.85
    has_up_and_down = name in ("triangle up", "triangle down", "dome", "bowl")
    assert (mirrored_overlap(masks, axis=0) < 0.75) == has_up_and_down


def test_the_two_of_a_pair_are_each_other_upside_down():
    """A triangle's mass lies low, an upside-down one's high."""
    drawn = make_shapes(600, seed=7)
    y = torch.arange(32.0)[None, :, None]
    for upright in ("triangle up", "dome"):
        offsets = []
        for label in (SHAPE_CLASSES.index(upright), SHAPE_CLASSES.index(upright) + 1):
            masks = drawn.masks[drawn.targets == label]
            centre = (masks * y).sum(dim=(1, 2)) / masks.sum(dim=(1, 2))
            rows = masks.any(dim=2)
            first = rows.float().argmax(dim=1)
            last = 31 - rows.flip(1).float().argmax(dim=1)
            offsets.append((centre - (first + last) / 2).mean())
        assert offsets[0] > 0.3 and offsets[1] < -0.3


@pytest.mark.parametrize("img_size, H, W", [(16, 16, 16), (64, 64, 64), ((32, 48), 32, 48)])
def test_other_sizes_scale_the_objects(img_size, H, W):
    drawn = make_shapes(200, seed=0, img_size=img_size)
    assert drawn.images.shape == (200, 3, H, W) and drawn.masks.shape == (200, H, W)
    share = drawn.masks.float().mean() * H * W / min(H, W) ** 2
    assert 0.15 < share < 0.3


def test_load_data_draws_training_and_test_images_from_different_seeds():
    data = load_data("shapes", train_size=100, test_size=60)
    assert (len(data.train), len(data.test)) == (100, 60)
    assert data.name == "shapes" and data.classes == SHAPE_CLASSES and data.num_classes == 10
    assert data.img_size == (32, 32) and data.in_chans == 3
    flat = torch.cat([data.train.images, data.test.images]).flatten(1)
    assert flat.unique(dim=0).shape[0] == 160, "an image occurs twice"
    next_seed = load_data("shapes", train_size=100, test_size=60, seed=1)
    assert not torch.equal(next_seed.train.images[:60], data.test.images)


def test_colour_statistics_agree_with_torch():
    images = torch.randint(0, 200, (7, 2, 5, 6), dtype=torch.uint8)
    mean, std = colour_statistics(images)
    by_channel = images.transpose(0, 1).flatten(1).double() / 255
    torch.testing.assert_close(mean, by_channel.mean(1).float())
    torch.testing.assert_close(std, by_channel.std(1, correction=0).float())
    assert (colour_statistics(torch.zeros(2, 3, 4, 4, dtype=torch.uint8))[1] > 0).all()


def test_a_linear_model_on_pixels_stays_under_40_percent():
    """Ridge regression on the classes, in closed form: no step size to choose wrongly."""
    train, test = make_shapes(2500, seed=0), make_shapes(1000, seed=1)
    x, x_test = (split.images.flatten(1).float() / 255 - 0.5 for split in (train, test))
    y = torch.nn.functional.one_hot(train.targets, 10).float() - 0.1
    products = x @ x.T  # as many unknowns as images, fewer than pixels
    answers = torch.linalg.solve(products + 300.0 * torch.eye(len(train)), y)
    accuracy = (x_test @ (x.T @ answers)).argmax(1).eq(test.targets).float().mean().item()
    assert 0.1 < accuracy < 0.4
