"""How long each explorer takes to answer, from a moved control to a new picture: python -m benchmarks.explorers

CPU seconds of this process (its threads added up), which other programs on the machine disturb less than the clock.
"""

import argparse
import statistics
import time

import torch

from vitcourse.data import load_data
from vitcourse.figures.widgets import augmentation_gallery, explore_attention, explore_patches, explore_positions
from vitcourse.reference.vit import VIT_SIZES, ViT


def answers(explorer, name, values):
    """CPU seconds of each change of a control."""
    seconds = []
    for value in values:
        begin = time.process_time()
        explorer.controls[name].value = value
        seconds.append(time.process_time() - begin)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20, help="changes of each control")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(2)
    data = load_data("shapes", train_size=50, test_size=50)
    images = data.test.images
    small = ViT(img_size=32, patch_size=4, in_chans=3, num_classes=10, embed_dim=64, depth=4, num_heads=4)
    base = ViT(num_classes=10, **VIT_SIZES["B"])
    large = torch.nn.functional.interpolate(images.float() / 255, size=224)
    patches, turns = explore_patches(images), range(1, repeats + 1)
    attention, gallery = explore_attention(small, images, data), augmentation_gallery(data)
    rows = {
        "patches, another token": answers(patches, "token", [n % 16 for n in turns]),
        "patches, another patch size": answers(patches, "patch_size", [(1, 2, 4, 8, 16)[n % 5] for n in turns]),
        "attention, another query": answers(attention, "query", turns),
        "attention, another image": answers(attention, "image", turns),
        "attention in ViT-B/16, another query": answers(explore_attention(base, large), "query", turns),
        "positions, another row": answers(
            explore_positions(small.tokens.pos_embed, (8, 8), untrained=small.tokens.pos_embed),
            "row",
            [n % 8 for n in turns],
        ),
        "gallery, another luck": answers(gallery, "luck", [n % 20 for n in turns]),
    }
    gallery.set(rand_augment=2, erasing=0.5, crop=4, mix="cutmix")
    rows["gallery, all on, another luck"] = answers(gallery, "luck", [n % 20 for n in turns])
    for name, seconds in rows.items():
        print(f"{name:<38} median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s")


if __name__ == "__main__":
    main()
