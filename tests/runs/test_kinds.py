"""A kind of model is configured, trained with what it prepares, gone on with and read back by its name."""

import os
from dataclasses import replace

import pytest
import torch
from torch import nn

from vitcourse import cli
from vitcourse.data import load_data
from vitcourse.runs import kinds as models
from vitcourse.runs import train as train_module
from vitcourse.runs.kinds import KINDS, Kind, configure, new_img_size
from vitcourse.runs.run import load_run, save_run
from vitcourse.runs.teacher import Prepared
from vitcourse.training.config import History, TrainConfig, TrainingError
from vitcourse.training.evaluate import evaluate
from vitcourse.training.fit import cross_entropy

OPTIONS = ["--data", "shapes", "--train-size", "120", "--test-size", "30", "--epochs", "3", "--device", "cpu"]
CPU = torch.device("cpu")


def train(*options):
    return cli.main(["train", *map(str, options)])


@pytest.fixture(scope="module")
def data():
    return load_data("shapes", train_size=60, test_size=20)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_configured_built_and_described_for_the_built_in_images(data, name):
    kind = KINDS[name]
    config = configure(kind, data, CPU)
    model = kind.build(**config).eval()
    with torch.no_grad():
        assert model(torch.randn(3, 3, 32, 32)).shape == (3, 10)
    words = kind.describe(model, config)
    assert kind.title and words and "\n" not in words
    assert set(KINDS) == set(cli.MODELS) and set(kind.sizes) <= set(cli.SIZES) and kind.size(data, CPU) in kind.sizes
    _, options = train_module.PREPARATIONS.get(name, (None, ()))
    assert set(options) <= {option.replace("-", "_") for option, *_ in cli.KIND_OPTIONS}


def test_options_replace_the_sizes_and_what_a_kind_has_not_is_said(data):
    vit = KINDS["vit"]
    config = configure(vit, data, CPU, "micro", dict(depth=2, patch_size=16))
    assert (config["embed_dim"], config["depth"], config["patch_size"]) == (128, 2, 16)
    with pytest.raises(TrainingError, match="ViT has no size 'huge': choose one of nano, "):
        configure(vit, data, CPU, "huge")
    with pytest.raises(TrainingError, match="leave out --window-size"):
        configure(vit, data, CPU, None, dict(window_size=4))


def test_images_are_resized_only_where_a_kind_needs_it(data):
    odd = replace(data, train=replace(data.train, images=torch.zeros(60, 3, 31, 37, dtype=torch.uint8)))
    vit = KINDS["vit"]
    assert new_img_size(vit, odd, CPU, {}) == (32, 36) and new_img_size(vit, data, CPU, {}) is None
    assert new_img_size(vit, odd, CPU, dict(patch_size=5)) is None  # it is said that 5 does not divide
    assert new_img_size(replace(vit, patch_size=None), odd, CPU, {}) is None


def test_the_choices_of_a_recipe_are_options(monkeypatch):
    seen = {}
    history = type("H", (), {"interrupted": False})
    monkeypatch.setattr("vitcourse.runs.train.train", lambda data, **options: (seen.update(options), history))
    options = ["--schedule", "linear", "--optimizer", "muon", "--precision", "bf16", "--compile", "--mix-until", "0.8"]
    assert train(*options, "--model", "stem") == 0 and seen["model"] == "stem"
    config = TrainConfig(**seen["recipe"])
    chosen = (config.schedule, config.optimizer, config.precision, config.compile, config.mix_until)
    assert chosen == ("linear", "muon", "bf16", True, 0.8)
    assert train() == 0 and TrainConfig(**seen["recipe"]) == TrainConfig()


class Line(nn.Module):
    """A kind of its own: linear, with a constructor unlike the ViT's."""

    def __init__(self, img_size, in_chans, num_classes, scale=1.0):
        super().__init__()
        H, W = img_size
        self.head, self.scale = nn.Linear(in_chans * H * W, num_classes), scale

    def forward(self, images):
        return self.scale * self.head(images.flatten(1))


class Prepares:
    """Leaves a file of its own in the run's folder, and an objective that counts its steps."""

    def __init__(self, accident=None):
        self.told, self.steps, self.accident = [], 0, accident

    def __call__(self, folder, data, config, device, options, every):
        kept = folder / "teacher"
        self.told.append((kept.exists(), len(data.train), config.epochs, device, options, every))
        kept.mkdir(exist_ok=True)
        if self.accident:
            raise self.accident
        return Prepared(self.objective, 100.0)

    def objective(self, model, images, targets):
        self.steps += 1
        return cross_entropy(model, images, targets)


@pytest.fixture
def taught(monkeypatch):
    """A kind under the name of deit, which learns from what it prepares; without a figure of its attention."""
    prepares = Prepares()
    kind = Kind("Line", Line, {"nano": {}}, lambda *_: "nano", lambda *_: "straight")
    monkeypatch.setitem(KINDS, "deit", replace(kind, recipe=lambda *_: dict(peak_lr=1e-4, batch_size=40)))
    monkeypatch.setitem(train_module.PREPARATIONS, "deit", (prepares, ("teacher",)))
    monkeypatch.setattr("vitcourse.figures.run_figures.save_attention_figure", lambda *_: "no figure")
    return prepares


def test_a_kind_is_trained_with_its_objective_and_read_back(taught, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(*OPTIONS, "--model", "deit", "--teacher", "some/run", "--checkpoint-every", 2, "--out", out) == 0
    assert taught.told == [(False, 120, 3, CPU, {"teacher": "some/run"}, 2)] and taught.steps == 9
    run = load_run(out)
    assert isinstance(run.model, Line) and run.kind == "deit" and run.config["peak_lr"] == 1e-4
    printed = capsys.readouterr().out
    assert "model       Line, straight; 30,730 parameters" in printed
    assert f"after {100 + run.history.seconds[-1]:.0f} s, 100 s of them before" in printed


def test_a_kind_is_gone_on_with_and_finds_what_it_prepared(taught, tmp_path, monkeypatch, capsys):
    out, command = tmp_path / "run", [*OPTIONS, "--model", "deit", "--out", tmp_path / "run"]
    taught.accident = KeyboardInterrupt()
    assert train(*command) == 130 and f"vitcourse train --resume {out}" in capsys.readouterr().out
    taught.accident = None
    due = iter([False] * 4)
    with monkeypatch.context() as patch:  # and once more, while it trains
        patch.setattr("vitcourse.training.progress.Progress.due", lambda self: next(due))
        with pytest.raises((StopIteration, RuntimeError)):
            train(*command)
    assert train(*OPTIONS, "--model", "vit", "--out", out) == 1
    assert "kind is deit there and vit here" in capsys.readouterr().err
    assert train(*command, "--teacher", "other") == 1 and "teacher is None there" in capsys.readouterr().err
    assert train("--resume", out) == 0 and "Going on from" in capsys.readouterr().out
    assert [told[0] for told in taught.told] == [False, True, True] and taught.steps == 5 + 6
    assert sorted(os.listdir(out)) == ["config.json", "history.json", "model.pt", "teacher"]
    assert len(load_run(out).history) == 3


def test_a_kind_that_fails_before_it_made_anything_leaves_no_folder(taught, tmp_path, monkeypatch, capsys):
    def fail(*told):
        raise TrainingError("No such teacher.")

    monkeypatch.setitem(train_module.PREPARATIONS, "deit", (fail, ()))
    assert train(*OPTIONS, "--model", "deit", "--out", tmp_path / "run") == 1
    assert "No such teacher." in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_what_a_kind_does_not_take_is_one_sentence(tmp_path, capsys):
    wrong = {
        "takes no teacher": ["--teacher", "x"],
        "no size 'tiny'": ["--size", "tiny", "--model", "swin"],
    }
    KINDS_WITHOUT = {"swin": Kind("Line", Line, {"nano": {}}, lambda *_: "nano", lambda *_: "straight")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "KINDS", KINDS | KINDS_WITHOUT)
        for words, options in wrong.items():
            assert train(*OPTIONS, *options, "--out", tmp_path / "run") == 1
            error = capsys.readouterr().err
            assert words in error and len(error.strip().splitlines()) == 1
        patch.setattr(models, "KINDS", {"vit": KINDS["vit"]})
        assert train(*OPTIONS, "--model", "swin") == 1 and "no model 'swin'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_saved_run_of_a_kind_says_which_weights_do_not_fit(taught, data, tmp_path):
    config = configure(KINDS["deit"], data, CPU)
    train_config = TrainConfig()
    save_run(tmp_path, nn.Linear(2, 2), config, data, History(), train_config, kind="deit")
    with pytest.raises(TrainingError, match="do not fit the course's Line"):
        load_run(tmp_path)
    model = Line(**config)
    save_run(tmp_path, model, config, data, History(), train_config, kind="deit")
    assert evaluate(load_run(tmp_path).model, data.test, data) == evaluate(model, data.test, data)
