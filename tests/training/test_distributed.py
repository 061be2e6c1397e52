"""Two processes on the CPU train as one does: the same losses, one writer, and they stop and go on together."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import vitcourse.training.fit as fit_module
from vitcourse import cli
from vitcourse.data import ImageData, Split
from vitcourse.reference.vit import ViT
from vitcourse.runs.run import load_run
from vitcourse.training import distributed
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.distributed import Workers
from vitcourse.training.fit import fit

ALL_ON = dict(crop=1, flip=True, mixup=0.5, cutmix=1.0, erasing=0.3, label_smoothing=0.1, rand_augment=1)
# 37 images: shares of 5 and 4, and in the last batch of 1 and none. The test images are shared as 16 and 15.
CONFIG = TrainConfig(epochs=3, batch_size=9, precision="fp32", ema=0.9, **ALL_ON)
SHAPES = ["--data", "shapes", "--train-size", "75", "--test-size", "21", "--epochs", "2", "--batch-size", "30"]
OPTIONS = [*SHAPES, "--embed-dim", "16", "--depth", "1", "--num-heads", "2", "--device", "cpu", "--precision", "fp32"]


def tiny_data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (37, 3, 8, 8), generator=generator).to(torch.uint8)
    split = Split(images, torch.arange(37) % 3)
    return ImageData("tiny", split, Split(images[:31], split.targets[:31]), ("a", "b", "c"), *torch.full((2, 3), 0.4))


def tiny_model(seed=0):
    torch.manual_seed(seed)
    return ViT(img_size=8, patch_size=4, num_classes=3, embed_dim=16, depth=1, num_heads=2)


class Odd(nn.Module):
    """A tiny ViT in which something happens when it has been called so many times in training."""

    def __init__(self, at, accident):
        super().__init__()
        self.vit, self.at, self.accident, self.calls = tiny_model(), at, accident, 0

    def forward(self, images):
        self.calls += self.training
        logits = self.vit(images)
        return self.accident(images, logits) if self.training and self.calls >= self.at else logits


class Normalised(nn.Sequential):
    """A model with BatchNorm: each process sees the statistics of its share."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))


def told(model, history, averaged=None):
    weights = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
    averages = None if averaged is None else [tensor.tolist() for tensor in averaged.state_dict().values()]
    return dict(weights=weights, averages=averages, history=json.loads(history.to_json()))


def train(model, place=None, config=CONFIG, **options):
    averaged = type(model)() if isinstance(model, Normalised) else tiny_model(seed=1)
    if isinstance(model, Odd):
        averaged, config = None, replace(config, ema=0.0)
    options = dict(device="cpu", progress=False) | options
    return told(model, fit(model, tiny_data(), config, checkpoint=place, ema_model=averaged, **options), averaged)


# What each of the two processes does; the files in `place` are what it saw.


def scenes(place):
    """Train, be short of memory, meet a NaN, be stopped: in each process, which tells in a file of its own."""
    torch.set_num_threads(1)
    rank, seen, written = int(os.environ["RANK"]), {}, []
    watch_writing(place / "runs", written)
    printed = []
    seen["trained"] = train(tiny_model(seed=rank), place / "runs" / "trained", every=2)  # the first one's weights count
    seen["normalised"] = train(Normalised())

    def short(images, logits):  # of memory, in one of the two only
        if rank and len(images) > 3:
            raise torch.OutOfMemoryError
        return logits

    seen["short"] = train(Odd(4, short))
    try:
        seen["nan"] = train(Odd(7, lambda images, logits: logits * (float("nan") if rank else 1.0)))
    except TrainingError as error:
        seen["nan"] = str(error)

    def stop(done, loss):
        printed.append(done)
        if done == 4 and rank:
            os.kill(os.getpid(), signal.SIGINT)

    fit_module.LOOK_EVERY = 2  # an epoch has 5 steps
    seen["stopped"] = train(tiny_model(), place / "runs" / "stopped", every=2, on_step=stop)
    seen["steps"] = printed
    seen["again"] = train(tiny_model(seed=3), place / "runs" / "stopped")
    seen["written"] = written
    (place / f"scenes{rank}.json").write_text(json.dumps(seen))


def killed(place, at, victim):
    """Train; one process may be ended by SIGKILL after so many steps."""
    torch.set_num_threads(1)

    def kill(done, loss):
        if done == at and int(os.environ["RANK"]) == victim:
            os.kill(os.getpid(), signal.SIGKILL)

    model = tiny_model(seed=0 if at == 4 else 5)  # later on all weights come from the checkpoint
    seen = train(model, place / "runs" / "killed", every=1, on_step=kill)
    (place / f"killed{os.environ['RANK']}.json").write_text(json.dumps(seen))


def watch_writing(place, written):
    """Note every file that this process opens to write, renames or removes below a folder."""

    def hook(event, arguments):
        writes = event in ("os.rename", "os.remove", "os.mkdir") or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if writes and str(arguments[0]).startswith(str(place)):
            written.append(f"{event} {arguments[0]}")

    sys.addaudithook(hook)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch, torchvision.transforms.v2, torch.utils.serialization
from accelerate import notebook_launcher
import test_distributed as t
place = Path(sys.argv[2])
port = int(sys.argv[3])
notebook_launcher(t.scenes, (place,), num_processes=2, use_port=str(port))
for number, (at, victim) in enumerate([(4, 1), (9, 0)], start=1):
    try:
        notebook_launcher(t.killed, (place, at, victim), num_processes=2, use_port=str(port + number))
    except Exception as error:
        print("ended:", type(error).__name__)
notebook_launcher(t.killed, (place, 0, None), num_processes=2, use_port=str(port + 3))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder in which two processes have trained."""
    place = tmp_path_factory.mktemp("two")
    (place / "runs").mkdir()
    port = str(20000 + os.getpid() % 20000)
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(place), port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    (place / "out").write_text(done.stdout)
    return place


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "GLOO_SOCKET_IFNAME": "lo"}


@pytest.fixture(scope="module")
def seen(place):
    return [json.loads((place / f"scenes{rank}.json").read_text()) for rank in (0, 1)]


@pytest.fixture(scope="module")
def alone():
    return train(tiny_model())


def assert_close(result, other, tolerance=1e-4):
    for name in ("train_loss", "test_loss", "test_accuracy", "ema_accuracy", "lr"):
        assert result["history"][name] == pytest.approx(other["history"][name], rel=tolerance), name
    for name, tensor in result["weights"].items():
        assert torch.allclose(torch.tensor(tensor), torch.tensor(other["weights"][name]), atol=tolerance), name
    for average, its in zip(result["averages"] or [], other["averages"] or [], strict=True):
        assert torch.allclose(torch.tensor(average), torch.tensor(its), atol=tolerance)


def without_seconds(result):
    return result | {"history": result["history"] | {"seconds": None}}


def test_two_processes_get_the_losses_of_one(seen, alone):
    assert_close(seen[0]["trained"], alone)
    assert without_seconds(seen[0]["trained"]) == without_seconds(seen[1]["trained"])  # to the bit


def test_the_first_process_alone_writes(seen, place):
    assert seen[1]["written"] == [] and len(seen[0]["written"]) > 10
    assert sorted(path.name for path in (place / "runs" / "trained").iterdir()) == [
        "checkpoint.before.pt",
        "checkpoint.pt",
    ]


def test_one_process_prints(place):
    printed = (place / "out").read_text()
    assert printed.count("Stopped in epoch") == 1 and printed.count("Going on from") == 3
    assert "Out of memory" not in printed  # the process that was short of it is not the one that prints


def test_a_process_that_is_short_of_memory_holds_nobody_up(seen):
    assert_close(seen[0]["short"], train(Odd(99, None)))
    assert seen[0]["short"]["weights"] == seen[1]["short"]["weights"]


def test_batch_norm_ends_with_the_same_statistics_everywhere(seen):
    first, second = (one["normalised"] for one in seen)
    assert first["weights"] == second["weights"] and first["history"]["test_loss"] == second["history"]["test_loss"]
    assert first["weights"]["1.running_mean"] != [0.0] * 4


def test_all_stop_at_a_nan_that_one_has_met(seen):
    assert "not a finite number at step 7" in seen[0]["nan"] and seen[0]["nan"] == seen[1]["nan"]


def test_all_stop_after_the_same_step_and_go_on(seen):
    for one in seen:
        assert one["stopped"]["history"]["interrupted"] and one["steps"] == [1, 2, 3, 4]
        assert without_seconds(one["again"]) == without_seconds(one["trained"])


def test_a_run_whose_processes_were_killed_ends_like_one_that_was_not(seen, place):
    assert (place / "out").read_text().count("ended: ") == 2
    for rank in (0, 1):
        result = json.loads((place / f"killed{rank}.json").read_text())
        assert without_seconds(result) == without_seconds(seen[0]["trained"])


def test_accelerate_launch_trains_like_one_process(tmp_path):
    out = tmp_path / "two"
    port = str(20000 + (os.getpid() + 7) % 20000)
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--main_process_port", port, "-m", "vitcourse", "train", *OPTIONS, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    assert "(one of 2 processes)" in done.stdout
    assert done.stdout.count("saved in") == done.stdout.count("epoch 2/2") == 1
    assert cli.main(["train", *OPTIONS, "--out", str(tmp_path / "one")]) == 0
    assert sorted(os.listdir(out)) == sorted(os.listdir(tmp_path / "one"))
    two, one = load_run(out), load_run(tmp_path / "one")
    assert two.history.train_loss == pytest.approx(one.history.train_loss, rel=1e-4)
    assert two.history.test_loss == pytest.approx(one.history.test_loss, rel=1e-4)
    for mine, theirs in zip(two.model.parameters(), one.model.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_one_process_needs_no_accelerate(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    for name in ("WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    workers = Workers("cpu")
    assert workers.alone and workers.main and workers.first(lambda: 7) == workers.in_turn(lambda: 7) == 7
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not distributed.several()  # a batch system sets that, too
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(TrainingError, match="pip install accelerate"):
        Workers("cpu")
