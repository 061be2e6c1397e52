"""The command trains and saves, refuses what is wrong in one sentence, and returns true exit codes."""

import json
import os
import subprocess
import sys

import pytest
import torch
from PIL import Image

from vitcourse import cli
from vitcourse.runs import defaults
from vitcourse.runs import train as job
from vitcourse.runs.run import load_run
from vitcourse.training.config import TrainConfig

TINY = ["--embed-dim", "16", "--depth", "1", "--num-heads", "2", "--device", "cpu"]


def image_folder(root, size=(20, 12), count=12):
    """A folder of plain red and blue JPEG images, `size` as (width, height)."""
    for half in ("train", "test"):
        for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
            folder = root / half / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", size, tuple(c + 2 * i for c in colour)).save(folder / f"{i}.jpg")
    return root


def test_train_on_a_folder_of_images_that_are_not_square(tmp_path, capsys):
    data, out = image_folder(tmp_path / "images"), tmp_path / "out"
    assert cli.main(["train", "--data", str(data), "--epochs", "15", "--lr", "3e-3", "--out", str(out), *TINY]) == 0
    printed = capsys.readouterr().out
    for words in ("device      CPU", "24 images to train on", "12×20 pixels", "parameters", "epoch 15/15", "saved in"):
        assert words in printed
    run = load_run(out)
    assert run.history.test_accuracy[-1] > 0.9 and f"test accuracy {run.history.test_accuracy[-1]:.1%}" in printed
    assert run.classes == ("blue", "red") and run.config["peak_lr"] == 3e-3 and run.config["flip"]
    with Image.open(out / "attention.png") as picture:
        assert min(picture.size) > 200
    assert json.loads((out / "history.json").read_text())["epochs"] == 15


def test_train_says_its_precision_and_whether_it_is_forced(tmp_path, monkeypatch, capsys):
    shapes = ["train", "--data", "shapes", "--train-size", "20", "--test-size", "10", "--epochs", "1", *TINY]
    monkeypatch.setenv("VITCOURSE_PRECISION", "bf16")
    assert cli.main([*shapes, "--out", str(tmp_path / "forced")]) == 0
    assert "; precision bf16 (forced by VITCOURSE_PRECISION)\n" in capsys.readouterr().out
    assert cli.main([*shapes, "--precision", "fp32", "--out", str(tmp_path / "own")]) == 0
    assert "; precision fp32\n" in capsys.readouterr().out
    monkeypatch.setenv("VITCOURSE_PRECISION", "double")
    assert cli.main([*shapes, "--out", str(tmp_path / "wrong")]) == 1
    said = capsys.readouterr().err
    assert "'double'" in said and said.count("\n") == 1 and not (tmp_path / "wrong").exists()


def test_a_user_error_is_one_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("")
    wrong = {
        "no-such-place": ["--data", "no-such-place"],
        "already holds files": ["--data", "shapes", "--train-size", "40", "--test-size", "20", "--out", str(full)],
        "epochs": ["--data", "shapes", "--epochs", "0"],
        "does not divide": ["--data", "shapes", "--train-size", "40", "--test-size", "20", "--patch-size", "7"],
        "no device": ["--data", "shapes", "--device", "toaster"],
    }
    for words, options in wrong.items():
        assert cli.main(["train", *options]) == 1, words
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()  # nothing was trained, so nothing was made


def test_a_failed_run_leaves_no_empty_folder(tmp_path, capsys):
    options = ["--data", "shapes", "--train-size", "400", "--test-size", "20", "--lr", "1e30", "--epochs", "3"]
    assert cli.main(["train", *options, "--out", str(tmp_path / "out"), *TINY]) == 1
    assert "learning rate" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_ctrl_c_saves_what_was_learned(tmp_path, monkeypatch, capsys):
    steps = []

    def press(self):
        steps.append(1)
        if len(steps) == 15:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr("vitcourse.training.progress.Progress.due", press)
    options = ["--data", "shapes", "--train-size", "200", "--test-size", "20", "--epochs", "9"]
    assert cli.main(["train", *options, "--out", str(tmp_path / "out"), *TINY]) == 130
    run = load_run(tmp_path / "out")
    assert run.history.interrupted and len(run.history) == 1
    assert "Stopped in epoch 2 of 9" in capsys.readouterr().out and (tmp_path / "out" / "attention.png").exists()


def test_the_default_folder_is_new_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        folder = job._new_folder("/some/where/pets")
        folder.mkdir(parents=True)
        names.append(folder)
    assert len(set(names)) == 3 and all(str(name).startswith(os.path.join("runs", "pets-")) for name in names)


def other_value(each):
    """A value of a `TrainConfig` field that is legal and not its default."""
    choices = each.metadata["choices"]
    if choices:
        return next(choice for choice in choices if choice not in (each.default, None))
    if isinstance(each.default, bool):
        return not each.default
    return each.default + 2 if isinstance(each.default, int) else 0.5


def test_every_option_reaches_the_recipe_or_the_model(monkeypatch):
    seen = {}

    def spy(data, **options):
        seen.update(options, data=data)
        return "folder", type("H", (), {"interrupted": False})

    monkeypatch.setattr(job, "train", spy)
    flags = [f"--{name}={2 if kind is int else 0.5}" for name, kind, _ in cli.MODEL_OPTIONS]
    wanted = {each.name: other_value(each) for each in cli.recipe_fields()}
    for each in cli.recipe_fields():
        name, value = cli.option_name(each), wanted[each.name]
        flags.append(
            name.replace("--", "--no-" * (value is False) or "--", 1) + f"={value}" * (not isinstance(value, bool))
        )
    options = ["--data", "x", "--epochs", "3", "--seed", "5", "--train-size", "7", "--size", "mini"]
    assert cli.main(["train", *options, *flags]) == 0
    assert seen["recipe"] == wanted | dict(epochs=3, seed=5)
    assert TrainConfig(**seen["recipe"]).peak_lr == wanted["peak_lr"] and "--lr=0.5" in flags
    assert set(seen["model_options"]) == {"patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio"}
    assert seen["train_size"] == 7 and seen["size"] == "mini"


def test_build_hands_on_names_and_exit_code(monkeypatch):
    calls = []
    monkeypatch.setattr("vitcourse.authoring.build.main", lambda *given: calls.append(given) or 3)
    assert cli.main(["build", "--check", "01_patches"]) == 3 and calls == [(["01_patches"], True, False, False, False)]
    assert cli.main(["build", "--force"]) == 3 and calls[1] == ([], False, False, False, True)


@pytest.mark.parametrize("options", [[], ["--check"], ["--learner"]])
def test_build_without_its_extra_is_one_sentence(monkeypatch, capsys, options):
    for name in ("jupytext", "nbclient"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    assert cli.main(["build", *options]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("Building the notebooks needs jupytext and nbclient:") and "vitcourse[dev]" in said
    assert len(said.splitlines()) == 1


def test_help_is_instant_because_the_command_itself_imports_nothing_heavy():
    code = "import sys\nfrom vitcourse.cli import main\nstatus = main([])\n"
    code += (
        "print('HEAVY', [name for name in ('torch', 'numpy', 'matplotlib') if name in sys.modules])\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and "train" in done.stdout and "HEAVY []" in done.stdout


def test_unknown_options_are_usage_errors():
    with pytest.raises(SystemExit, match="2"):
        cli.main(["train", "--epocks", "3"])
    assert set(cli.SIZES) == set(defaults.SIZES)


@pytest.mark.parametrize(
    ("img_size", "cpu", "gpu"),
    [
        ((32, 32), 4, 4),
        ((224, 224), 28, 16),
        ((28, 28), 4, 2),
        ((48, 64), 8, 4),
        ((31, 37), None, None),
        ((4, 4), None, None),
    ],
)
def test_the_patch_size_cuts_evenly_into_not_too_many(img_size, cpu, gpu):
    assert defaults.choose_patch_size(img_size, torch.device("cpu")) == cpu
    assert defaults.choose_patch_size(img_size, torch.device("cuda")) == gpu


@pytest.mark.parametrize("img_size", [(31, 37), (5, 5), (25, 50), (101, 57), (17, 300), (225, 224)])
def test_images_that_do_not_divide_get_a_size_that_does(img_size):
    near = defaults.nearest_even_size(img_size)
    assert defaults.choose_patch_size(near, torch.device("cpu")) is not None
    assert not any(side % 2 for side in near)  # what a convolutional stem needs
    assert all(abs(a - b) <= max(16, 0.2 * b) for a, b in zip(near, img_size, strict=True))
