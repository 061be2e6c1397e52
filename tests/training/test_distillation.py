"""A student learns from a teacher that stays as it is; `train --model deit` makes, keeps and counts that teacher."""

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from vitcourse import cli
from vitcourse.data import load_data
from vitcourse.data.batches import Batches, repeat_images
from vitcourse.reference.deit import ConvTeacher, DistilledViT, hard_distillation_loss, soft_distillation_loss
from vitcourse.reference.vit import ViT
from vitcourse.runs.run import load_run
from vitcourse.runs.teacher import Renormalize
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.distillation import Distillation
from vitcourse.training.evaluate import evaluate
from vitcourse.training.fit import fit

SMALL = dict(img_size=16, patch_size=8, num_classes=10, embed_dim=16, depth=1, num_heads=2)
OPTIONS = ["--data", "shapes", "--train-size", "120", "--test-size", "30", "--epochs", "3", "--device", "cpu"]
OPTIONS += ["--embed-dim", "16", "--depth", "1", "--num-heads", "2", "--batch-size", "40", "--img-size", "16"]


@pytest.fixture(scope="module")
def data():
    return load_data("shapes", train_size=100, test_size=40, img_size=16)


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    return ConvTeacher(width=4)


@pytest.mark.parametrize("loss", [hard_distillation_loss, soft_distillation_loss])
@pytest.mark.parametrize("student", [DistilledViT, ViT])
def test_a_student_learns_and_its_teacher_stays_as_it_is(data, teacher, student, loss):
    before = copy.deepcopy(teacher.state_dict())
    torch.manual_seed(0)
    model = student(**SMALL)
    old = copy.deepcopy(model.state_dict())
    teacher.train()
    history = fit(
        model,
        data,
        TrainConfig(epochs=2, batch_size=50),
        device="cpu",
        progress=False,
        objective=Distillation(teacher, loss),
    )
    assert len(history) == 2
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())  # statistics too
    assert all(not torch.equal(value, old[name]) for name, value in model.state_dict().items())


def test_the_objective_is_the_loss_of_what_student_and_teacher_say(teacher):
    torch.manual_seed(1)
    model, images = DistilledViT(**SMALL), torch.randn(5, 3, 16, 16)
    targets = torch.randn(5, 10).softmax(dim=1)
    said = teacher.eval()(images)
    cls, dist = model(images)
    for objective, wanted in (
        (Distillation(teacher), hard_distillation_loss(cls, dist, said, targets)),
        (
            Distillation(teacher, soft_distillation_loss, temperature=2.0, alpha=0.7),
            soft_distillation_loss(cls, dist, said, targets, 2.0, 0.7),
        ),
    ):
        torch.testing.assert_close(objective(model, images, targets), wanted)
    logits = (alone := ViT(**SMALL))(images)
    torch.testing.assert_close(
        Distillation(teacher)(alone, images, targets), hard_distillation_loss(logits, logits, said, targets)
    )
    with pytest.raises(TypeError, match="temprature"):
        Distillation(teacher, soft_distillation_loss, temprature=2.0)


def test_a_checkpoint_knows_its_teacher_and_its_loss(data, teacher, tmp_path):
    config, model = TrainConfig(epochs=1, batch_size=50), partial(DistilledViT, **SMALL)
    run = partial(fit, data=data, config=config, device="cpu", progress=False, checkpoint=tmp_path)
    run(model(), objective=Distillation(teacher))
    run(model(), objective=Distillation(copy.deepcopy(teacher)))  # the same again
    with pytest.raises(TrainingError, match="said"):
        run(model(), objective=Distillation(teacher, soft_distillation_loss))
    torch.manual_seed(5)
    with pytest.raises(TrainingError, match="checksum"):
        run(model(), objective=Distillation(ConvTeacher(width=4)))


@pytest.mark.parametrize(("count", "times"), [(12, 3), (10, 3), (7, 1), (2, 3)])
def test_repeated_augmentation_keeps_the_length_and_repeats_in_a_row(count, times):
    order = torch.randperm(count)
    repeated = repeat_images(order, times)
    assert len(repeated) == count
    assert repeated.tolist() == [i for i in order.tolist() for _ in range(times)][:count]


def test_batches_hold_several_versions_of_an_image_and_an_epoch_keeps_its_length(data):
    config = TrainConfig(batch_size=30, crop=4, flip=True, repeats=3)
    marked = replace(data, train=replace(data.train, targets=torch.arange(100)), classes=tuple(map(str, range(100))))
    batches = list(Batches(marked.train, marked, config))
    assert [len(images) for images, _ in batches] == [30, 30, 30, 10]
    images, targets = batches[0]
    numbers = targets.argmax(dim=1)
    assert (numbers.bincount(minlength=100)[numbers] == 3).all()
    assert not torch.equal(images[0], images[1]) and numbers[0] == numbers[1]
    with pytest.raises(TrainingError, match="repeats"):
        TrainConfig(repeats=0)


def test_renormalize_gives_a_teacher_the_images_it_knows(data):
    other = replace(data, mean=data.mean + 0.1, std=2 * data.std)
    pixels = torch.rand(2, 3, 4, 4)
    normal = [(pixels - d.mean.reshape(-1, 1, 1)) / d.std.reshape(-1, 1, 1) for d in (data, other)]
    torch.testing.assert_close(Renormalize(data, other)(normal[0]), normal[1])


def train(*options):
    return cli.main(["train", *map(str, options)])


def test_train_model_deit_trains_a_teacher_first_and_counts_its_time(tmp_path, capsys):
    assert train(*OPTIONS, "--model", "deit", "--out", tmp_path / "run") == 0
    said = capsys.readouterr().out
    assert said.index("teacher     CNN") < said.index("teacher     test accuracy") < said.index("result")
    assert "before it began to train" in said
    run, taught = load_run(tmp_path / "run"), load_run(tmp_path / "run" / "teacher")
    assert (
        isinstance(run.model, DistilledViT)
        and run.kind == "deit"
        and run.model(torch.zeros(1, 3, 16, 16)).shape == (1, 10)
    )
    assert isinstance(taught.model, ConvTeacher) and len(taught.history) == 2 and len(run.history) == 3
    assert not list((tmp_path / "run").rglob("checkpoint*"))

    # another student of the same teacher, which is copied: the first run may go
    assert train(*OPTIONS, "--model", "deit", "--out", tmp_path / "two", "--teacher", tmp_path / "run" / "teacher") == 0
    copied = load_run(tmp_path / "two" / "teacher").model.state_dict()
    assert all(torch.equal(value, copied[name]) for name, value in taught.model.state_dict().items())
    two = load_run(tmp_path / "two").model.state_dict()
    assert all(torch.equal(value, two[name]) for name, value in run.model.state_dict().items())


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", [4, 9])  # of 6 steps of the teacher and 9 of the student
def test_a_killed_run_goes_on_in_teacher_or_student_and_ends_the_same(step, tmp_path, monkeypatch):
    options = [*OPTIONS, "--model", "deit", "--checkpoint-every", "1"]
    assert train(*options, "--out", tmp_path / "whole") == 0
    with monkeypatch.context() as patch:
        steps = []

        def due(self):
            steps.append(1)
            if len(steps) == step:
                raise Killed
            return False

        patch.setattr("vitcourse.training.progress.Progress.due", due)
        with pytest.raises(Killed):
            train(*options, "--out", tmp_path / "run")
    assert (tmp_path / "run" / "teacher" / "model.pt").is_file() == (step > 6)
    assert train("--resume", tmp_path / "run") == 0
    for place in ("", "teacher"):
        whole, run = (load_run(tmp_path / name / place) for name in ("whole", "run"))
        assert run.history.train_loss == whole.history.train_loss
        assert all(torch.equal(value, run.model.state_dict()[name]) for name, value in whole.model.state_dict().items())


def test_a_teacher_that_does_not_fit_is_refused_in_a_sentence(tmp_path, capsys):
    assert train(*OPTIONS, "--model", "vit", "--epochs", 1, "--out", tmp_path / "vit") == 0
    options = ["--model", "deit", "--teacher", tmp_path / "vit"]
    assert train(*OPTIONS, *options, "--img-size", 32, "--out", tmp_path / "run") == 1
    assert "The teacher cannot take these images of 32×32 pixels" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert train(*OPTIONS, "--model", "deit", "--teacher", tmp_path / "none", "--out", tmp_path / "run") == 1
    assert "it is not a saved run" in capsys.readouterr().err
    assert train(*OPTIONS, "--model", "vit", "--teacher", tmp_path / "vit", "--out", tmp_path / "run") == 1
    assert "ViT takes no teacher" in capsys.readouterr().err


def test_a_vit_can_teach(tmp_path):
    assert train(*OPTIONS, "--out", tmp_path / "vit", "--epochs", 1) == 0
    assert (
        train(*OPTIONS, "--model", "deit", "--teacher", tmp_path / "vit", "--out", tmp_path / "run", "--epochs", 1) == 0
    )
    assert isinstance(load_run(tmp_path / "run" / "teacher").model, nn.Module)


def test_a_saved_student_does_in_evaluation_what_it_did(tmp_path):
    assert train(*OPTIONS, "--model", "deit", "--out", tmp_path / "run") == 0
    run = load_run(tmp_path / "run")
    data = load_data("shapes", train_size=120, test_size=30, img_size=16)
    assert evaluate(run.model, data.test, data)[1] == pytest.approx(run.history.test_accuracy[-1], abs=1e-6)
