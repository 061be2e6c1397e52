"""Augmentation: each image draws its own luck, and what comes out is made of what went in."""

import pytest
import torch
from torchvision.transforms.v2 import functional as V

from vitcourse.data.augment import (
    OPERATIONS,
    normalize,
    rand_augment,
    random_box,
    random_crop,
    random_erasing,
    random_flip,
)
from vitcourse.reference.recipe import cutmix

B, C, H, W = 64, 3, 9, 14


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images():
    return torch.randint(0, 256, (B, C, H, W), dtype=torch.uint8, generator=seeded(7))


AUGMENTATIONS = {
    "crop": lambda images, generator: random_crop(images, 3, generator),
    "flip": random_flip,
    "rand_augment": lambda images, generator: rand_augment(images, 2, 15, generator),
    "erasing": lambda images, generator: random_erasing(images.float(), 0.7, generator),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_same_seed_same_images_and_the_input_is_untouched(name, images):
    before = images.clone()
    augment = AUGMENTATIONS[name]
    torch.manual_seed(1)
    expected_draw = torch.rand(2)
    torch.manual_seed(1)
    first = augment(images, seeded(1))
    assert torch.equal(torch.rand(2), expected_draw), "a given generator must be the only source of luck"
    assert torch.equal(first, augment(images, seeded(1)))
    assert not torch.equal(first, augment(images, seeded(2)))
    assert torch.equal(images, before)
    assert first.shape == images.shape


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_without_a_generator_torch_s_own_seed_decides(name, images):
    torch.manual_seed(4)
    first = AUGMENTATIONS[name](images, None)
    torch.manual_seed(4)
    assert torch.equal(first, AUGMENTATIONS[name](images, None))


def test_flip_twice_is_nothing_and_about_half_are_flipped(images):
    flipped = random_flip(images, seeded())
    assert torch.equal(random_flip(flipped, seeded()), images)
    changed = (flipped != images).flatten(1).any(1)
    assert 0.25 < changed.float().mean() < 0.75
    assert torch.equal(flipped[changed], images[changed].flip(-1))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_each_crop_is_a_window_of_its_padded_image(images, dtype):
    images, padding = images.to(dtype), 3
    cropped = random_crop(images, padding, seeded())
    assert cropped.dtype == dtype
    padded = torch.nn.functional.pad(images.float(), (padding,) * 4, mode="reflect").to(dtype)
    offsets = set()
    for image, window in zip(padded, cropped, strict=True):
        places = [
            (top, left)
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
            if torch.equal(image[:, top : top + H, left : left + W], window)
        ]
        assert len(places) == 1
        offsets.add(places[0])
    assert len(offsets) > 20, "the images share their offsets"
    assert {top for top, _ in offsets} == set(range(7)) == {left for _, left in offsets}


def test_crop_refuses_paddings_that_reflection_cannot_fill(images):
    assert torch.equal(random_crop(images, 0), images)
    assert random_crop(images, H - 1, seeded()).shape == images.shape
    for padding in (H, -1):
        with pytest.raises(ValueError, match="padding"):
            random_crop(images, padding)


def test_erasing_fills_one_rectangle_of_the_promised_area_with_noise():
    images = torch.full((400, 3, 32, 32), 100.0)
    erased = random_erasing(images, 0.5, seeded()) != 100
    assert torch.equal(erased.all(1), erased.any(1)), "the channels must lose the same pixels"
    erased = erased[:, 0]  # (B, H, W)
    touched = erased.flatten(1).any(1)
    assert 0.4 < touched.float().mean() < 0.6
    shares, corners = [], set()
    for mask in erased[touched]:
        rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert box.all(), "not a rectangle"
        shares.append(box.numel() / 1024)
        corners.add((rows[0].item(), columns[0].item()))
    assert 0.01 < min(shares) and max(shares) < 0.37 and 0.13 < sum(shares) / len(shares) < 0.21
    assert len(corners) > 50
    noise = random_erasing(images, 1.0, seeded())
    noise = noise[noise != 100]
    assert abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05


def test_erasing_never_and_always(images):
    floats = images.float()
    assert torch.equal(random_erasing(floats, 0.0, seeded()), floats)
    assert (random_erasing(floats, 1.0, seeded()) != floats).flatten(1).any(1).all()


@pytest.mark.parametrize("img_size", [32, (24, 40)])
@pytest.mark.parametrize("lam", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_a_box_lies_inside_and_has_the_area_that_lam_asks_for(img_size, lam):
    rows, columns = (img_size, img_size) if isinstance(img_size, int) else img_size
    generator, corners = seeded(), set()
    for _ in range(50):
        top, left, height, width = random_box(img_size, lam, generator)
        assert 0 <= top <= top + height <= rows and 0 <= left <= left + width <= columns
        assert height * width / (rows * columns) == pytest.approx(1 - lam, abs=0.035)
        corners.add((top, left))
    assert len(corners) > 10 or lam in (0.0, 1.0)


def test_a_box_is_what_cutmix_takes(images):
    box = random_box((H, W), 0.6, seeded())
    mixed, targets = cutmix(images.float(), torch.eye(B), box, torch.arange(B).flip(0))
    assert mixed.shape == images.shape
    assert targets[0, -1] == pytest.approx(box[2] * box[3] / (H * W))


def test_normalize_agrees_with_torchvision(images):
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.25])
    expected = V.normalize(V.to_dtype(images, torch.float32, scale=True), mean.tolist(), std.tolist())
    torch.testing.assert_close(normalize(images, mean, std), expected)


def test_rand_augment_gives_each_image_its_own_operation(images):
    """Sixty-four copies of one image come out in many ways, all of them uint8 with the same shape."""
    copies = images[:1].expand(B, C, H, W)
    result = rand_augment(copies, 1, 15, seeded())
    assert result.dtype == torch.uint8 and result.shape == copies.shape
    assert 10 < result.flatten(1).unique(dim=0).shape[0] <= 2 * len(OPERATIONS)
    assert torch.equal(rand_augment(images, 0, 15, seeded()), images)


def test_rand_augment_at_magnitude_zero_only_flattens_the_histogram(images):
    """At strength zero only autocontrast, equalize and solarize (at 255 exactly) change anything."""
    below_white = images.clamp(0, 250)
    unchanged = (rand_augment(below_white, 1, 0, seeded()) == below_white).flatten(1).all(1)
    assert unchanged.float().mean() > 0.7
    strong = (rand_augment(below_white, 1, 20, seeded()) == below_white).flatten(1).all(1)
    assert strong.float().mean() < 0.3


def test_rand_augment_refuses_floats_and_impossible_magnitudes(images):
    with pytest.raises(TypeError, match="uint8"):
        rand_augment(images.float(), 1, 9)
    with pytest.raises(ValueError, match="magnitude"):
        rand_augment(images, 1, 31)


def test_grey_images_are_augmented_too():
    grey = torch.randint(0, 256, (32, 1, 16, 16), dtype=torch.uint8, generator=seeded())
    assert rand_augment(grey, 2, 9, seeded()).shape == grey.shape
