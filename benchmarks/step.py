"""Part a: one training step of the course's ViT against four libraries' at the same configuration."""

import functools
from importlib import metadata

import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.vit import ViT
from vitcourse.training.device import autocast, pick_precision

from .clock import ratios, spread, take_turns
from .document import number, quartiles, table
from .machine import code_hash
from .part import Job
from .tried import LastBlockForClassToken, MatrixProducts

TITLE = "A training step against four libraries"
TARGET = 0.75
LIBRARIES = ("timm", "torchvision", "transformers", "vit-pytorch")
OURS, PRODUCTS = "vitcourse", "matrix products alone"
SHORTER, COMPILED = f"{OURS}, last block for the class token only", f"{OURS}, torch.compile"
COURSE = tuple(f"vitcourse/reference/{stem}.py" for stem in ("patches", "tokens", "attention", "vit"))
OPTIONS = (
    ("batch-size", 128, 4, "images in a step"),
    ("width", 192, 64, "of the model"),
    ("depth", 6, 2, "of the model"),
    ("step-repeats", 20, 3, "steps of each model"),
    ("compile", True, False, "also ours with torch.compile, which takes a minute or two first"),
)


def jobs(options):
    """Return a `Job` for float32 and one for the device's own precision, if that is another."""
    size = dict(embed_dim=options.width, depth=options.depth, num_heads=options.width // 64)
    settings = dict(batch_size=options.batch_size, **size, repeats=options.step_repeats, compile=options.compile)
    settings |= dict(
        threads=torch.get_num_threads(),
        code=code_hash(measure, step, *MODELS.values(), "benchmarks/tried.py", *COURSE),
    )
    settings["versions"] = {name: _version(name) for name in LIBRARIES}
    fixed = (size, options.batch_size, options.step_repeats, options.compile, options.device)
    precisions = dict.fromkeys(["fp32", pick_precision(options.device)])
    return [Job(settings, dict(precision=name), functools.partial(measure, name, *fixed)) for name in precisions]


def measure(precision, size, batch_size, repeats, compiled, device):
    """Return for each model its parameters and the times of its steps; of a library that is absent, why."""
    images = torch.randn(batch_size, 3, 32, 32, device=device)
    targets = torch.randint(10, (batch_size,), device=device)
    builds = dict(MODELS)
    builds[SHORTER] = lambda **size: LastBlockForClassToken(course(**size))
    if compiled:
        builds[COMPILED] = lambda **size: torch.compile(course(**size))
    tasks, result = {}, {}
    for name, build in builds.items():
        try:
            model = build(**size).to(device).train()
        except ImportError as error:
            result[name] = {"absent": str(error)}
            continue
        result[name] = {"parameters": sum(p.numel() for p in model.parameters())}
        tasks[name] = functools.partial(step, model, make_optimizer(model), images, targets, precision)
    if compiled:
        try:
            tasks[COMPILED]()  # compiles
        except Exception as error:  # no C++ compiler here, or a Python that this torch cannot compile: it says which
            result[COMPILED] = {"absent": str(error).strip().splitlines()[0]}
            del tasks[COMPILED]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    tasks[PRODUCTS], result[PRODUCTS] = MatrixProducts(course(**size), batch_size, dtype, device), {}
    for name, times in take_turns(tasks, repeats, device).items():
        result[name] |= times
    return result


def step(model, optimizer, images, targets, precision):
    """Forward, backward, and the optimiser's step."""
    optimizer.zero_grad()
    with autocast(images.device, precision):
        logits = model(images)
    F.cross_entropy(logits.float(), targets).backward()
    optimizer.step()


def make_optimizer(model):
    """The same for all: torch's AdamW in its fused form."""
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05, fused=True)


def course(embed_dim, depth, num_heads):
    return ViT(img_size=32, patch_size=4, num_classes=10, embed_dim=embed_dim, depth=depth, num_heads=num_heads)


def timm(embed_dim, depth, num_heads):
    from timm.models.vision_transformer import VisionTransformer

    sizes = dict(embed_dim=embed_dim, depth=depth, num_heads=num_heads)
    return VisionTransformer(img_size=32, patch_size=4, num_classes=10, **sizes)


def torchvision(embed_dim, depth, num_heads):
    from torchvision.models import VisionTransformer

    sizes = dict(hidden_dim=embed_dim, num_layers=depth, num_heads=num_heads, mlp_dim=4 * embed_dim)
    return VisionTransformer(image_size=32, patch_size=4, num_classes=10, **sizes)


def transformers(embed_dim, depth, num_heads):
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        image_size=32,
        patch_size=4,
        num_labels=10,
        hidden_size=embed_dim,
        num_hidden_layers=depth,
        num_attention_heads=num_heads,
        intermediate_size=4 * embed_dim,
    )
    config._attn_implementation = "sdpa"
    return Logits(ViTForImageClassification(config))


class Logits(nn.Module):
    """A Hugging Face model as one that returns logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(pixel_values=images).logits


def vit_pytorch(embed_dim, depth, num_heads):
    from vit_pytorch import ViT

    sizes = dict(dim=embed_dim, depth=depth, heads=num_heads, dim_head=embed_dim // num_heads, mlp_dim=4 * embed_dim)
    return ViT(image_size=32, patch_size=4, num_classes=10, **sizes)


MODELS = {
    OURS: course,
    "timm": timm,
    "torchvision": torchvision,
    "transformers": transformers,
    "vit-pytorch": vit_pytorch,
}


def section(records):
    """Return the part's lines of the document."""
    first = records[0]["settings"]
    lines = [
        f"Forward, backward and the step of a fused AdamW, {first['batch_size']} images of 32 pixels, patch 4, width "
        f"{first['embed_dim']}, {first['depth']} blocks, {first['num_heads']} heads. All models take turns, "
        f"{first['repeats']} rounds; a ratio is the median over the rounds of one model's time over ours in the same "
        "round, with the quartiles. All use torch's fused attention but vit-pytorch, which has none in this model; it "
        "also has two norms more and no bias in qkv.",
    ]
    for record in records:
        lines += ["", *_table(record), "", *_verdict(record)]
    return lines


def _table(record):
    result, versions = record["result"], record["settings"]["versions"]
    rows = []
    for name, values in result.items():
        if "absent" in values:
            rows.append([name, f"absent: {values['absent']}", "", "", "", ""])
            continue
        title = f"{name} {versions[name]}" if name in versions else name
        count = f"{values['parameters']:,}" if "parameters" in values else ""
        wall, cpu = (quartiles(spread(ratios(result, name, OURS, clock))) for clock in ("wall", "cpu"))
        seconds = [number(spread(values[clock])[0]) for clock in ("wall", "cpu")]
        rows.append([title, count, *seconds, wall, cpu])
    heads = ["model", "parameters", "seconds", "CPU seconds", "ratio to ours", "in CPU seconds"]
    return [f"Precision {record['case']['precision']}:", "", *table(heads, rows)]


def _verdict(record):
    result = record["result"]
    # On a busy CPU the wall clock says how busy it was; a GPU's work shows on the wall clock only.
    clock = "wall" if record["machine"]["device"] == "cuda" else "cpu"
    there = [name for name in LIBRARIES if name in result and "absent" not in result[name]]
    if not there:
        return ["No library is installed: `pip install -e '.[bench]'`."]
    against = {name: spread(ratios(result, OURS, name, clock))[0] for name in there}
    fastest = max(against, key=against.get)
    said = f"Against the fastest, {fastest}, our step takes {against[fastest]:.2f} of its time"
    verdict = "reached" if against[fastest] <= TARGET else "not reached"
    lines = [f"{said}. Target: at most {TARGET}: **{verdict}**."]
    bound = spread(ratios(result, PRODUCTS, fastest, clock))[0]
    shorter = spread(ratios(result, SHORTER, fastest, clock))[0]
    lines.append(
        f"The matrix products of the blocks' linear layers alone take {bound:.2f} of that time: no implementation that "
        f"computes all of them can be faster. Leaving out what nobody reads, the last block's other tokens, comes to "
        f"{shorter:.2f}, with the same logits and gradients."
    )
    return lines


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
