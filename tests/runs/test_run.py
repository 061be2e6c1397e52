"""A saved run comes back whole; a torn, foreign or unwritable one is said in a sentence."""

import errno
import json
import os
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from vitcourse.reference.vit import ViT
from vitcourse.runs import run as checkpoint
from vitcourse.runs.run import load_run, make_run_folder, save_run
from vitcourse.training.config import History, TrainConfig, TrainingError

SIZES = dict(
    img_size=[8, 16], patch_size=4, in_chans=3, num_classes=2, embed_dim=8, depth=2, num_heads=2, mlp_ratio=2.0
)
DATA = SimpleNamespace(
    name="tiny", classes=("a", "ü"), mean=torch.tensor([0.1, 0.2, 0.3]), std=torch.tensor([0.4, 0.5, 0.6])
)
HISTORY = History(
    epochs=3, train_loss=[1.0], test_loss=[1.5], test_accuracy=[0.5], lr=[0.1], seconds=[2.0], interrupted=True
)


@pytest.fixture
def saved(tmp_path):
    model = ViT(**SIZES)
    save_run(tmp_path / "run", model, SIZES, DATA, HISTORY, TrainConfig(mixup=0.2))
    return tmp_path / "run", model


def test_a_run_comes_back_whole(saved):
    folder, model = saved
    run = load_run(folder)
    images = torch.randn(2, 3, 8, 16)
    assert torch.equal(run.model(images), model.eval()(images)) and not run.model.training
    assert run.classes == DATA.classes and torch.equal(run.mean, DATA.mean) and torch.equal(run.std, DATA.std)
    assert run.history == HISTORY and run.config["mixup"] == 0.2 and run.model_config == SIZES


def test_the_weights_load_without_running_code(saved):
    state = torch.load(saved[0] / "model.pt", weights_only=True)
    assert set(state) == set(saved[1].state_dict())


def test_averaged_weights_are_kept_beside_the_others(saved):
    with pytest.raises(TrainingError, match=r"no model-ema\.pt"):
        load_run(saved[0], ema=True)
    averaged = ViT(**SIZES)
    save_run(*saved, SIZES, DATA, HISTORY, TrainConfig(ema=0.9), averaged)
    images = torch.randn(2, 3, 8, 16)
    assert torch.equal(load_run(saved[0], ema=True).model(images), averaged(images))
    assert torch.equal(load_run(saved[0]).model(images), saved[1](images))


def test_nothing_but_the_three_files_is_left(saved):
    assert sorted(os.listdir(saved[0])) == ["config.json", "history.json", "model.pt"]
    versions = json.loads((saved[0] / "config.json").read_text(encoding="utf-8"))["versions"]
    assert versions["torch"] == torch.__version__


def test_a_full_disk_is_said_and_the_old_file_stays(saved, monkeypatch):
    folder, model = saved
    before = (folder / "model.pt").read_bytes()

    def full(state, path):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint.torch, "save", full)
    with pytest.raises(TrainingError, match=r"Cannot write into .*No space left.*free some space"):
        save_run(folder, model, SIZES, DATA, HISTORY, TrainConfig())
    assert (folder / "model.pt").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["config.json", "history.json", "model.pt"]


@pytest.mark.parametrize("name", ["model.pt", "config.json", "history.json"])
def test_a_missing_or_torn_file_is_said(saved, name):
    whole = (saved[0] / name).read_bytes()
    (saved[0] / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match="cannot be read"):
        load_run(saved[0])
    (saved[0] / name).unlink()
    with pytest.raises(TrainingError, match=rf"no {name} in .*not a saved run"):
        load_run(saved[0])


def test_weights_of_another_class_are_said(tmp_path):
    save_run(tmp_path, nn.Linear(2, 2), SIZES, DATA, HISTORY, TrainConfig())
    with pytest.raises(TrainingError, match=r"do not fit the course's ViT"):
        load_run(tmp_path)


def test_a_run_from_before_there_were_kinds_is_a_vit(saved):
    folder, model = saved
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert settings.pop("kind") == "vit"
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    run = load_run(folder)
    assert run.kind == "vit" and torch.equal(run.model.head.weight, model.head.weight)


def test_a_run_of_a_kind_that_is_not_known_is_said(saved):
    folder, model = saved
    save_run(folder, model, SIZES, DATA, HISTORY, TrainConfig(), kind="mamba")
    with pytest.raises(TrainingError, match=r"no model 'mamba': choose one of vit"):
        load_run(folder)


def test_a_run_folder_is_made_but_never_taken_over(tmp_path):
    folder = make_run_folder(tmp_path / "runs" / "new")
    assert folder.is_dir() and not any(folder.iterdir())
    assert make_run_folder(folder) == folder  # still empty: fine
    (folder / "model.pt").write_bytes(b"mine")
    with pytest.raises(TrainingError, match="already holds files"):
        make_run_folder(folder)
    with pytest.raises(TrainingError, match=r"Cannot write into .*model.pt"):
        make_run_folder(folder / "model.pt" / "below-a-file")
