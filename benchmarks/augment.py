"""Part b: augmented images a second on one core, the course's batches against a DataLoader of PIL images."""

import functools
from importlib import metadata

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as v1
from torchvision.transforms import v2

from vitcourse.data import load_data
from vitcourse.data.batches import Batches
from vitcourse.training.config import TrainConfig

from .clock import one_thread, ratios, spread, take_turns
from .document import quartiles, table
from .machine import code_hash
from .part import Job

TITLE = "Augmented images a second on one core"
TARGET = 7
OURS, PIL, TENSORS = "vitcourse, whole batches", "DataLoader, PIL images", "DataLoader, tensors one by one"
CODE = ("vitcourse/data/batches.py", "vitcourse/data/augment.py")
OPTIONS = (
    ("augment-images", 2560, 64, "images that each pipeline prepares in a round"),
    ("augment-repeats", 9, 2, "rounds"),
)
VARIANTS = {
    "crop and flip": dict(crop=4, flip=True),
    "crop, flip and RandAugment": dict(crop=4, flip=True, rand_augment=2, magnitude=9),
}


def jobs(options):
    """Return a `Job` for each variant of the augmentation."""
    count, repeats = options.augment_images, options.augment_repeats
    settings = dict(
        images=count, repeats=repeats, batch_size=128, code=code_hash(measure, pipelines, _augmentation, *CODE)
    )
    settings["torchvision"] = metadata.version("torchvision")
    return [
        Job(settings, dict(variant=name, **fields), functools.partial(measure, fields, count, repeats))
        for name, fields in VARIANTS.items()
    ]


def measure(fields, count, repeats):
    """Return the times that each pipeline takes for one image, on one thread of the CPU."""
    tasks = {name: functools.partial(pass_over, batches) for name, batches in pipelines(fields, count).items()}
    with one_thread():
        times = take_turns(tasks, repeats, warmup=1)
    return {name: {clock: [x / count for x in xs] for clock, xs in task.items()} for name, task in times.items()}


def pipelines(fields, count):
    """Return {name: batches} over the same images; each gives normalised float32 images and their targets."""
    data = load_data("shapes", train_size=count, test_size=1)
    config = TrainConfig(batch_size=128, **fields)
    mean, std = data.mean.tolist(), data.std.tolist()
    pil = v1.Compose([*_augmentation(v1, config, data), v1.ToTensor(), v1.Normalize(mean, std)])
    floats = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    tensors = v2.Compose([*_augmentation(v2, config, data), *floats])
    as_pil = Images([Image.fromarray(image.permute(1, 2, 0).numpy()) for image in data.train.images], data, pil)
    one_by_one = Images(list(data.train.images), data, tensors)
    loaders = {name: DataLoader(images, 128, shuffle=True) for name, images in ((PIL, as_pil), (TENSORS, one_by_one))}
    return {OURS: Batches(data.train, data, config, train=True)} | loaders


def _augmentation(transforms, config, data):
    """torchvision's operations; they fill the border with black, which costs them less than the reflection of ours."""
    made = [transforms.RandomCrop(data.img_size, padding=config.crop), transforms.RandomHorizontalFlip()]
    return made + [transforms.RandAugment(config.rand_augment, config.magnitude)] * bool(config.rand_augment)


class Images(Dataset):
    """Images in memory, one by one through the transforms, with their targets."""

    def __init__(self, images, data, transform):
        self.images, self.targets, self.transform = images, data.train.targets.tolist(), transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.targets[index]


def pass_over(batches):
    """Make every batch once."""
    for _ in batches:
        pass


def section(records):
    """Return the part's lines of the document."""
    first, rows = records[0]["settings"], []
    for record in records:
        result = record["result"]
        for name, task in result.items():
            rate = 1 / spread(task["cpu"])[0]
            times = quartiles(spread(ratios(result, name, OURS, "cpu")))
            rows.append([record["case"]["variant"], name, f"{rate:,.0f}", times])
    lines = [
        f"{first['images']:,} images of 32 pixels, batches of {first['batch_size']}, one thread, no worker processes; "
        f"the pipelines take turns, {first['repeats']} rounds. The DataLoaders use torchvision {first['torchvision']} "
        "on images that are decoded already: `transforms` on PIL images, `transforms.v2` on tensors. Images a second "
        "of CPU time; the ratio is how many times longer one image takes than ours, with the quartiles.",
        "",
        *table(["augmentation", "pipeline", "images a second", "ratio to ours"], rows),
        "",
    ]
    plain = next(record for record in records if not record["case"].get("rand_augment"))["result"]
    factor = spread(ratios(plain, PIL, OURS, "cpu"))[0]
    verdict = "reached" if factor >= TARGET else "not reached"
    lines.append(f"Crop and flip: {factor:.1f} times the DataLoader's. Target: at least {TARGET} times: **{verdict}**.")
    return lines
