"""Lab 07's question: does a teacher help a small ViT, when all that it costs is paid from the student's time?

The budget is the CPU time of a student alone. With a teacher, its training and its look at every batch are taken from
that; with `--deit-free-teacher` each is measured once more at equal steps, where nobody pays.
"""

import functools
import itertools
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from vitcourse.data import load_data
from vitcourse.data.batches import Batches
from vitcourse.data.split import Split
from vitcourse.reference.deit import ConvTeacher, DistilledViT, soft_distillation_loss
from vitcourse.reference.recipe import parameter_groups, warmup_cosine
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.distillation import Distillation
from vitcourse.training.evaluate import evaluate, predict
from vitcourse.training.fit import cross_entropy

from .clock import one_thread
from .document import percent, table
from .machine import code_hash
from .part import Job

TITLE = "Does a teacher help?"
CODE = ("vitcourse/reference/deit.py", "vitcourse/reference/vit.py", "vitcourse/training/distillation.py")
OPTIONS = (
    ("deit-data", "shapes", "shapes", "shapes, cifar10, or a folder with train/ and test/"),
    ("deit-images", 3000, 60, "training images of the largest share"),
    ("deit-test-images", 1000, 30, "test images"),
    ("deit-shares", [0.1, 0.3, 1.0], [0.5, 1.0], "shares of the training images"),
    ("deit-seeds", [0, 1, 2], [0, 1], "a run of each student for each of them: images, weights and order differ"),
    ("deit-steps", 1000, 4, "of the student alone: the budget"),
    ("deit-teacher-steps", 150, 1, "of the teacher"),
    ("deit-free-teacher", False, False, "also with as many steps for all: nobody pays for the teacher"),
)
CONFIG = TrainConfig(batch_size=60, peak_lr=4e-3, flip=True, crop=1)
TEACHER, TEACHER_LR, WIDTH = "teacher", 1e-2, 12
SIZES = dict(img_size=16, patch_size=8, embed_dim=48, depth=2, num_heads=3)


def distilled(loss=None, **options):
    return lambda teacher: Distillation(teacher, *([loss] if loss else []), **options)


ALONE, UNLABELLED = "alone", "hard, and the other images labelled by the teacher"
STUDENTS = {
    ALONE: (ViT, None),
    "hard labels, class token only": (ViT, distilled()),
    "hard labels, distillation token": (DistilledViT, distilled()),
    "soft, T 3, alpha 0.1": (DistilledViT, distilled(soft_distillation_loss)),
    "soft, T 3, alpha 0.9": (DistilledViT, distilled(soft_distillation_loss, alpha=0.9)),
    UNLABELLED: (DistilledViT, distilled()),
}


def jobs(options):
    """Return a `Job` for each seed and share, those in which the teacher is paid first."""
    sizes = dict(train_size=options.deit_images, test_size=options.deit_test_images)
    steps = dict(steps=options.deit_steps, teacher_steps=options.deit_teacher_steps)
    code = code_hash(measure, step_counts, step_cost, train, subset, with_guesses, *CODE)
    settings = dict(data=Path(options.deit_data).name, **sizes, **steps, code=code)
    made = []
    for paid in [True, False] if options.deit_free_teacher else [True]:
        for seed, share in itertools.product(options.deit_seeds, options.deit_shares):
            run = functools.partial(measure, options.deit_data, sizes, **steps, share=share, seed=seed, paid=paid)
            made.append(Job(settings, dict(share=share, seed=seed, paid=paid), run))
    return made


@functools.cache
def load(data, train_size, test_size):
    """The images, the same for all runs: a seed chooses and orders them."""
    return load_data(data, train_size=train_size, test_size=test_size, img_size=16, seed=0)


def measure(data_name, sizes, steps, teacher_steps, share, seed, paid):
    """Train a teacher and each student on the CPU; returns {name: test accuracy} and {name: steps}."""
    data = load(data_name, **sizes)
    with one_thread():  # the CPU time of a step is steady there
        whole, some = subset(data, share, seed)
        counts = (
            step_counts(data_name, *sizes.values(), steps, teacher_steps) if paid else dict.fromkeys(STUDENTS, steps)
        )
        config, accuracies = replace(CONFIG, seed=seed), {}
        teacher = new_teacher(data, seed)
        train(teacher, some, replace(config, peak_lr=TEACHER_LR), teacher_steps)
        accuracies[TEACHER] = evaluate(teacher, data.test, data, precision="fp32")[1]
        for name, (_, objective) in STUDENTS.items():
            model = new_student(name, data, seed)
            images = with_guesses(whole, some, teacher) if name == UNLABELLED else some
            train(model, images, config, counts[name], objective(teacher) if objective else cross_entropy)
            accuracies[name] = evaluate(model, data.test, data, precision="fp32")[1]
    return dict(accuracy=accuracies, steps={TEACHER: teacher_steps} | counts)


def new_teacher(data, seed=0):
    torch.manual_seed(seed)
    return ConvTeacher(data.in_chans, data.num_classes, WIDTH)


def new_student(name, data, seed=0):
    torch.manual_seed(seed)
    return STUDENTS[name][0](in_chans=data.in_chans, num_classes=data.num_classes, **SIZES)


@functools.cache
def step_counts(data_name, train_size, test_size, steps, teacher_steps):
    """Return {student: the steps that fit into the time of `steps` of the one alone, once the teacher is paid}."""
    data = load(data_name, train_size, test_size)
    teacher, costs = new_teacher(data), {}
    for name, (_, objective) in STUDENTS.items():
        make = functools.partial(new_student, name, data)
        costs[name] = step_cost(make, data, objective(teacher) if objective else cross_entropy)
    left = costs[ALONE] * steps - step_cost(functools.partial(new_teacher, data), data) * teacher_steps
    return {name: max(1, round(left / cost)) for name, cost in costs.items()} | {ALONE: steps}


def step_cost(make, data, objective=cross_entropy, repeats=5, steps=4):
    """CPU seconds of one training step: the least of several repeats."""
    return min(train(make(), data, CONFIG, steps, objective) for _ in range(repeats)) / steps


def train(model, data, config, steps, objective=cross_entropy):
    """Train for a number of steps, not epochs; returns CPU seconds."""
    optimizer = torch.optim.AdamW(parameter_groups(model, config.weight_decay), betas=config.betas)
    epochs = (Batches(data.train, data, config, epoch=epoch) for epoch in itertools.count())
    start = time.process_time()
    model.train()
    for step, (images, targets) in enumerate(itertools.islice(itertools.chain.from_iterable(epochs), steps)):
        for group in optimizer.param_groups:
            group["lr"] = warmup_cosine(step, steps, round(0.15 * steps), config.peak_lr)
        optimizer.zero_grad()
        objective(model, images, targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_norm)
        optimizer.step()
    return time.process_time() - start


def subset(data, share, seed):
    """The data with its training images in an order drawn by the seed, and with the first share of them alone."""
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    both = []
    for chosen in (order, order[: round(share * len(order))]):
        both.append(replace(data, train=Split(data.train.images[chosen], data.train.targets[chosen])))
    return both


def with_guesses(whole, some, teacher):
    """All images, with true labels where `some` has them and the teacher's guesses elsewhere."""
    targets = predict(teacher, whole.train, whole, precision="fp32").argmax(dim=1)
    targets[: len(some.train)] = some.train.targets
    return replace(whole, train=Split(whole.train.images, targets))


def section(records):
    """Return the part's lines of the document."""
    first = records[0]["settings"]
    lines = [
        f"{first['data']}, 16 pixels, {first['test_size']:,} test images. The budget is the CPU time of "
        f"{first['steps']:,} steps of the student alone, on one thread; the teacher takes {first['teacher_steps']}. "
        "Test accuracy, as a mean with the lowest and highest seed.",
    ]
    for paid, title in ((True, "The teacher is paid from the budget:"), (False, "As many steps for all:")):
        own = [record for record in records if record["case"]["paid"] == paid]
        if own:
            lines += ["", title, "", *_table(own, first["train_size"])]
    return lines


def _table(records, train_size):
    shares = sorted({record["case"]["share"] for record in records})
    rows = []
    for name in (TEACHER, *STUDENTS):
        counts = [record["result"]["steps"][name] for record in records]
        row = [name, f"{min(counts):,}" + f" to {max(counts):,}" * (max(counts) > min(counts))]
        for share in shares:
            values = [r["result"]["accuracy"][name] for r in records if r["case"]["share"] == share]
            spread = f" ({percent(min(values))} to {percent(max(values))})" * (len(values) > 1)
            row.append(percent(statistics.mean(values)) + spread)
        rows.append(row)
    return table(["student", "steps", *(f"{round(share * train_size):,} images" for share in shares)], rows)
