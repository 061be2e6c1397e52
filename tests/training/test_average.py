"""The averaged weights are the average that is promised, and are measured without harm to the trained ones."""

import copy

import pytest
import torch
from torch import nn

from vitcourse.data import ImageData, Split
from vitcourse.training.average import make_average
from vitcourse.training.config import History, TrainConfig, TrainingError
from vitcourse.training.evaluate import evaluate
from vitcourse.training.fit import fit


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (90, 3, 4, 4), generator=generator).to(torch.uint8)
    split = Split(images, (images[:, 0].float().mean((1, 2)) > 128).long())
    return ImageData("tiny", split, split, ("dark", "bright"), torch.full((3,), 0.5), torch.full((3,), 0.25))


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 2))


def test_the_average_is_the_one_that_is_written():
    model, values = nn.Linear(1, 1, bias=False), [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0, 5.0, 3.0]
    average = make_average(model, 0.5)
    expected = values[0]
    for t, value in enumerate(values):
        nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        decay = min(0.5, (1 + t) / (10 + t)) if t else 0.0  # reaches 0.5 at t = 8
        expected = decay * expected + (1 - decay) * value
    assert average.module.weight.item() == pytest.approx(expected, rel=1e-6)
    assert model.weight.item() == 3.0


def test_buffers_are_the_models_own():
    model = nn.BatchNorm1d(2)
    average = make_average(model, 0.9)
    for _ in range(3):
        model(torch.randn(8, 2))
        average.update_parameters(model)
    assert torch.equal(average.module.running_mean, model.running_mean) and model.running_mean.any()


def test_fit_measures_both_and_hands_the_average_over(data, capsys):
    config = TrainConfig(epochs=4, batch_size=10, ema=0.8, precision="fp32")
    model, plain, averaged = linear(), linear(), linear()
    history = fit(model, data, config, device="cpu", ema_model=averaged)
    without = fit(plain, data, TrainConfig(epochs=4, batch_size=10, precision="fp32"), device="cpu", progress=False)
    assert torch.equal(model[1].weight, plain[1].weight) and history.test_loss == without.test_loss  # changes nothing
    assert without.ema_accuracy == [] and len(history.ema_accuracy) == 4
    assert evaluate(averaged, data.test, data, precision="fp32")[1] == history.ema_accuracy[-1]
    assert not torch.equal(averaged[1].weight, model[1].weight)
    assert f"(averaged weights {history.ema_accuracy[-1]:.1%})" in capsys.readouterr().out.splitlines()[-1]
    assert History.from_json(history.to_json()) == history


def test_a_slow_average_stays_behind_and_a_warmed_up_one_is_not_the_start(data):
    model, averaged = linear(), linear()
    start = copy.deepcopy(model)
    fit(model, data, TrainConfig(epochs=2, batch_size=10, ema=0.999), device="cpu", progress=False, ema_model=averaged)
    way = [(m[1].weight - start[1].weight).norm() for m in (averaged, model)]
    assert 0.2 * way[1] < way[0] < way[1]  # without the warming up it would have made 2 % of the way


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan")])
def test_a_decay_out_of_range_is_said(decay):
    with pytest.raises(TrainingError, match="ema must be"):
        TrainConfig(ema=decay)
