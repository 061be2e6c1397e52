"""Part f: fused against explicit attention as the number of tokens grows: time, and the memory it takes."""

import functools
import subprocess
import sys

import torch
import torch.nn.functional as F

from vitcourse.reference.attention import scaled_dot_product
from vitcourse.training.device import pick_precision

from .clock import ratios, spread, take_turns
from .document import number, quartiles, table
from .machine import REPO, code_hash
from .part import Job

TITLE = "Fused against explicit attention"
CODE = ("benchmarks/fused_memory.py", "vitcourse/reference/attention.py")
HEADS, HEAD_WIDTH = 3, 64
OPTIONS = (
    ("tokens", [17, 65, 197, 577, 1025, 2305], [577], "numbers of tokens"),
    ("attention-repeats", 15, 2, "rounds"),
)
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def jobs(options):
    """Return a `Job` for each number of tokens, in the device's own precision."""
    device, repeats = options.device, options.attention_repeats
    settings = dict(heads=HEADS, head_width=HEAD_WIDTH, repeats=repeats, precision=pick_precision(device))
    settings |= dict(threads=torch.get_num_threads(), code=code_hash(measure, operands, forward_backward, *CODE))
    made = []
    for count in options.tokens:
        B = batch_size(count)
        run = functools.partial(measure, count, B, settings["precision"], repeats, device)
        made.append(Job(settings, dict(tokens=count, batch_size=B), run))
    return made


def batch_size(tokens):
    """As many images as make the scores about the same size for any number of tokens, 1 to 64."""
    return max(1, min(64, 64 * 65**2 // tokens**2))


def explicit(q, k, v):
    return scaled_dot_product(q, k, v)[0]


WAYS = {"fused": F.scaled_dot_product_attention, "explicit": explicit}


def measure(tokens, batch, precision, repeats, device):
    """Return the times of forward and backward for both ways, and the bytes that each one takes at its peak."""
    shape = (batch, HEADS, tokens, HEAD_WIDTH)
    tensors = operands(shape, precision, device)
    tasks = {name: functools.partial(forward_backward, way, *tensors) for name, way in WAYS.items()}
    calls = max(1, 2000 // tokens)
    times = take_turns(tasks, repeats, device, calls=calls)
    memory = peak_on_gpu if torch.device(device).type == "cuda" else peak_on_cpu
    return {name: times[name] | {"bytes": memory(name, shape, precision, device)} for name in WAYS}


def operands(shape, precision, device="cpu"):
    """Return queries, keys and values as the layer `qkv` leaves them in memory, and a gradient of the output.

    Args:
        shape: (B, h, N, d).
    """
    B, h, N, d = shape
    dtype = PRECISIONS[precision]
    qkv = torch.randn(B, N, 3, h, d, device=device, dtype=dtype, requires_grad=True)
    return qkv, torch.randn(B, N, h, d, device=device, dtype=dtype).transpose(1, 2)


def forward_backward(way, qkv, gradient):
    """The output (B, h, N, d) and the gradient of qkv, not kept."""
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    return torch.autograd.grad(way(q, k, v), qkv, gradient)


def peak_on_gpu(name, shape, precision, device):
    """The bytes allocated at the peak of forward and backward, beyond the operands."""
    tensors = operands(shape, precision, device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    forward_backward(WAYS[name], *tensors)
    return torch.cuda.max_memory_allocated(device) - before


def peak_on_cpu(name, shape, precision, device):
    """The same as the growth of a fresh process's largest size; None where the system is no Linux."""
    if sys.platform != "linux":
        return None
    arguments = [name, precision, *map(str, shape)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fused_memory", *arguments], cwd=REPO, capture_output=True, text=True
    )
    return int(done.stdout) if done.returncode == 0 else None  # a locked-down /proc


def section(records):
    """Return the part's lines of the document."""
    first, rows = records[0]["settings"], []
    for record in records:
        result, case = record["result"], record["case"]
        times = [number(1000 * spread(result[way]["wall"])[0]) for way in WAYS]
        memory = [_megabytes(result[way]["bytes"]) for way in WAYS]
        wall, cpu = (quartiles(spread(ratios(result, "explicit", "fused", clock))) for clock in ("wall", "cpu"))
        rows.append([f"{case['tokens']:,}", case["batch_size"], *times, wall, cpu, *memory])
    heads = ["tokens", "images", "fused, ms", "explicit, ms", "explicit / fused", "in CPU seconds"]
    heads += ["fused, MB", "explicit, MB"]
    return [
        f"`F.scaled_dot_product_attention` against `scaled_dot_product` of lab 03: forward and backward, {HEADS} heads "
        f"of width {HEAD_WIDTH}, laid out as `MultiHeadAttention` does, {first['precision']}, {first['threads']} "
        f"threads. The two take turns, {first['repeats']} rounds; the ratio is the median over the rounds, with the "
        "quartiles. Memory is what the peak adds to the operands.",
        "",
        *table(heads, rows),
    ]


def _megabytes(count):
    return "not measured" if count is None else number(count / 1e6)
