"""`vitcourse train` leaves a run that --resume, or the same command again, can go on with."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from PIL import Image

from vitcourse import cli
from vitcourse.runs import unfinished
from vitcourse.runs.run import load_run

SHAPES = ["--data", "shapes", "--train-size", "200", "--test-size", "40", "--epochs", "4", "--seed", "3"]
OPTIONS = [*SHAPES, "--embed-dim", "16", "--depth", "1", "--num-heads", "2", "--device", "cpu", "--mixup", "0.2"]
OPTIONS += ["--ema", "0.9"]
FINISHED = ["attention.png", "config.json", "history.json", "model-ema.pt", "model.pt"]


def train(*options):
    return cli.main(["train", *map(str, options)])


def stop_at(step, monkeypatch, error=KeyboardInterrupt):
    """Let the next run end after so many steps."""
    steps = []

    def due(self):
        steps.append(1)
        if len(steps) == step:
            raise error
        return False

    monkeypatch.setattr("vitcourse.training.progress.Progress.due", due)


class Killed(BaseException):
    """Stands for the end of the process where a test needs no real one."""


def killed(folder, monkeypatch, step=30, options=OPTIONS):
    """Leave an unfinished run; OPTIONS make 13 steps an epoch."""
    with monkeypatch.context() as patch, pytest.raises(Killed):
        stop_at(step, patch, Killed)
        train(*options, "--out", folder)
    return folder


def assert_same(folder, other):
    for ema in (True, False):
        first, second = load_run(folder, ema=ema), load_run(other, ema=ema)
        pairs = zip(first.model.state_dict().items(), second.model.state_dict().values(), strict=True)
        assert [name for (name, mine), theirs in pairs if not torch.equal(mine, theirs)] == []
    assert first.history.train_loss == second.history.train_loss
    assert first.history.test_loss == second.history.test_loss and first.config == second.config
    assert first.model_config == second.model_config and sorted(os.listdir(folder)) == FINISHED


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert train(*OPTIONS, "--out", folder) == 0
    return folder


# The command, whose process dies at its fifth step: no other process has to catch the moment.
DIES = """
import os, signal, sys
from vitcourse import cli
from vitcourse.training.progress import Progress

steps = []

def due(self):
    steps.append(1)
    if len(steps) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return False

Progress.due = due
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_is_gone_on_with(whole, tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-c", DIES, "train", *OPTIONS, "--out", str(out), "--checkpoint-every", "1"]
    threads = str(torch.get_num_threads())  # another number of threads adds in another order: equal, but not to the bit
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    assert subprocess.run(command, stdout=subprocess.DEVNULL, env=environment).returncode == -signal.SIGKILL
    assert (out / "checkpoint.before.pt").exists()
    assert not (out / "model.pt").exists() and (out / unfinished.FILE).exists()
    assert train("--resume", out) == 0
    assert_same(out, whole)


@pytest.mark.parametrize("step", [1, 30])
def test_resume_and_the_same_command_go_on(whole, tmp_path, monkeypatch, capsys, step):
    by_resume, by_out = (killed(tmp_path / name, monkeypatch, step) for name in ("resume", "out"))
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert train("--resume", "resume") == 0 and train(*OPTIONS, "--out", by_out) == 0
    assert capsys.readouterr().out.count("Going on from") == (0 if step == 1 else 2)  # or from the very start
    assert_same(by_resume, whole)
    assert_same(by_out, whole)


def test_ctrl_c_leaves_a_model_and_a_run_to_go_on_with(whole, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        stop_at(30, patch)
        assert train(*OPTIONS, "--out", out) == 130
    assert load_run(out).history.interrupted and f"vitcourse train --resume {out}" in capsys.readouterr().out
    assert train("--resume", out) == 0
    assert_same(out, whole)


def test_a_folder_of_images_is_found_from_anywhere(tmp_path, monkeypatch):
    for half, name, grey in [(half, name, 40 * name) for half in ("train", "test") for name in (1, 2)]:
        folder = tmp_path / "images" / half / str(name)
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(12):  # resized, because no patch divides 31 × 37 pixels
            Image.new("L", (31, 37), grey + i).save(folder / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    out = killed(tmp_path / "run", monkeypatch, 3, ["--data", "images", "--epochs", "3"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert train("--resume", out) == 0 and len(load_run(out).history) == 3


def test_what_cannot_be_gone_on_with_is_one_sentence(whole, tmp_path, monkeypatch, capsys):
    out = killed(tmp_path / "run", monkeypatch)
    torn = killed(tmp_path / "torn", monkeypatch)
    (torn / unfinished.FILE).write_text("{")
    no_checkpoint = killed(tmp_path / "checkpoints", monkeypatch)
    for path in no_checkpoint.glob("*.pt"):
        path.write_bytes(b"torn")
    wrong = {
        "finished": ["--resume", whole],
        "no unfinished run": ["--resume", tmp_path / "nowhere"],
        "cannot be read": ["--resume", torn],
        "delete it": ["--resume", no_checkpoint],
        "epochs is 4 there and 5 here": [*OPTIONS, "--epochs", 5, "--out", out],
        "depth is 1 there and 2 here": [*OPTIONS, "--depth", 2, "--out", out],
        "train_size is 200 there and 100 here": [*OPTIONS, "--train-size", 100, "--out", out],
        "every must be": ["--resume", out, "--checkpoint-every", 0],
    }
    capsys.readouterr()
    for words, options in wrong.items():
        assert train(*options) == 1, words
        error = capsys.readouterr().err
        assert words in error and "Traceback" not in error and len(error.strip().splitlines()) == 1, error
    assert train("--resume", out, "--epochs", 5, "--flip", "--data", "shapes") == 2
    assert "leave out --data, --epochs, --flip" in capsys.readouterr().err
    assert train("--resume", out) == 0  # nothing of all this did it harm


def test_a_run_whose_data_changed_is_refused(tmp_path, monkeypatch, capsys):
    out = killed(tmp_path / "run", monkeypatch)
    settings = json.loads((out / unfinished.FILE).read_text())
    settings["data_options"]["test_size"] = 50
    (out / unfinished.FILE).write_text(json.dumps(settings))
    assert train("--resume", out) == 1 and "another data (test images" in capsys.readouterr().err
