"""Recipes are what they say, their commands exist, and options replace their fields."""

import json
import re

import pytest

from vitcourse import cli
from vitcourse.data import load_data
from vitcourse.reference.stem import ConvStemViT
from vitcourse.runs import train as job
from vitcourse.runs.defaults import SIZES
from vitcourse.runs.kinds import KINDS
from vitcourse.runs.recipes import RECIPES
from vitcourse.runs.run import load_run
from vitcourse.training.config import TrainConfig
from vitcourse.training.schedule import schedule


@pytest.fixture
def shapes_for_cifar(monkeypatch):
    """A few shapes under the name of CIFAR-10, which is not everywhere."""
    asked = []

    def load(name, *, device, seed, **options):
        asked.append(name)
        return load_data("shapes", device=device, train_size=20, test_size=20)

    monkeypatch.setattr(job, "load_data", load)
    return asked


def test_the_command_line_knows_their_names():
    assert all(recipe.name == name for name, recipe in RECIPES.items())


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_each_command_is_one_and_every_figure_has_its_conditions(recipe):
    words = recipe.command.split()
    assert words[0] == "vitcourse"
    assert cli.make_parser().parse_args(words[1:]).recipe == recipe.name
    for said in (recipe.expected, recipe.cost):  # a figure never stands without its conditions
        assert said == "not measured yet" or (re.search(r"\d", said) and "measured" in said)


def test_epochs_and_models_are_those_of_the_two_tracks():
    plain = ("quick", "standard", "long")
    for track in (plain, [f"stem-{name}" for name in plain]):
        assert [RECIPES[name].config.epochs for name in track] == [5, 30, 100]
    for name, recipe in RECIPES.items():
        kind = KINDS[recipe.model]
        assert (recipe.model == "stem") == name.startswith("stem-")
        model = kind.build(img_size=(32, 32), num_classes=10, patch_size=recipe.patch_size, **kind.sizes[recipe.size])
        assert 2.3e6 < sum(p.numel() for p in model.parameters()) < 2.7e6


def test_the_textbook_rate_is_constant_and_the_others_rise_and_end_near_zero():
    for name, recipe in RECIPES.items():
        lr_at, steps = schedule(recipe.config, 391), 391 * recipe.config.epochs
        rates = [lr_at(step) for step in range(steps)]
        if name == "textbook":
            assert set(rates) == {3e-4}
        else:
            peak = rates.index(max(rates))
            assert rates[peak] == recipe.config.peak_lr >= 1e-3 and 0.05 * steps < peak < 0.2 * steps
            assert rates[0] < 0.01 * rates[peak] and rates[-1] < 0.01 * rates[peak]


def test_longer_runs_augment_more_and_end_on_whole_images():
    for track in ("", "stem-"):
        quick, standard, long = (RECIPES[track + name].config for name in ("quick", "standard", "long"))
        assert (
            quick.crop < standard.crop <= long.crop and quick.rand_augment < standard.rand_augment <= long.rand_augment
        )
        assert long.mixup and long.cutmix and long.mix_until < 1
        assert not (quick.mixup or quick.cutmix or standard.mixup or standard.cutmix)


def test_a_recipe_sets_data_model_and_training(shapes_for_cifar, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(SIZES, "mini", SIZES["nano"])  # seconds instead of minutes
    out = tmp_path / "run"
    command = ["train", "--recipe", "quick", "--epochs", "1", "--lr", "0.002", "--device", "cpu", "--out", str(out)]
    assert cli.main(command) == 0
    settings = json.loads((out / "config.json").read_text())
    expected = TrainConfig(epochs=1, peak_lr=0.002, schedule="linear", crop=2, flip=True)
    assert TrainConfig(**settings["train"] | {"betas": tuple(settings["train"]["betas"])}) == expected
    assert shapes_for_cifar == ["cifar10"] and settings["model"]["patch_size"] == 4
    assert RECIPES["quick"].expected in capsys.readouterr().out


def test_model_options_win_over_the_recipe(shapes_for_cifar, tmp_path):
    out = tmp_path / "run"
    options = ["--size", "nano", "--patch-size", "8", "--depth", "1", "--epochs", "1", "--data", "shapes"]
    assert cli.main(["train", "--recipe", "long", *options, "--device", "cpu", "--out", str(out)]) == 0
    model = json.loads((out / "config.json").read_text())["model"]
    assert (model["patch_size"], model["embed_dim"], model["depth"]) == (8, 64, 1) and shapes_for_cifar == ["shapes"]


def test_a_recipe_of_the_second_track_trains_the_model_with_a_stem(shapes_for_cifar, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--size", "nano", "--depth", "1", "--epochs", "1", "--device", "cpu", "--out", str(out)]
    assert cli.main(["train", "--recipe", "stem-quick", *options]) == 0
    run = load_run(out)
    assert type(run.model) is ConvStemViT and run.model.patch_embed.num_patches == 16
    assert "convolutional stem (16 tokens)" in capsys.readouterr().out
