"""Figures of where a trained model looks: from any kind of model, for any image file, or a sentence why not."""

import numpy as np
import pytest
import torch
from PIL import Image

from vitcourse import cli
from vitcourse.data import DataError, load_data
from vitcourse.data.augment import normalize
from vitcourse.figures.run_figures import explain_to_file, pick_examples, save_attention_figure
from vitcourse.reference.deit import DistilledViT
from vitcourse.reference.maps import attention_rollout, catch_attention, cls_attention_map, occlusion_map
from vitcourse.reference.stem import ConvStemViT
from vitcourse.reference.vit import ViT
from vitcourse.runs.explain import occlusion, read_image
from vitcourse.runs.look import look
from vitcourse.runs.run import save_run
from vitcourse.training.config import History, TrainConfig

SIZES = dict(img_size=(16, 24), patch_size=8, in_chans=3, num_classes=10, embed_dim=16, depth=2, num_heads=2)


@pytest.fixture(scope="module")
def data():
    return load_data("shapes", img_size=(16, 24), train_size=20, test_size=20)


def build(cls=ViT):
    torch.manual_seed(0)
    return cls(**SIZES)


def test_look_catches_what_the_model_attends_to(data):
    model = build()
    seen = look(model, data.test.images[:3], data.mean, data.std)
    with catch_attention(model) as weights:
        logits = model(normalize(data.test.images[:3], data.mean, data.std))
    torch.testing.assert_close(seen.logits, logits.detach())
    torch.testing.assert_close(seen.weights, tuple(w.detach() for w in weights))
    torch.testing.assert_close(seen.layer(1), cls_attention_map(weights[1], (2, 3)).detach())
    torch.testing.assert_close(seen.layer(0, head=1), weights[0][:, 1, 0, 1:].reshape(3, 2, 3).detach())
    torch.testing.assert_close(seen.rollout().flatten(1), attention_rollout(weights).detach())
    assert model.training and not model.blocks[0].attn._forward_hooks


def test_look_finds_the_patches_behind_a_second_token(data):
    seen = look(build(DistilledViT), data.test.images[:2], data.mean, data.std)
    assert seen.weights[0].shape == (2, 2, 8, 8) and seen.logits.shape == (2, 10)
    torch.testing.assert_close(seen.layer(1).flatten(1), seen.weights[1][:, :, 0, 2:].mean(dim=1))
    assert seen.rollout().shape == (2, 2, 3) and (seen.rollout() > 0).all()


def test_look_finds_nothing_where_no_token_stands_before_the_patches(data):
    seen = look(build(ConvStemViT), data.test.images[:2], data.mean, data.std)
    assert seen.weights == () and seen.logits.shape == (2, 10)
    convolutional = torch.nn.Sequential(torch.nn.Conv2d(3, 10, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    assert look(convolutional, data.test.images[:2], data.mean, data.std).weights == ()


def test_occlusion_is_the_map_of_overlapping_squares(data):
    model, images = build(), data.test.images[:2]
    falls = occlusion(model, images, torch.tensor([3, 5]), data.mean, data.std)
    inputs = normalize(images, data.mean, data.std)
    expected = occlusion_map(model, inputs, torch.tensor([3, 5]), 4, stride=2)
    torch.testing.assert_close(falls, expected)
    assert falls.shape == (2, 7, 11) and model.training


@pytest.mark.parametrize("cls", [ViT, ConvStemViT])
def test_the_figure_after_training_is_drawn_for_any_model(cls, data, tmp_path):
    name = save_attention_figure(tmp_path, build(cls), data, count=3)
    assert np.asarray(Image.open(tmp_path / name)).std() > 10


def test_examples_come_from_different_classes():
    assert pick_examples(torch.tensor([0, 0, 0, 1, 2, 2]), 4) == [0, 1, 3, 4]
    assert pick_examples(torch.tensor([1]), 8) == [0]


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    save_run(folder, build(), SIZES, data, History(), TrainConfig())
    return folder


def photograph(path, mode="RGB", size=(70, 50)):
    pixels = np.linspace(0, 255, size[0] * size[1] * 3).reshape(size[1], size[0], 3).astype(np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    image.save(path)
    return path


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "RGB"), ("b.png", "LA")])
def test_any_image_file_is_explained(name, mode, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = photograph(tmp_path / name, mode)
    assert cli.main(["explain", str(path), "--model", str(run)]) == 0
    said = capsys.readouterr().out
    written = tmp_path / f"explain-{path.stem}.png"
    assert f"explain-{path.stem}.png" in said and "%" in said
    assert np.asarray(Image.open(written)).std() > 10


@pytest.mark.parametrize(
    ("name", "mode"), [("a.gif", "P"), ("b.png", "RGBA"), ("c.png", "L"), ("d.tif", "I"), ("e.tif", "F")]
)
def test_images_of_every_mode_come_as_rgb(name, mode, tmp_path):
    image = read_image(photograph(tmp_path / name, mode), (16, 24))
    assert image.shape == (1, 3, 16, 24) and image.dtype == torch.uint8 and image.float().std() > 10


def test_what_the_model_sees_is_the_middle_of_the_image(tmp_path):
    pixels = np.zeros((40, 120, 3), dtype=np.uint8)
    pixels[:, 30:90] = 255  # of 120 x 40 pixels, 24 x 16 keep the middle 60 columns
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", [16, 24]) == 255).float().mean() > 0.9


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("no image"), "not an image"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: None, "no file"),
        (lambda path: path.write_bytes(photograph(path.with_suffix(".jpg")).read_bytes()[:200]), "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(make, words, run, tmp_path, capsys):
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(DataError, match=words):
        read_image(path, 16)
    assert cli.main(["explain", str(path), "--model", str(run)]) == 1
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_the_image_is_never_overwritten_and_other_places_are_named(run, tmp_path, capsys):
    path = photograph(tmp_path / "a.png")
    before = path.read_bytes()
    assert cli.main(["explain", str(path), "--model", str(run), "--out", str(path)]) == 1
    assert path.read_bytes() == before and "image itself" in capsys.readouterr().err
    assert cli.main(["explain", str(path), "--model", str(run), "--out", str(tmp_path / "no" / "b.png")]) == 1
    assert "There is no folder" in capsys.readouterr().err
    assert cli.main(["explain", str(path), "--model", str(tmp_path)]) == 1
    assert "not a saved run" in capsys.readouterr().err


def test_a_model_without_a_class_token_is_explained_by_occlusion(run, tmp_path, monkeypatch, capsys):
    from vitcourse.runs import explain as module

    real = module.load_run(run)
    real.model = build(ConvStemViT).eval()
    monkeypatch.setattr(module, "load_run", lambda folder: real)
    out = explain_to_file(photograph(tmp_path / "a.png"), run, tmp_path / "out.png")
    assert out.exists() and "occlusion alone" in capsys.readouterr().out
