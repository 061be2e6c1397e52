"""fit must train, be repeatable, equal the plain loop, and say in words what went wrong."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from vitcourse.data import ImageData, Split
from vitcourse.data.batches import Batches
from vitcourse.reference.recipe import train_one_epoch
from vitcourse.reference.vit import ViT
from vitcourse.training.config import History, TrainConfig, TrainingError
from vitcourse.training.evaluate import confusion_matrix, evaluate, predict
from vitcourse.training.fit import cross_entropy, fit
from vitcourse.training.optimizers import make_optimizer
from vitcourse.training.schedule import schedule

CLASSES = ("dark", "bright", "red")


def tiny_data(n=96, size=8):
    """Images whose mean colour is their class: easy to learn in a few steps."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(n) % 3
    images = torch.randint(0, 60, (n, 3, size, size), generator=generator)
    images += torch.where(targets == 1, 180, 0)[:, None, None, None]
    images[:, 0] += torch.where(targets == 2, 180, 0)[:, None, None]
    split = Split(images.to(torch.uint8), targets)
    test = Split(split.images[:30], split.targets[:30])
    return ImageData("tiny", split, test, CLASSES, torch.full((3,), 0.3), torch.full((3,), 0.25))


def tiny_vit(seed=0):
    torch.manual_seed(seed)
    return ViT(img_size=8, patch_size=4, num_classes=3, embed_dim=16, depth=1, num_heads=2)


@pytest.fixture(scope="module")
def data():
    return tiny_data()


ALL_ON = dict(crop=1, flip=True, mixup=0.5, cutmix=1.0, erasing=0.3, label_smoothing=0.1, rand_augment=1)


def test_fit_learns_and_reports_every_epoch(data, capsys):
    history = fit(tiny_vit(), data, TrainConfig(epochs=4, batch_size=16))
    assert history.test_accuracy[-1] > 0.9  # chance is 0.33
    assert len(history) == 4 and history.train_loss[-1] < history.train_loss[0]
    assert history.seconds == sorted(history.seconds) and not history.interrupted
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]


def test_same_seed_same_losses_other_seed_others(data):
    config = dict(epochs=2, batch_size=20, **ALL_ON)
    first, again = (fit(tiny_vit(), data, TrainConfig(**config), progress=False) for _ in range(2))
    other = fit(tiny_vit(), data, TrainConfig(**config, seed=1), progress=False)
    assert first.train_loss == again.train_loss and first.test_loss == again.test_loss
    assert first.train_loss != other.train_loss


def test_fit_seeds_dropout_and_leaves_the_callers_random_state(data):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(192, 3))
    start = {name: value.clone() for name, value in model.state_dict().items()}
    losses = []
    for noise in (1, 2):
        model.load_state_dict(start)
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        losses.append(fit(model, data, TrainConfig(epochs=1), progress=False).train_loss)
        assert torch.equal(before, torch.get_rng_state())
    assert losses[0] == losses[1]


@pytest.mark.parametrize("augment", [{}, ALL_ON], ids=["plain", "augmented"])
def test_fit_equals_the_loop_of_lab_05(data, augment):
    config = TrainConfig(epochs=3, batch_size=20, precision="fp32", **augment)
    model, by_hand = tiny_vit(), tiny_vit()
    history = fit(model, data, config, device="cpu", progress=False)
    optimizer = make_optimizer(by_hand, config)
    steps = len(Batches(data.train, data, config))
    lr_at, losses = schedule(config, steps), []
    for epoch in range(3):
        batches = Batches(data.train, data, config, epoch=epoch)
        losses.append(train_one_epoch(by_hand, batches, optimizer, lr_at, epoch * steps, config.max_norm))
    assert history.train_loss == pytest.approx(losses, rel=1e-6)
    for mine, theirs in zip(model.parameters(), by_hand.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_an_objective_takes_the_place_of_the_cross_entropy(data):
    """Two outputs in training and one in evaluation, as a distilled model has."""

    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.other = nn.Linear(192, 3), nn.Linear(192, 3)

        def forward(self, images):
            both = self.head(images.flatten(1)), self.other(images.flatten(1))
            return both if self.training else (both[0] + both[1]) / 2

    seen = []

    def objective(model, images, targets):
        seen.append((images.shape, images.dtype, targets.shape))
        first, second = model(images)
        return (cross_entropy(lambda _: first, images, targets) + second.square().mean()) / 2

    torch.manual_seed(0)
    model, config = TwoHeads(), TrainConfig(epochs=3, batch_size=50, precision="fp32")
    before = model.other.weight.norm()
    history = fit(model, data, config, device="cpu", progress=False, objective=objective)
    assert history.test_loss[-1] < history.test_loss[0] and model.other.weight.norm() < before
    shapes = [((n, 3, 8, 8), torch.float32, (n, 3)) for n in (50, 46)]
    assert seen == shapes * 3


def test_any_model_of_images_to_logits_will_do(data):
    history = fit(nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), data, TrainConfig(epochs=2), progress=False)
    assert history.test_loss[1] < history.test_loss[0]


@pytest.mark.parametrize(
    ("forced", "own", "used"), [("bf16", None, "bf16"), ("fp16", None, "fp16"), ("bf16", "fp32", "fp32")]
)
def test_the_environment_s_precision_trains_and_measures_unless_the_recipe_names_one(
    data, monkeypatch, forced, own, used
):
    monkeypatch.setenv("VITCOURSE_PRECISION", forced)
    seen, model = set(), tiny_vit()
    model.head.register_forward_hook(lambda layer, inputs, logits: seen.add((layer.training, logits.dtype)))
    fit(model, data, TrainConfig(epochs=1, precision=own), device="cpu", progress=False)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[used]
    assert seen == {(True, dtype), (False, dtype)}


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_too(data, precision):
    history = fit(tiny_vit(), data, TrainConfig(epochs=3, batch_size=16, precision=precision), progress=False)
    assert all(math.isfinite(loss) for loss in history.train_loss) and history.test_accuracy[-1] > 0.6


def test_callbacks_see_every_epoch_and_step(data):
    epochs, steps = [], []
    fit(
        tiny_vit(),
        data,
        TrainConfig(epochs=2, batch_size=40),
        progress=False,
        on_epoch=lambda history: epochs.append(len(history)),
        on_step=lambda step, loss: steps.append((step, loss.shape)),
    )
    assert epochs == [1, 2] and steps == [(step, ()) for step in range(1, 7)]


class BreaksAt(nn.Module):
    """Linear until its n-th training batch, then `accident` happens."""

    def __init__(self, at, accident):
        super().__init__()
        self.linear, self.at, self.accident, self.calls = nn.Linear(192, 3), at, accident, 0

    def forward(self, images):
        logits = self.linear(images.flatten(1))
        if self.training:
            self.calls += 1
            if self.calls == self.at:
                return self.accident(logits)
        return logits


def raises(error):
    def accident(logits):
        raise error

    return accident


def test_a_nan_loss_names_the_step_and_the_likely_cause(data):
    config = TrainConfig(epochs=3, batch_size=40)  # three steps an epoch
    with pytest.raises(TrainingError, match=r"at step 5, .*learning rate .* too high"):
        fit(BreaksAt(5, lambda logits: logits * math.nan), data, config, progress=False)
    with pytest.raises(TrainingError, match=r"at step 1, .*before anything was learned"):
        fit(BreaksAt(1, lambda logits: logits / 0), data, config, progress=False)


def test_ctrl_c_keeps_what_was_learned(data, capsys):
    config = TrainConfig(epochs=5, batch_size=40)
    model = BreaksAt(8, raises(KeyboardInterrupt()))
    start = model.linear.weight.clone()
    history = fit(model, data, config)
    assert history.interrupted and len(history) == 2
    assert not torch.equal(model.linear.weight, start)
    assert "Stopped in epoch 3 of 5" in capsys.readouterr().out


def test_other_errors_of_the_model_come_through_unchanged(data):
    with pytest.raises(RuntimeError, match="mine"):
        fit(BreaksAt(2, raises(RuntimeError("mine"))), data, TrainConfig(epochs=1, batch_size=40), progress=False)


def test_no_images_is_said(data):
    empty = ImageData(
        "e", Split(data.train.images[:0], data.train.targets[:0]), data.test, CLASSES, data.mean, data.std
    )
    with pytest.raises(TrainingError, match="no training images"):
        fit(tiny_vit(), empty, TrainConfig())


def test_training_batches_cover_every_image_once_in_an_order_of_their_own(data):
    config = TrainConfig(batch_size=40)
    marked = ImageData(
        "m",
        Split(torch.arange(96).to(torch.uint8).reshape(96, 1, 1, 1).expand(96, 3, 2, 2), torch.zeros(96).long()),
        data.test,
        CLASSES,
        torch.zeros(3),
        torch.ones(3),
    )

    def order(epoch):
        batches = list(Batches(marked.train, marked, config, epoch=epoch))
        assert len(batches) == 3 == len(Batches(marked.train, marked, config))
        return [round(x) for images, _ in batches for x in (images[:, 0, 0, 0] * 255).tolist()]

    torch.manual_seed(1)
    first = order(0)
    torch.manual_seed(2)
    assert sorted(first) == list(range(96)) and first != sorted(first)
    assert order(0) == first and order(1) != first


def test_targets_are_smoothed_once_and_stay_distributions(data):
    smooth = next(iter(Batches(data.train, data, TrainConfig(label_smoothing=0.3))))[1]
    assert smooth.amax(1) == pytest.approx([0.8] * 96) and smooth.amin(1) == pytest.approx([0.1] * 96)
    for mix in (dict(mixup=1.0), dict(cutmix=1.0)):
        images, targets = next(iter(Batches(data.train, data, TrainConfig(label_smoothing=0.3, **mix))))
        assert targets.sum(1) == pytest.approx([1.0] * 96) and targets.min() == pytest.approx(0.1)
        assert ((targets > 0.11) & (targets < 0.79)).any()  # something was mixed


def test_mixing_ends_at_its_share_of_the_run(data):
    config = TrainConfig(epochs=3, batch_size=20, mixup=1.0, mix_until=0.6)  # 5 steps an epoch, 9 of 15 mixed

    def is_mixed(config, epoch):
        return [bool((targets.amax(1) < 1).any()) for _, targets in Batches(data.train, data, config, epoch=epoch)]

    assert [is_mixed(config, epoch) for epoch in range(3)] == [[True] * 5, [True] * 4 + [False], [False] * 5]
    assert is_mixed(replace(config, mix_until=1.0), 2) == [True] * 5
    assert is_mixed(replace(config, mix_until=0.0), 0) == [False] * 5


def test_the_linear_schedule_is_a_straight_line_to_the_final_rate():
    config = TrainConfig(epochs=2, peak_lr=1.0, final_lr=0.1, warmup=0.2, schedule="linear")
    lr_at = schedule(config, steps_per_epoch=10)
    assert [lr_at(step) for step in (0, 1, 3, 4)] == [0.25, 0.5, 1.0, 1.0]
    falls = [lr_at(step) - lr_at(step + 1) for step in range(4, 19)]
    assert falls == pytest.approx([0.9 / 16] * 15) and lr_at(19) == pytest.approx(0.1 + 0.9 / 16)
    assert schedule(replace(config, warmup=0.0), 10)(0) == 1.0
    cosine = schedule(replace(config, schedule="cosine"), 10)
    assert cosine(4) == 1.0 and abs(cosine(8) - lr_at(8)) > 0.05


def test_test_batches_are_the_images_in_order_only_normalised(data):
    config = TrainConfig(batch_size=40, **ALL_ON)
    images, targets = (torch.cat(part) for part in zip(*Batches(data.test, data, config, train=False), strict=True))
    expected = (data.test.images / 255 - 0.3) / 0.25
    assert torch.allclose(images, expected, atol=1e-5) and torch.equal(targets.argmax(1), data.test.targets)
    assert targets.max() == 1


def test_evaluate_and_predict_agree_and_leave_the_mode_alone(data):
    model = tiny_vit().train()
    logits = predict(model, data.test, data, batch_size=7)
    loss, accuracy = evaluate(model, data.test, data)
    assert model.training and logits.shape == (30, 3) and not logits.requires_grad
    assert accuracy == pytest.approx((logits.argmax(1) == data.test.targets).float().mean().item())
    assert loss == pytest.approx(nn.functional.cross_entropy(logits, data.test.targets).item(), rel=1e-5)


def test_confusions_count_truth_down_and_prediction_across():
    matrix = confusion_matrix(torch.tensor([0, 0, 1, 2]), torch.tensor([0, 2, 1, 2]), 3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    "wrong",
    [
        dict(epochs=0),
        dict(batch_size=-1),
        dict(warmup=1.5),
        dict(mix_until=-0.1),
        dict(peak_lr=math.nan),
        dict(precision="int8"),
        dict(schedule="step"),
        dict(optimizer="sgd"),
    ],
)
def test_config_names_the_field_that_is_wrong(wrong):
    with pytest.raises(TrainingError, match=next(iter(wrong))):
        TrainConfig(**wrong)


def test_history_survives_json():
    history = History(epochs=3)
    history.add(train_loss=1.5, test_loss=1.2, test_accuracy=0.5, lr=0.1, seconds=2.0)
    assert History.from_json(history.to_json()) == history
