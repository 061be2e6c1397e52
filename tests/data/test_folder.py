"""A folder of images: whatever a learner puts there loads, or is named in a sentence."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from vitcourse.data import DataError, DataWarning, load_data
from vitcourse.data.decode import decode, to_rgb

RED, BLUE = (250, 5, 5), (5, 5, 250)


def save(path, colour=RED, size=(8, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two classes, red and blue: four training images of each, two test images."""
    for half, count in (("train", 4), ("test", 2)):
        for i in range(count):
            save(tmp_path / half / "red" / f"{i}.png", RED)
            save(tmp_path / half / "blue" / f"{i}.png", BLUE)
    return tmp_path


def load_quietly(folder, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        return load_data(folder, **options)


def load_warned(folder, *words, **options):
    """Load, and require one warning that holds all the words; it must point at this file."""
    with pytest.warns(DataWarning) as caught:
        data = load_data(folder, **options)
    messages = [str(one.message) for one in caught]
    assert any(all(word in message for word in words) for message in messages), messages
    assert all(one.filename == __file__ for one in caught), "the warning must show the caller's line"
    assert len(set(messages)) == len(messages), "a warning is shown twice"
    return data


def test_a_good_folder_loads_without_a_word(folder):
    data = load_quietly(folder)
    assert data.classes == ("blue", "red") and data.name == str(folder)
    assert data.train.images.shape == (8, 3, 8, 8) and data.train.images.dtype == torch.uint8
    assert len(data.test) == 4 and data.train.masks is None
    for split in (data.train, data.test):
        red = torch.tensor(RED)[:, None, None]
        blue = torch.tensor(BLUE)[:, None, None]
        for image, target in zip(split.images, split.targets, strict=True):
            assert torch.equal(image, (blue, red)[target].expand(3, 8, 8).to(torch.uint8))
    assert load_quietly(str(folder)).name == data.name


def test_hidden_and_system_files_are_not_images(folder):
    for name in (".DS_Store", "._0.png", "Thumbs.db", "desktop.ini"):
        (folder / "train" / "red" / name).write_bytes(b"junk")
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    (folder / "train" / ".DS_Store").write_bytes(b"junk")
    (folder / "train" / "notes.txt").write_text("beside the classes")
    data = load_quietly(folder)
    assert len(data.train) == 8 and data.num_classes == 2


def test_images_in_subfolders_of_a_class_count(folder):
    save(folder / "train" / "red" / "more" / "9.jpg", RED)
    assert len(load_quietly(folder).train) == 9


@pytest.mark.parametrize("kind", ["text", "truncated", "empty"])
def test_an_unreadable_file_is_named_and_the_rest_loads(folder, kind):
    bad = folder / "train" / "red" / "2.jpg"
    save(bad, size=(8, 8))
    content = {"text": b"not an image", "truncated": bad.read_bytes()[:-40], "empty": b""}[kind]
    bad.write_bytes(content)
    data = load_warned(folder, "2.jpg", "left out")
    assert len(data.train) == 8 and data.train.targets.bincount().tolist() == [4, 4]
    assert (data.train.images.float().amax(dim=(1, 2, 3)) > 200).all(), "an image of zeros slipped in"


def test_many_unreadable_files_make_one_readable_warning(folder):
    for i in range(12):
        (folder / "test" / "red" / f"bad{i:02}.png").write_bytes(b"junk")
    with pytest.warns(DataWarning) as caught:
        assert len(load_data(folder).test) == 4
    assert len(caught) == 1
    assert "12 files" in str(caught[0].message) and "and 7 more" in str(caught[0].message)


def test_an_empty_class_is_named(folder):
    (folder / "train" / "green").mkdir()
    data = load_warned(folder, "train", "green")
    assert data.classes == ("blue", "red") and len(data.train) == 8


def test_a_class_whose_files_are_all_unreadable_is_named_as_a_class(folder):
    save(folder / "test" / "green" / "0.png")
    (folder / "train" / "green").mkdir()
    (folder / "train" / "green" / "0.png").write_bytes(b"junk")
    data = load_warned(folder, "green", "no readable image")
    assert data.classes == ("blue", "red")
    assert data.test.targets.bincount().tolist() == [2, 2] and data.train.targets.max() == 1


def test_a_class_without_test_images_is_named_and_trained(folder):
    save(folder / "train" / "green" / "0.png", (0, 255, 0))
    data = load_warned(folder, "green", "without test images")
    assert data.classes == ("blue", "green", "red")
    assert data.train.targets.bincount().tolist() == [4, 1, 4]
    assert data.test.targets.bincount().tolist() == [2, 0, 2]


def test_a_class_without_training_images_is_named_and_left_out(folder):
    save(folder / "test" / "green" / "0.png", (0, 255, 0))
    data = load_warned(folder, "green", "left out")
    assert data.classes == ("blue", "red") and len(data.test) == 4


def rename(folder, old, new):
    (folder / old).rename(folder / new)


@pytest.mark.parametrize(
    "breakage, words",
    [
        (lambda folder: rename(folder, "test", "val"), ["no folder test/", "val"]),
        (lambda folder: rename(folder, "train", "Training"), ["no folder train/", "Training"]),
        (lambda folder: rename(folder, "train/red", "test/green"), ["one class only", "blue"]),
        (
            lambda folder: (rename(folder, "test/red", "test/Red"), rename(folder, "test/blue", "test/Blue")),
            ["No class", "Red", "red"],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::vitcourse.data.DataWarning")
def test_a_folder_that_cannot_be_used_is_an_error_that_says_why(folder, breakage, words):
    breakage(folder)
    with pytest.raises(DataError) as caught:
        load_data(folder)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.filterwarnings("ignore::vitcourse.data.DataWarning")
def test_folders_without_images_are_errors(tmp_path):
    with pytest.raises(DataError, match="holds no folder"):
        load_data(tmp_path)
    for half in ("train", "test"):
        for name in ("red", "blue"):
            (tmp_path / half / name).mkdir(parents=True)
    with pytest.raises(DataError, match="no image in the class folders"):
        load_data(tmp_path)
    for half in ("train", "test"):
        for name in ("red", "blue"):
            (tmp_path / half / name / "0.png").write_bytes(b"junk")
    with pytest.raises(DataError, match="readable image"):
        load_data(tmp_path)


def test_images_beside_the_class_folders_only_are_an_error(tmp_path):
    save(tmp_path / "train" / "0.png")
    save(tmp_path / "test" / "0.png")
    with pytest.raises(DataError, match="<class>"):
        load_data(tmp_path)


def test_a_name_that_is_neither_data_nor_folder(tmp_path):
    with pytest.raises(DataError, match="cifar100"):
        load_data("cifar100")
    with pytest.raises(DataError, match="nowhere"):
        load_data(tmp_path / "nowhere")
    (tmp_path / "images.zip").write_bytes(b"junk")
    with pytest.raises(DataError, match="is a file"):
        load_data(tmp_path / "images.zip")
    with pytest.raises(DataError, match="train_size"):
        load_data("shapes", train_size=0)


def test_mixed_sizes_are_resized_and_it_is_said(folder):
    save(folder / "train" / "red" / "wide.png", RED, size=(20, 10))
    data = load_warned(folder, "2 different sizes", "32×32", "img_size")
    assert data.img_size == (32, 32)
    assert load_quietly(folder, img_size=16).img_size == (16, 16)
    assert load_quietly(folder, img_size=(8, 12)).img_size == (8, 12)


def test_images_of_one_large_size_are_made_small(tmp_path):
    for half in ("train", "test"):
        for name in ("a", "b"):
            save(tmp_path / half / name / "0.jpg", size=(300, 200))
    assert load_warned(tmp_path, "200×300 pixels", "32×32").img_size == (32, 32)


def test_the_middle_is_cut_out_of_a_long_image(tmp_path):
    """White, grey and black thirds side by side: only the grey third is left."""
    stripes = np.repeat(np.array([255, 100, 0], dtype=np.uint8), 30)[None, :, None]
    path = tmp_path / "stripes.png"
    Image.fromarray(np.broadcast_to(stripes, (30, 90, 3)).copy()).save(path)
    assert (np.abs(decode(path, (30, 30)).astype(int) - 100) <= 1).all()
    inner = decode(path, (10, 10))[:, 2:-2]  # resampling blends the edges
    assert (np.abs(inner.astype(int) - 100) <= 8).all()


def test_every_mode_becomes_rgb():
    grey = Image.new("L", (2, 2), 77)
    assert to_rgb(grey).getpixel((0, 0)) == (77, 77, 77)
    assert to_rgb(Image.new("1", (2, 2), 1)).getpixel((0, 0)) == (255, 255, 255)
    clear = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert to_rgb(clear).getpixel((0, 0)) == (255, 255, 255)
    half = to_rgb(Image.new("RGBA", (2, 2), (255, 0, 0, 128))).getpixel((0, 0))
    assert half[0] == 255 and abs(half[1] - 127) <= 1
    assert to_rgb(Image.new("LA", (2, 2), (9, 0))).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("RGB", (2, 2), (10, 200, 30)).quantize(4)
    assert palette.mode == "P" and to_rgb(palette).getpixel((0, 0)) == (10, 200, 30)
    palette.info["transparency"] = palette.getpixel((0, 0))
    assert to_rgb(palette).getpixel((0, 0)) == (255, 255, 255)
    assert to_rgb(Image.new("CMYK", (2, 2), (0, 255, 255, 0))).getpixel((0, 0)) == (255, 0, 0)
    deep = Image.fromarray(np.full((2, 2), 65535 // 2, dtype=np.uint16))
    assert abs(to_rgb(deep).getpixel((0, 0))[0] - 127) <= 1
    dim = Image.fromarray(np.full((2, 2), 257, dtype=np.uint16))  # dark, but 16 bits all the same
    assert to_rgb(dim).getpixel((0, 0))[0] == 1
    assert to_rgb(Image.fromarray(np.full((2, 2), 0.5, dtype=np.float32))).getpixel((0, 0))[0] == 128


@pytest.mark.parametrize(
    "mode, suffix", [("L", "jpg"), ("CMYK", "jpg"), ("RGBA", "png"), ("P", "gif"), ("RGB", "webp"), ("RGB", "bmp")]
)
def test_files_of_many_formats_load(folder, mode, suffix):
    save(folder / "train" / "red" / f"extra.{suffix}", RED, mode=mode)
    data = load_quietly(folder)
    assert len(data.train) == 9
    added = data.train.images[-1].float().mean(dim=(1, 2))
    if mode != "L":
        assert (added - torch.tensor(RED)).abs().max() < 12


def test_a_camera_s_orientation_is_followed(tmp_path):
    """Orientation 6: the stored image lies on its left side."""
    pixels = np.zeros((8, 16, 3), dtype=np.uint8)
    pixels[:, :8] = 255  # stored: left half white; upright: top half white
    exif = Image.Exif()
    exif[0x0112] = 6
    for half in ("train", "test"):
        for name in ("a", "b"):
            (tmp_path / half / name).mkdir(parents=True)
            Image.fromarray(pixels).save(tmp_path / half / name / "0.png", exif=exif)
    data = load_quietly(tmp_path)
    assert data.img_size == (16, 8)
    assert (data.train.images[0, :, :8] == 255).all() and (data.train.images[0, :, 8:] == 0).all()


def test_a_subset_is_balanced_seeded_and_opens_no_other_file(folder, monkeypatch):
    from vitcourse.data import decode as decode_module

    opened = []
    original = decode_module.decode
    monkeypatch.setattr(decode_module, "decode", lambda path, size: opened.append(path) or original(path, size))
    data = load_quietly(folder, train_size=4, test_size=2, seed=1)
    assert data.train.targets.bincount().tolist() == [2, 2] and len(data.test) == 2
    assert len(opened) == 6
    again = load_quietly(folder, train_size=4, test_size=2, seed=1)
    assert torch.equal(again.train.targets, data.train.targets)
    assert sorted(opened[6:]) == sorted(opened[:6])
    assert len(load_quietly(folder, train_size=1000).train) == 8
