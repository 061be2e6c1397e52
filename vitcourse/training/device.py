"""Where to compute and in which number format, the random states there, and whether memory ran out."""

import contextlib
import os

import torch

from .config import PRECISIONS, TrainingError

PRECISION_VARIABLE = "VITCOURSE_PRECISION"


def pick_device(name=None):
    """Choose where to train: what you name, else a GPU if there is one, else the CPU.

    Args:
        name: None, a torch.device, or its name: "cpu", "cuda", "cuda:1", "mps".

    Raises:
        TrainingError: when the device you name is not there.
    """
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise TrainingError(f"There is no device {str(name)!r}: use cpu, cuda or mps.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise TrainingError("torch sees no NVIDIA GPU here: leave the device out, or use cpu.")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise TrainingError(
            f"There is no {device}: this machine has {torch.cuda.device_count()} GPU(s), from cuda:0 on."
        )
    if device.type == "mps" and not _has_mps():
        raise TrainingError("There is no Apple GPU here: leave the device out, or use cpu.")
    if device.type not in ("cpu", "cuda", "mps"):
        raise TrainingError(f"The course does not train on {device}: use cpu, cuda or mps.")
    return device


def pick_precision(device):
    """Choose "bf16", "fp16" or "fp32": the fastest format that the hardware itself computes in.

    A T4 has no bf16 units, though torch offers to emulate them at a loss; it gets fp16. A CPU gets bf16 only with
    AVX512-BF16 or AMX: elsewhere bf16 is emulated and slower than fp32. The environment variable VITCOURSE_PRECISION
    overrides all this, on every device, so that one machine can compute as another one would.

    Raises:
        TrainingError: when VITCOURSE_PRECISION is none of the three.
    """
    if forced := forced_precision():
        return forced
    device = torch.device(device)
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type == "cpu":
        return "bf16" if cpu_has_bf16() else "fp32"
    return "fp32"


def forced_precision():
    """Return the precision that VITCOURSE_PRECISION names, or None where it is not set or empty."""
    name = os.environ.get(PRECISION_VARIABLE, "")
    if name and name not in PRECISIONS:
        raise TrainingError(
            f"{PRECISION_VARIABLE} is {name!r}: set it to {' or '.join(PRECISIONS)}, or leave it unset."
        )
    return name or None


def describe_precision(device, chosen=None):
    """Return the number format in words: `chosen` by the recipe, else picked, and whether the environment forced it."""
    if chosen is None and forced_precision():
        return f"precision {pick_precision(device)} (forced by {PRECISION_VARIABLE})"
    return f"precision {chosen or pick_precision(device)}"


def cpu_has_bf16():
    """Return whether this CPU multiplies bf16 matrices in hardware (AVX512-BF16 or AMX)."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # torch has no public name for them yet
    return any(getattr(torch.cpu, probe, lambda: False)() for probe in probes)


def autocast(device, precision):
    """Return the context manager in which the forward pass runs in `precision`."""
    if precision == "fp32":
        return contextlib.nullcontext()
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    return torch.autocast(torch.device(device).type, dtype=dtype)


def is_out_of_memory(error):
    """Return whether an error says that memory ran out."""
    # A GPU has its own exception; a CPU only these words in a RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def random_states(device):
    """Return the states of what torch draws from: the CPU's generator, and the device's."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states, device):
    """Take over states; those of another kind of device are of no use."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def describe_device(device):
    """Return the device in words: name, and memory or cores."""
    device = torch.device(device)
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GB"
    if device.type == "mps":
        return "Apple GPU"
    return f"CPU, {torch.get_num_threads()} of {os.cpu_count()} cores in use"


def _has_mps():
    return torch.backends.mps.is_available()
