"""A run that is killed at any point goes on and ends with the numbers of one that was not."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from vitcourse.data import ImageData, Split
from vitcourse.reference.vit import ViT
from vitcourse.training import checkpoint
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.fit import cross_entropy, fit

ALL_ON = dict(crop=1, flip=True, mixup=0.5, cutmix=1.0, erasing=0.3, label_smoothing=0.1, rand_augment=1, ema=0.9)
CONFIG = TrainConfig(epochs=3, batch_size=16, **ALL_ON)  # 5 steps an epoch, the last one smaller


def tiny_data(n=72, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 3, 8, 8), generator=generator).to(torch.uint8)
    split = Split(images, torch.arange(n) % 3)
    return ImageData("tiny", split, Split(images[:30], split.targets[:30]), ("a", "b", "c"), *torch.full((2, 3), 0.4))


def tiny_model(seed=0, num_heads=2, depth=1):
    """A ViT with dropout behind it, so that the global random state matters."""
    torch.manual_seed(seed)
    sizes = dict(img_size=8, patch_size=4, num_classes=8, embed_dim=16)
    return nn.Sequential(ViT(**sizes, depth=depth, num_heads=num_heads), nn.Dropout(0.2), nn.Linear(8, 3))


def run(checkpoint=None, model=None, config=CONFIG, data=None, **options):
    model = model or tiny_model()
    vars(model)["averaged"] = tiny_model()  # kept beside it, not as a part of it
    options = dict(device="cpu", progress=False, ema_model=model.averaged) | options
    return model, fit(model, data or tiny_data(), config, checkpoint=checkpoint, **options)


class Killed(Exception):
    """Stands for the end of the process where a test needs no real one."""


def killed_after(step, place, config=CONFIG, every=2):
    """Begin a run that ends after so many steps."""

    def stop(done, loss):
        if done == step:
            raise Killed

    with pytest.raises(Killed):
        run(place, config=config, every=every, on_step=stop)


def assert_same(first, second):
    (model, history), (other, other_history) = first, second
    for one, another in ((model, other), (model.averaged, other.averaged)):
        for (name, mine), theirs in zip(one.state_dict().items(), another.state_dict().values(), strict=True):
            assert torch.equal(mine, theirs), name
    for name in ("train_loss", "test_loss", "test_accuracy", "lr", "ema_accuracy"):
        assert getattr(history, name) == getattr(other_history, name), name


@pytest.fixture(scope="module")
def whole():
    """The run that nothing happened to, without checkpoints."""
    return run()


@pytest.mark.parametrize("every", [None, 1, 3])
def test_writing_checkpoints_changes_nothing(whole, tmp_path, every):
    assert_same(whole, run(tmp_path, every=every))
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.before.pt", "checkpoint.pt"]


@pytest.mark.parametrize("step", [1, 2, 4, 5, 6, 9, 11, 15])
def test_a_stopped_run_ends_like_one_that_was_not(whole, tmp_path, step):
    killed_after(step, tmp_path)
    steps = []
    # Other first weights: all that counts comes from the checkpoint, where there is one.
    model = tiny_model(seed=0 if step < 3 else 1)
    assert_same(whole, run(tmp_path, model=model, every=2, on_step=lambda done, loss: steps.append(done)))
    # Checkpoints are after steps 2, 4, 5, 6, 8, 10, 12, 14, 15; the callback stops a step before its checkpoint.
    assert steps[0] == 1 + max([s for s in (0, 2, 4, 5, 6, 8, 10, 12, 14) if s < step])


def test_what_is_compared_would_differ_without_the_saved_random_states(whole, tmp_path, monkeypatch):
    killed_after(8, tmp_path)
    monkeypatch.setattr(checkpoint, "set_random_states", lambda states, device: None)
    with pytest.raises(AssertionError):
        assert_same(whole, run(tmp_path))


def test_half_precision_goes_on_with_its_scale(tmp_path):
    config = replace(CONFIG, precision="fp16")
    killed_after(8, tmp_path, config)
    assert_same(run(tmp_path / "whole", config=config), run(tmp_path, config=config))
    scales = [torch.load(place / "checkpoint.pt")["state"]["scaler"] for place in (tmp_path, tmp_path / "whole")]
    assert scales[0] == scales[1] and scales[0]["_growth_tracker"] > 0  # it counts the steps without an overflow


def test_what_was_done_is_said_and_time_adds_up(tmp_path, capsys):
    killed_after(8, tmp_path)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]
    _, history = run(tmp_path)
    printed = capsys.readouterr().out
    assert f"Going on from {tmp_path / 'checkpoint.pt'}, after epoch 1 of 3 and 1 step of the next." in printed
    assert history.seconds == sorted(history.seconds) and history.seconds[1] > saved["seconds"]


def test_a_finished_run_is_read_back_without_training(whole, tmp_path, capsys):
    run(tmp_path)
    steps = []
    assert_same(whole, run(tmp_path, model=tiny_model(seed=5), on_step=lambda *args: steps.append(args)))
    assert not steps and "is finished" in capsys.readouterr().out


def test_after_ctrl_c_the_same_call_goes_on(whole, tmp_path):
    def press(done, loss):
        if done == 7:
            raise KeyboardInterrupt

    model, history = run(tmp_path, every=1, on_step=press)
    assert history.interrupted
    model, history = again = run(tmp_path, model=model)
    assert not history.interrupted
    assert_same(whole, again)


def other_config(**fields):
    return dict(config=replace(CONFIG, **fields))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (other_config(peak_lr=1e-3), r"another recipe \(peak_lr is 0\.002 there and 0\.001 here\)"),
        (other_config(epochs=4), r"another recipe \(epochs is 3 there and 4 here\)"),
        (other_config(seed=1), r"another recipe \(seed"),
        (dict(model=tiny_model(depth=2)), r"another model \(0\.blocks\.1\..* is absent there"),
        (dict(model=tiny_model(num_heads=4)), r"another model \(0\.blocks\.0\.attn\.num_heads is 2 there and 4 here\)"),
        (dict(model=nn.Sequential(nn.Flatten(), nn.Linear(192, 3))), r"another model"),
        (dict(data=tiny_data(seed=1)), r"another data \(training images' checksum"),
        (dict(data=tiny_data(n=75)), r"another data \(training images is"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, other, words):
    killed_after(8, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(TrainingError, match=words):
        run(tmp_path, **other)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_frozen_weights_make_another_model(tmp_path):
    killed_after(8, tmp_path)
    model = tiny_model()
    model[2].bias.requires_grad = False
    with pytest.raises(TrainingError, match=r"2\.bias is \[3\] float32 there and \[3\] float32 frozen here"):
        run(tmp_path, model=model)


def scaled(model, images, targets, by):
    return by * cross_entropy(model, images, targets)


@dataclass
class Scaled:
    by: float

    def __call__(self, model, images, targets):
        return scaled(model, images, targets, self.by)


@pytest.mark.parametrize("make", [Scaled, lambda by: partial(scaled, by=by)], ids=["object", "partial"])
def test_another_objective_makes_another_run(tmp_path, make):
    run(tmp_path, objective=make(2.0))
    run(tmp_path, objective=make(2.0))
    with pytest.raises(TrainingError, match=r"another recipe \(objective\.by is 2\.0 there and 3\.0 here\)"):
        run(tmp_path, objective=make(3.0))
    with pytest.raises(TrainingError, match=r"another recipe \(objective is [sS]caled there and cross_entropy here\)"):
        run(tmp_path)


def test_a_checkpoint_from_before_there_were_objectives_is_gone_on_with(whole, tmp_path):
    killed_after(8, tmp_path)
    for path in checkpoint.checkpoint_paths(tmp_path):
        saved = torch.load(path, weights_only=True)
        del saved["run"]["recipe"]["objective"]
        torch.save(saved, path)
    assert_same(whole, run(tmp_path))


def tear(path):
    path.write_bytes(path.read_bytes()[:-500])


def foreign(path):
    torch.save(tiny_model().state_dict(), path)


@pytest.mark.parametrize("spoil", [tear, foreign, lambda path: path.write_bytes(b""), Path.unlink])
def test_the_checkpoint_before_it_is_used_when_the_last_one_is_lost(whole, tmp_path, capsys, monkeypatch, spoil):
    killed_after(8, tmp_path)
    spoil(tmp_path / "checkpoint.pt")
    real, calls = os.replace, []

    def deadly(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):  # a lost file never takes the good one's place
        patch.setattr(os, "replace", deadly)
        run(tmp_path, every=1)
    assert ("cannot be read" in capsys.readouterr().out) == (spoil is not Path.unlink)
    assert_same(whole, run(tmp_path, model=tiny_model(seed=1)))


def test_with_nothing_to_read_the_run_stops_and_says_so(tmp_path):
    killed_after(8, tmp_path)
    for name in ("checkpoint.pt", "checkpoint.before.pt"):
        tear(tmp_path / name)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be read .*delete it to start the run anew"):
        run(tmp_path)


class Payload:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def test_a_checkpoint_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": checkpoint.FORMAT, "run": {}, "state": Payload()}, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match="cannot be read"):
        run(tmp_path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.skipif(os.name == "nt", reason="a limit on file sizes is a thing of Unix")
def test_a_full_disk_is_said_once_and_training_goes_on(whole, tmp_path, capsys):
    import resource

    killed_after(8, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))  # the system itself refuses to write more
    try:
        assert_same(whole, run(tmp_path, every=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    printed = capsys.readouterr().out
    assert printed.count(f"Cannot write into {tmp_path}") == 1 and "Training goes on" in printed
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_place_that_cannot_be_is_said_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="Cannot write into"):
        run(tmp_path / "file" / "below")
    for every in (0, -1, 2.5, True):
        with pytest.raises(TrainingError, match="every must be a number of steps"):
            run(tmp_path, every=every)


def test_a_path_that_ends_in_pt_is_the_file_itself(tmp_path):
    run(tmp_path / "mine.pt")
    assert sorted(os.listdir(tmp_path)) == ["mine.before.pt", "mine.pt"]


def test_a_nan_is_never_kept(tmp_path):
    place = tmp_path / "run"
    killed_after(8, place)
    before = (place / "checkpoint.pt").read_bytes()
    model = tiny_model()
    handle = model[2].register_forward_hook(lambda module, args, logits: logits * float("nan"))
    with pytest.raises(TrainingError, match="not a finite number at step 7"):
        run(place, model=model, every=1)
    handle.remove()
    assert (place / "checkpoint.pt").read_bytes() == before


# The real thing: processes that SIGKILL ends at random points, and at the worst ones. A point is a number of Python's
# calls and returns, and no time: a busy machine gets as far as an idle one. All are forks of one process, so that torch
# is loaded once.
KILLER = """
import itertools, json, os, random, signal, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import tests.training.test_checkpoint as t

place, rng = Path(sys.argv[2]), random.Random(0)
# Some modules are only loaded when they are used, and take seconds: here, not in every fork.
import torch.utils.serialization, torchvision.transforms.v2
weight = torch.nn.Parameter(torch.zeros(1))
weight.grad = torch.zeros(1)
torch.optim.AdamW([weight]).step()

def begin(name, *args, die_at=None, **options):
    pid = os.fork()
    if pid:
        return pid
    events = itertools.count(1)

    def count(frame, event, argument):
        if next(events) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.setprofile(count)
        model, history = t.run(*args, **options)
        sys.setprofile(None)
        (place / "events").write_text(str(next(events)))
        parts = (history.train_loss, history.test_loss, history.test_accuracy, history.lr)
        weights = [p.detach().numpy().tobytes().hex() for p in [*model.parameters(), *model.averaged.parameters()]]
        (place / name).write_text(json.dumps([*parts, weights]))
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)

def end(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def steps_on_disk(folder):
    for path in t.checkpoint.checkpoint_paths(folder):
        if path.exists():
            state = torch.load(path, weights_only=True)["state"]
            return state["epoch"] * 5 + state["step"]
    return 0

assert end(begin("whole")) == 0
assert end(begin("counted", place / "run-counted", every=1)) == 0
events = int((place / "events").read_text())
statuses, places = [], []
for trial in range(3):  # at random points, several times in each run
    folder = place / f"run{trial}"
    for _ in range(6):
        statuses.append(end(begin(f"random{trial}", folder, every=1, die_at=rng.randrange(1, events // 2))))
        places.append(steps_on_disk(folder))
    statuses.append(end(begin(f"random{trial}", folder, every=1)))

def at_worst(function, count):
    # Dies inside the writing of a checkpoint: before or after the count-th call of a function.
    real, calls = getattr(os, function), []
    def deadly(*args):
        calls.append(1)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    return real, deadly

for function, count in [("fsync", 1), ("fsync", 5), ("replace", 1), ("replace", 4), ("replace", 7)]:
    folder = place / f"{function}{count}"
    real, deadly = at_worst(function, count)
    setattr(os, function, deadly)
    pid = begin(f"worst-{function}{count}", folder, every=1)
    setattr(os, function, real)
    assert end(pid) == -9
    assert end(begin(f"worst-{function}{count}", folder, every=1)) == 0
(place / "events").unlink()
print(json.dumps([statuses, places]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_runs_killed_at_random_points_end_bit_identical(tmp_path):
    command = [sys.executable, "-c", KILLER, str(Path(__file__).parents[2]), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    statuses, places = json.loads(done.stdout.splitlines()[-1])
    assert statuses.count(-9) >= 3, statuses  # of 18 tries; the others came when the run was done
    assert set(statuses) <= {0, -9}, done.stderr
    assert len(set(places) - {0, 15}) >= 2, places  # steps that were on disk when a process was killed
    results = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert len(results) == 10
    assert [name for name, result in results.items() if result != results["whole"]] == []
    left = [path.name for path in tmp_path.rglob("*.tmp")]
    assert left == []
