"""Recipes are what they say, their commands exist, and options replace their fields."""

import json
import re

import pytest

from vitcourse import cli
from vitcourse.reference.vit import ViT
from vitcourse.training import job
from vitcourse.training.config import TrainConfig
from vitcourse.training.data import load_data
from vitcourse.training.defaults import SIZES
from vitcourse.training.fit import schedule
from vitcourse.training.recipes import RECIPES


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
    assert set(cli.RECIPES) == set(RECIPES) and all(recipe.name == name for name, recipe in RECIPES.items())


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_each_command_is_one_and_every_figure_has_its_conditions(recipe):
    words = recipe.command.split()
    assert words[0] == "vitcourse"
    assert cli.make_parser().parse_args(words[1:]).recipe == recipe.name
    for said in (recipe.expected, recipe.cost):  # a figure never stands without its conditions
        assert said == "not measured yet" or (re.search(r"\d", said) and "measured" in said)


def test_the_epochs_and_the_model_are_those_of_the_course():
    assert [RECIPES[name].config.epochs for name in ("quick", "standard", "long")] == [5, 30, 100]
    for recipe in RECIPES.values():
        model = ViT(img_size=32, patch_size=recipe.patch_size, num_classes=10, **SIZES[recipe.size])
        assert 2.6e6 < sum(p.numel() for p in model.parameters()) < 2.75e6


def test_the_textbook_rate_is_constant_and_the_others_end_near_zero():
    rates = {name: [schedule(recipe.config, 100)(s) for s in (0, 250, 499)] for name, recipe in RECIPES.items()}
    assert rates["textbook"] == [3e-4] * 3
    assert rates["quick"][2] < 1e-7 < rates["quick"][0] < rates["quick"][1]


def test_a_recipe_sets_data_model_and_training(shapes_for_cifar, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(SIZES, "mini", SIZES["nano"])  # seconds instead of minutes
    out = tmp_path / "run"
    command = ["train", "--recipe", "quick", "--epochs", "1", "--lr", "0.002", "--device", "cpu", "--out", str(out)]
    assert cli.main(command) == 0
    settings = json.loads((out / "config.json").read_text())
    expected = TrainConfig(epochs=1, peak_lr=0.002, crop=2, flip=True)
    assert TrainConfig(**settings["train"] | {"betas": tuple(settings["train"]["betas"])}) == expected
    assert shapes_for_cifar == ["cifar10"] and settings["model"]["patch_size"] == 4
    assert RECIPES["quick"].expected in capsys.readouterr().out


def test_model_options_win_over_the_recipe(shapes_for_cifar, tmp_path):
    out = tmp_path / "run"
    options = ["--size", "nano", "--patch-size", "8", "--depth", "1", "--epochs", "1", "--data", "shapes"]
    assert cli.main(["train", "--recipe", "long", *options, "--device", "cpu", "--out", str(out)]) == 0
    model = json.loads((out / "config.json").read_text())["model"]
    assert (model["patch_size"], model["embed_dim"], model["depth"]) == (8, 64, 1) and shapes_for_cifar == ["shapes"]
