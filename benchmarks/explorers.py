"""How long each explorer takes to answer, from a moved control to a new picture."""

import functools
import time

import torch

from vitcourse.data import load_data
from vitcourse.figures.widgets import augmentation_gallery, explore_attention, explore_patches, explore_positions
from vitcourse.reference.vit import VIT_SIZES, ViT

from .clock import spread
from .document import number, table
from .machine import code_hash
from .part import Job

TITLE = "How fast the explorers answer"
CODE = ("vitcourse/figures", "vitcourse/data/augment.py")
OPTIONS = (
    ("explorers-repeats", 20, 2, "changes of each control"),
    ("explorers-vit-b", True, False, "also a ViT-B/16 at 224 pixels"),
)


def jobs(options):
    """Return one `Job`."""
    repeats, with_base = options.explorers_repeats, options.explorers_vit_b
    settings = dict(repeats=repeats, threads=torch.get_num_threads(), code=code_hash(measure, answers, *CODE))
    return [Job(settings, dict(vit_b=with_base), functools.partial(measure, repeats, with_base))]


def measure(repeats, with_base):
    """Return {control: CPU seconds of each of its changes}."""
    data = load_data("shapes", train_size=50, test_size=50)
    images = data.test.images
    small = ViT(img_size=32, patch_size=4, in_chans=3, num_classes=10, embed_dim=64, depth=4, num_heads=4)
    patches, attention, gallery = (
        explore_patches(images),
        explore_attention(small, images, data),
        augmentation_gallery(data),
    )
    positions = explore_positions(small.tokens.pos_embed, (8, 8), untrained=small.tokens.pos_embed)
    turns = range(1, repeats + 1)
    seconds = {
        "patches, another token": answers(patches, "token", [n % 16 for n in turns]),
        "patches, another patch size": answers(patches, "patch_size", [(1, 2, 4, 8, 16)[n % 5] for n in turns]),
        "attention, another query": answers(attention, "query", turns),
        "attention, another image": answers(attention, "image", turns),
        "positions, another row": answers(positions, "row", [n % 8 for n in turns]),
        "gallery, another luck": answers(gallery, "luck", [n % 20 for n in turns]),
    }
    gallery.set(rand_augment=2, erasing=0.5, crop=4, mix="cutmix")
    seconds["gallery, all on, another luck"] = answers(gallery, "luck", [n % 20 for n in turns])
    if with_base:
        base = explore_attention(
            ViT(num_classes=10, **VIT_SIZES["B"]), torch.nn.functional.interpolate(images.float() / 255, size=224)
        )
        seconds["attention in ViT-B/16, another query"] = answers(base, "query", turns)
    return seconds


def answers(explorer, name, values):
    """CPU seconds of each change of a control."""
    seconds = []
    for value in values:
        begin = time.process_time()
        explorer.controls[name].value = value
        seconds.append(time.process_time() - begin)
    return seconds


def section(records):
    """Return the part's lines of the document."""
    first, rows = records[0]["settings"], []
    for record in records[-1:]:  # with ViT-B or without: the newest says most
        for name, seconds in record["result"].items():
            rows.append([name, *(number(1000 * value) for value in (spread(seconds)[0], max(seconds)))])
    return [
        f"From a moved control to a new picture, in CPU milliseconds of {first['threads']} threads; each control is "
        f"changed {first['repeats']} times.",
        "",
        *table(["explorer", "median, CPU ms", "slowest"], rows),
    ]
