"""Part a: one training step of the course's ViT against four libraries' at the same configuration."""

import functools
from importlib import metadata

import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.vit import ViT
from vitcourse.training.device import autocast, pick_precision

from .clock import take_turns
from .machine import code_hash
from .part import Job

CODE = ("benchmarks/step.py", "benchmarks/clock.py", "vitcourse/reference/vit.py", "vitcourse/reference/attention.py")
LIBRARIES = ("timm", "torchvision", "transformers", "vit-pytorch")


def jobs(options):
    """Return a `Job` for float32 and one for the device's own precision, if that is another.

    Args:
        options: has `batch_size`, `embed_dim`, `depth`, `step_repeats`, `device`.
    """
    size = dict(embed_dim=options.embed_dim, depth=options.depth, num_heads=options.embed_dim // 64)
    settings = dict(
        batch_size=options.batch_size, **size, repeats=options.step_repeats, threads=torch.get_num_threads()
    )
    versions = {name: _version(name) for name in LIBRARIES}
    precisions = dict.fromkeys(["fp32", pick_precision(options.device)])
    return [
        Job(
            settings | {"versions": versions, "code": code_hash(*CODE)},
            dict(precision=precision),
            functools.partial(measure, size, options.batch_size, precision, options.step_repeats, options.device),
        )
        for precision in precisions
    ]


def measure(size, batch_size, precision, repeats, device):
    """Return for each model its parameters and the times of each step; of a library that is absent, why."""
    images = torch.randn(batch_size, 3, 32, 32, device=device)
    targets = torch.randint(10, (batch_size,), device=device)
    steps, result = {}, {}
    for name, build in MODELS.items():
        try:
            model = build(**size).to(device).train()
        except ImportError as error:
            result[name] = {"absent": str(error)}
            continue
        result[name] = {"parameters": sum(p.numel() for p in model.parameters())}
        steps[name] = functools.partial(step, model, make_optimizer(model), images, targets, precision)
    for name, times in take_turns(steps, repeats, device).items():
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
    "vitcourse": course,
    "timm": timm,
    "torchvision": torchvision,
    "transformers": transformers,
    "vit-pytorch": vit_pytorch,
}


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
