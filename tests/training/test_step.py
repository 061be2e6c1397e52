"""A step gives the same gradients in parts as whole, waits for no device, and can do without a compiler."""

from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.training.test_fit import ALL_ON, tiny_data, tiny_vit
from vitcourse.data import ImageData, Split, augment
from vitcourse.data.batches import Batches
from vitcourse.training import step
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.fit import fit

CONFIG = TrainConfig(epochs=2, batch_size=20, precision="fp32", **ALL_ON, ema=0.9)  # 96 images: the last batch has 16
ERRORS = [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]


@pytest.fixture(scope="module")
def data():
    return tiny_data()


class Small(nn.Module):
    """A model on a machine that has room for so many images."""

    def __init__(self, room, error=ERRORS[0]):
        super().__init__()
        self.vit, self.room, self.error, self.most, self.calls = tiny_vit(), room, error, 0, Counter()

    def forward(self, images):
        self.calls[self.training, len(images)] += 1
        if self.training and len(images) > self.room:
            raise self.error
        return self.vit(images)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_close(first, second):
    for (name, mine), theirs in zip(first.items(), second.values(), strict=True):
        assert torch.allclose(mine, theirs, atol=2e-5), name


@pytest.fixture(scope="module")
def whole(data):
    model = Small(1000)
    return fit(model, data, CONFIG, device="cpu", progress=False), weights(model)


@pytest.mark.parametrize("error", ERRORS, ids=["gpu", "cpu"])
@pytest.mark.parametrize(("room", "parts"), [(19, 2), (7, 4), (1, 32)])
def test_a_batch_that_does_not_fit_goes_through_in_parts(data, whole, capsys, error, room, parts):
    model = Small(room, error)
    history = fit(model, data, CONFIG, device="cpu", progress=False)
    assert history.train_loss == pytest.approx(whole[0].train_loss, rel=1e-5)
    assert history.test_loss == pytest.approx(whole[0].test_loss, rel=1e-4)
    assert_close(weights(model), whole[1])
    said = [line for line in capsys.readouterr().out.splitlines() if "Out of memory" in line]
    assert len(said) == parts.bit_length() - 1 and f"in {parts} parts" in said[-1]
    failed = sum(count for (training, size), count in model.calls.items() if training and size > room)
    assert failed == len(said)  # it is not tried again at every step


def test_not_even_one_image_fits(data):
    with pytest.raises(TrainingError, match="one image at a time: use a smaller model"):
        fit(Small(0), data, CONFIG, device="cpu", progress=False)


def test_an_evaluation_takes_as_many_images_as_fit(data, whole):
    model, sizes = Small(1000), []

    def forward(images):
        sizes.append(len(images))
        if not model.training and len(images) > 8:
            raise ERRORS[0]
        return model.vit(images)

    model.forward = forward
    assert fit(model, data, CONFIG, device="cpu", progress=False).test_loss == pytest.approx(whole[0].test_loss)
    assert sizes[5:12] == [30, 20, 10, 5, 5, 5, 5]  # 40 at a time, of which there are 30; then 20, 10, 5

    model.forward = lambda images: model.vit(images) if model.training else forward_without_room()
    with pytest.raises(TrainingError, match="out of memory"):
        fit(model, data, CONFIG, device="cpu", progress=False)


def forward_without_room():
    raise ERRORS[0]


def test_batches_that_cannot_even_be_made_say_which_size_to_try(data, monkeypatch):
    monkeypatch.setattr(Batches, "_batch", lambda *_: forward_without_room())
    with pytest.raises(TrainingError, match="batch_size 20: try batch_size 10"):
        fit(tiny_vit(), data, CONFIG, device="cpu", progress=False)


def test_a_try_that_failed_leaves_no_trace_in_the_random_state(data, monkeypatch):
    states, errors = [], [ERRORS[0]]

    def backward(self, images, targets, weight, real=step.Stepper._backward):
        states.append(torch.get_rng_state())
        return real(self, images, targets, weight)

    def objective(model, images, targets):
        loss = model(images).sum() * torch.rand(())  # as dropout draws
        if errors:
            raise errors.pop()
        return loss

    monkeypatch.setattr(step.Stepper, "_backward", backward)
    fit(tiny_vit(), data, replace(CONFIG, epochs=1), device="cpu", progress=False, objective=objective)
    assert torch.equal(states[0], states[1]) and not torch.equal(states[1], states[2])


def test_a_run_in_parts_goes_on_in_parts(data, tmp_path):
    whole_model = Small(7)
    fit(whole_model, data, CONFIG, device="cpu", progress=False)

    def stop(done, loss):
        if done == 6:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(Small(7), data, CONFIG, device="cpu", progress=False, checkpoint=tmp_path, every=1, on_step=stop)
    model = Small(7)
    fit(model, data, CONFIG, device="cpu", progress=False, checkpoint=tmp_path)
    assert max(size for training, size in model.calls if training) <= 7
    for (name, mine), theirs in zip(weights(model).items(), weights(whole_model).values(), strict=True):
        assert torch.equal(mine, theirs), name


class Waits:
    """Counts what makes the CPU wait for a GPU: values brought over, and shapes that depend on values."""

    CALLS = ("tolist", "cpu", "numpy")  # nothing is left of these below, where a tensor is on the CPU already
    OPERATIONS = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2")

    def __init__(self):
        self.found, self.on = Counter(), False

    def count(self, name):
        self.found[name] += self.on

    @contextmanager
    def watching(self, on=True):
        before, self.on = self.on, on
        yield
        self.on = before

    def __enter__(self):
        waits = self

        class Calls(TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                if getattr(function, "__name__", "") in waits.CALLS:
                    waits.count(function.__name__)
                return function(*args, **(kwargs or {}))

        class Operations(TorchDispatchMode):
            def __torch_dispatch__(self, function, types, args=(), kwargs=None):
                name = function.name().removeprefix("aten::").split(".")[0]
                index = args[1] if name in ("index", "index_put_") else ()
                if name in waits.OPERATIONS or any(i is not None and i.dtype == torch.bool for i in index):
                    waits.count(name)
                return function(*args, **(kwargs or {}))

        self.stack = ExitStack()
        self.stack.enter_context(Calls())
        self.stack.enter_context(Operations())
        return self

    def __exit__(self, *error):
        self.stack.close()

    def inside(self, function, on=True):
        """The function, counted or not."""

        def watched(*args, **options):
            with self.watching(on):
                return function(*args, **options)

        return watched


def test_what_waits_is_seen():
    x = torch.ones(3)
    for wait in (x.sum().item, x.nonzero, x.tolist, x.cpu, lambda: x[x > 0], lambda: bool(x[0] > 0), lambda: int(x[1])):
        with Waits() as waits, waits.watching():
            wait()
        assert sum(waits.found.values()) == 1, wait


def noting(function, drawn_by):
    """The function, which notes its last argument: a generator."""

    def noted(*args):
        drawn_by.append(args[-1])
        return function(*args)

    return noted


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_no_step_waits_for_the_device(data, precision, monkeypatch):
    monkeypatch.setattr("vitcourse.training.progress.Progress.due", lambda self: False)
    steps, drawn_by = [], []
    for name in ("random_box", "rand_augment"):
        monkeypatch.setattr(augment, name, noting(getattr(augment, name), drawn_by))
    with Waits() as waits:
        monkeypatch.setattr(step.Stepper, "__call__", waits.inside(step.Stepper.__call__))
        monkeypatch.setattr(Batches, "_batch", waits.inside(Batches._batch))
        # What is drawn by the CPU's generator is on the CPU, on every device.
        monkeypatch.setattr(augment, "random_box", waits.inside(augment.random_box, on=False))
        monkeypatch.setattr(augment, "_groups", waits.inside(augment._groups, on=False))
        # So is the average's count of steps, the only number that torch's AveragedModel asks for.
        update = waits.inside(AveragedModel.update_parameters, on=False)
        monkeypatch.setattr(AveragedModel, "update_parameters", update)
        config = replace(CONFIG, epochs=1, precision=precision)
        fit(tiny_vit(), data, config, device="cpu", progress=False, on_step=lambda done, loss: steps.append(done))
    assert +waits.found == Counter() and len(steps) == 5
    assert all(draws.device.type == "cpu" for draws in drawn_by) and len(drawn_by) > 1


def test_weights_of_a_compiled_model_have_plain_names(data, tmp_path, monkeypatch):
    """The compiler itself takes a minute: the eager backend does all but making code."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda model: real(model, backend="eager"))
    model, plain = tiny_vit(), tiny_vit()
    config = replace(CONFIG, epochs=1, compile=True)
    history = fit(model, data, config, device="cpu", progress=False, checkpoint=tmp_path)
    without = fit(plain, data, replace(config, compile=False), device="cpu", progress=False)
    assert history.train_loss == pytest.approx(without.train_loss, rel=1e-5)
    names = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["model"]
    assert list(names) == list(plain.state_dict()) and list(model.state_dict()) == list(names)
    wrapped = real(tiny_vit(), backend="eager")
    fit(wrapped, data, replace(config, compile=False), device="cpu", progress=False, checkpoint=tmp_path / "wrapped")
    names = torch.load(tmp_path / "wrapped" / "checkpoint.pt", weights_only=True)["state"]["model"]
    assert list(names) == list(plain.state_dict())


@pytest.mark.parametrize("when", ["at once", "at the first call"])
def test_a_missing_compiler_is_said_and_done_without(data, monkeypatch, capsys, when):
    def broken(graph, inputs):
        raise torch._inductor.exc.InvalidCxxCompiler()

    def refuses(model):
        raise RuntimeError("Dynamo is not supported on Python 3.99+")

    import torch._inductor.exc

    real = torch.compile
    monkeypatch.setattr(torch, "compile", refuses if when == "at once" else lambda model: real(model, backend=broken))
    model, plain = tiny_vit(), tiny_vit()
    config = replace(CONFIG, epochs=1, compile=True)
    history = fit(model, data, config, device="cpu", progress=False)
    without = fit(plain, data, replace(config, compile=False), device="cpu", progress=False)
    assert history.train_loss == without.train_loss
    said = [line for line in capsys.readouterr().out.splitlines() if "torch.compile does not work here" in line]
    assert len(said) == 1 and "training goes on without it" in said[0]


def test_a_models_own_error_is_not_taken_for_the_compilers(data, monkeypatch):
    class Wrong(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(192, 3)

        def forward(self, images):
            return self.linear(images)  # not flattened

    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda model: real(model, backend="eager"))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        fit(Wrong(), data, replace(CONFIG, compile=True), device="cpu", progress=False)


def test_an_image_left_over_is_no_trouble(data):
    one_more = ImageData("t", Split(data.train.images[:21], data.train.targets[:21]), *_rest(data))
    history = fit(Small(7), one_more, CONFIG, device="cpu", progress=False)
    assert history.train_loss == pytest.approx(
        fit(Small(1000), one_more, CONFIG, device="cpu", progress=False).train_loss, rel=1e-5
    )


def _rest(data):
    return data.test, data.classes, data.mean, data.std
