"""The device and the number format follow the hardware, and a wrong name is said in words."""

from pathlib import Path

import pytest
import torch

from vitcourse.training import device as module
from vitcourse.training.config import TrainingError
from vitcourse.training.device import (
    autocast,
    cpu_has_bf16,
    describe_device,
    describe_precision,
    pick_device,
    pick_precision,
)


@pytest.fixture
def not_forced(monkeypatch):
    """The hardware alone decides, also where the suite itself runs in a forced precision."""
    monkeypatch.delenv("VITCOURSE_PRECISION", raising=False)


def test_a_gpu_is_taken_when_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device().type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(module, "_has_mps", lambda: True)
    assert pick_device().type == "mps"
    monkeypatch.setattr(module, "_has_mps", lambda: False)
    assert pick_device().type == "cpu"
    assert pick_device(torch.device("cpu")) == pick_device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "gpu", "mps", "xla", 3.5])
def test_a_device_that_is_not_there_is_one_sentence(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(module, "_has_mps", lambda: False)
    with pytest.raises(TrainingError, match=r"cpu"):
        pick_device(name)


def test_a_t4_gets_fp16_because_its_bf16_is_emulated(not_forced, monkeypatch):
    def on_a_t4(including_emulation=True):
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", on_a_t4)
    assert pick_precision("cuda") == "fp16"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    assert pick_precision("cuda") == "bf16"


def test_a_cpu_gets_bf16_only_in_hardware(not_forced, monkeypatch):
    for real, precision in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(module, "cpu_has_bf16", lambda real=real: real)
        assert pick_precision("cpu") == precision
    assert pick_precision("mps") == "fp32"


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="asks Linux")
def test_what_is_known_of_this_cpu_is_what_the_system_says():
    flags = {
        word for line in Path("/proc/cpuinfo").read_text().splitlines() if "flags" in line for word in line.split()
    }
    assert cpu_has_bf16() == bool(flags & {"avx512_bf16", "amx_bf16"})


@pytest.mark.parametrize("probe", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"])
def test_either_of_two_units_will_do_and_a_torch_that_knows_neither_has_none(not_forced, monkeypatch, probe):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name == probe, raising=False)
    assert cpu_has_bf16() and pick_precision("cpu") == "bf16"
    monkeypatch.delattr(torch.cpu, probe)
    assert not cpu_has_bf16() and pick_precision("cpu") == "fp32"


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_the_environment_forces_a_precision_on_every_device(monkeypatch, precision):
    monkeypatch.setenv("VITCOURSE_PRECISION", precision)
    assert [pick_precision(device) for device in ("cpu", "cuda", "mps")] == [precision] * 3
    assert describe_precision("cpu") == f"precision {precision} (forced by VITCOURSE_PRECISION)"
    assert describe_precision("cpu", chosen="bf16") == "precision bf16"  # the recipe's own word wins


def test_nothing_is_forced_by_an_empty_variable_and_a_wrong_one_is_a_sentence(not_forced, monkeypatch):
    free = pick_precision("cpu")
    monkeypatch.setenv("VITCOURSE_PRECISION", "")
    assert pick_precision("cpu") == free and describe_precision("cpu") == f"precision {free}"
    monkeypatch.setenv("VITCOURSE_PRECISION", "float32")
    with pytest.raises(TrainingError, match=r"'float32'.*bf16 or fp16 or fp32"):
        pick_precision("cpu")


def test_autocast_runs_matmuls_in_the_precision_asked_for():
    x = torch.ones(2, 2)
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)):
        with autocast("cpu", precision):
            assert (x @ x).dtype == dtype


def test_the_cpu_is_described():
    assert describe_device("cpu").startswith("CPU, ")
