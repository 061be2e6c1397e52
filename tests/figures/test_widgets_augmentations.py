"""The augmentation gallery shows what training does to images, in training's order and with its functions."""

import pytest
import torch

from vitcourse.data import augment, load_data
from vitcourse.data.batches import Batches
from vitcourse.figures.plots.explore_augment import draw_gallery, square
from vitcourse.figures.widgets import augmentation_gallery
from vitcourse.figures.widgets.explore_augmentations import augmented, words
from vitcourse.reference.recipe import cutmix, mixup
from vitcourse.training.config import TrainConfig

from .test_widgets_patches import pixels

DATA = load_data("shapes", train_size=20, test_size=2)
OFF = dict(crop=0, flip=False, rand_augment=0, magnitude=9, erasing=0.0, mix="none", keep=0.6)
MIXERS = {"mixup": mixup, "cutmix": cutmix}


def dice(seed):
    return torch.Generator().manual_seed(seed)


def test_all_off_changes_nothing():
    images = DATA.train.images[:4]
    same = augmented(images, DATA.train.targets[:4], DATA, MIXERS, dice(0), **OFF)
    torch.testing.assert_close(same, images.float() / 255, atol=1e-5, rtol=0)


def test_one_draw_is_what_training_would_get_with_the_same_luck():
    """Batches draws its order from one generator and what fills tensors from another, both of the epoch's seed."""
    config = TrainConfig(batch_size=20, crop=4, flip=True, erasing=0.7, seed=3)
    batch, _ = next(iter(Batches(DATA.train, DATA, config)))
    seed = 3 * 1_000_003
    order = torch.randperm(20, generator=dice(seed))
    settings = {**OFF, "crop": 4, "flip": True, "erasing": 0.7}
    ours = augmented(DATA.train.images[order], DATA.train.targets[order], DATA, MIXERS, dice(seed), **settings)
    theirs = (batch * DATA.std[:, None, None] + DATA.mean[:, None, None]).clamp(0, 1)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_the_order_is_that_of_training(monkeypatch):
    called = []
    for name in ("random_crop", "random_flip", "rand_augment", "normalize", "random_erasing", "random_box"):
        real = getattr(augment, name)
        monkeypatch.setattr(augment, name, lambda *a, _name=name, _real=real: called.append(_name) or _real(*a))
    config = TrainConfig(batch_size=20, crop=4, flip=True, rand_augment=1, erasing=0.5, cutmix=1.0)
    next(iter(Batches(DATA.train, DATA, config)))
    in_training = called[:]
    called.clear()
    settings = dict(crop=4, flip=True, rand_augment=1, magnitude=9, erasing=0.5, mix="cutmix", keep=0.5)
    augmented(DATA.train.images, DATA.train.targets, DATA, MIXERS, dice(0), **settings)
    assert called == in_training and len(called) == 6


def test_mixes_come_from_the_functions_that_were_given():
    images, targets = DATA.train.images[:4], DATA.train.targets[:4]
    mixed = augmented(images, targets, DATA, MIXERS, dice(0), **{**OFF, "mix": "mixup", "keep": 0.25})
    pictures = images.float() / 255
    torch.testing.assert_close(mixed, 0.25 * pictures + 0.75 * pictures.roll(-1, dims=0), atol=1e-5, rtol=0)
    swapped = {**MIXERS, "mixup": lambda images, targets, lam, perm: (images, targets)}
    same = augmented(images, targets, DATA, swapped, dice(0), **{**OFF, "mix": "mixup"})
    torch.testing.assert_close(same, pictures, atol=1e-5, rtol=0)
    cut = augmented(images, targets, DATA, MIXERS, dice(0), **{**OFF, "mix": "cutmix", "keep": 0.75})
    kept = (cut - pictures).abs().amax(dim=1) < 1e-4
    taken = (cut - pictures.roll(-1, dims=0)).abs().amax(dim=1) < 1e-4
    assert (kept | taken).all() and (~kept).float().mean() == pytest.approx(0.25, abs=0.05)


def test_the_picture_follows_every_control():
    gallery = augmentation_gallery(DATA, count=3)
    seen = {gallery.png}
    changes = dict(crop=8, flip=True, erasing=1.0, rand_augment=2, magnitude=30, mix="cutmix", keep=0.2, luck=1)
    assert set(changes) == set(gallery.controls)
    for name, value in changes.items():
        gallery.controls[name].value = value
        assert gallery.png not in seen, name
        seen.add(gallery.png)


def test_the_rows_are_the_images_and_three_draws():
    gallery = augmentation_gallery(DATA, count=3)
    gallery.set(luck=2, flip=True)
    images, targets = DATA.train.images[:3], DATA.train.targets[:3]
    rows = {"as it is": images.float() / 255}
    rows |= {
        f"draw {n + 1}": augmented(images, targets, DATA, MIXERS, dice(n), **{**OFF, "flip": True}) for n in (6, 7, 8)
    }
    titles = [DATA.classes[int(target)] for target in targets]
    assert abs(pixels(gallery.png) - pixels(draw_gallery(rows, titles).png())).max() <= 2


def test_words_are_a_config_that_can_be_typed():
    said = words(**{**OFF, "crop": 4, "flip": True, "rand_augment": 2, "erasing": 0.25})
    assert said == "The same in training: TrainConfig(crop=4, flip=True, rand_augment=2, magnitude=9, erasing=0.25)."
    config = eval(said.split(": ")[1].rstrip("."))
    assert (config.crop, config.flip, config.rand_augment, config.erasing) == (4, True, 2, 0.25)
    assert words(**OFF) == "Nothing is changed."
    assert "mixup keeps 60% of each image" in words(**{**OFF, "mix": "mixup"})


def test_images_that_are_not_square_stand_on_square_paper():
    images = torch.ones(2, 3, 4, 8)
    paper = square(images)
    assert paper.shape == (2, 3, 8, 8) and paper[:, :, 2:6].eq(1).all() and paper[:, :, :2].eq(0).all()


def test_a_global_seed_is_left_alone():
    torch.manual_seed(5)
    first = torch.rand(3)
    torch.manual_seed(5)
    gallery = augmentation_gallery(DATA, count=2)
    gallery.set(**{"rand_augment": 2, "erasing": 1.0, "mix": "cutmix"})
    assert torch.equal(torch.rand(3), first)
