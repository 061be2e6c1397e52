"""Does a teacher help? `python benchmarks/deit.py [--quick]`.

Lab 07's question on the built-in data, at equal total CPU time: a small ViT alone, and with a CNN teacher whose own
training and every forward pass are paid from the student's time. For 10, 30 and 100 % of the training images, three
seeds each (images, weights and order differ). Prints the costs of a step and a Markdown table: test accuracy, mean and
standard deviation over the seeds. One thread, so that the CPU time of a step is steady. `--data FOLDER` takes a folder
of images instead (see `load_data`).
"""

import argparse
import itertools
import statistics
import time
from dataclasses import replace

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

CONFIG = TrainConfig(batch_size=60, peak_lr=4e-3, flip=True, crop=1)
TEACHER_LR, WIDTH = 1e-2, 12
SIZES = dict(img_size=16, patch_size=8, num_classes=10, embed_dim=48, depth=2, num_heads=3)


def distilled(loss=None, **options):
    return lambda teacher: Distillation(teacher, *([loss] if loss else []), **options)


UNLABELLED = "hard, and the other images labelled by the teacher"
STUDENTS = {
    "alone": (ViT, None),
    "hard labels, class token only": (ViT, distilled()),
    "hard labels, distillation token": (DistilledViT, distilled()),
    "soft, T 3, alpha 0.1": (DistilledViT, distilled(soft_distillation_loss)),
    "soft, T 3, alpha 0.9": (DistilledViT, distilled(soft_distillation_loss, alpha=0.9)),
    UNLABELLED: (DistilledViT, distilled()),
}


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


def step_cost(make, data, objective=cross_entropy, repeats=5, steps=4):
    """CPU seconds of one training step: the least of several repeats."""
    return min(train(make(), data, CONFIG, steps, objective) for _ in range(repeats)) / steps


def part(data, share, seed):
    """The data with its training images in an order drawn by the seed, and with the first share of them alone."""
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    both = []
    for chosen in (order, order[: round(share * len(order))]):
        both.append(replace(data, train=Split(data.train.images[chosen], data.train.targets[chosen])))
    return both


def with_guesses(whole, some, teacher):
    """All images, with true labels where `some` has them and the teacher's guesses elsewhere."""
    targets = predict(teacher, whole.train, whole).argmax(dim=1)
    targets[: len(some.train)] = some.train.targets
    return replace(whole, train=Split(whole.train.images, targets))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="shapes")
    parser.add_argument("--train-size", type=int, default=3000)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000, help="of the student alone: the budget")
    parser.add_argument("--teacher-steps", type=int, default=150)
    parser.add_argument("--students", nargs="+", choices=STUDENTS, default=list(STUDENTS))
    parser.add_argument(
        "--free-teacher", action="store_true", help="as many steps for all: nobody pays for the teacher"
    )
    parser.add_argument("--quick", action="store_true", help="only show that everything runs")
    options = parser.parse_args()
    if options.quick:
        options.train_size, options.shares, options.seeds, options.steps, options.teacher_steps = 200, [1.0], 2, 20, 4
    torch.set_num_threads(1)
    data = load_data(options.data, train_size=options.train_size, test_size=1000, img_size=16)
    sizes = SIZES | dict(num_classes=data.num_classes)

    teacher_cost = step_cost(lambda: ConvTeacher(num_classes=data.num_classes, width=WIDTH), data)
    teacher = ConvTeacher(num_classes=data.num_classes, width=WIDTH)
    steps = {}
    for name, (student, objective) in STUDENTS.items():
        cost = step_cost(
            lambda student=student: student(**sizes), data, objective(teacher) if objective else cross_entropy
        )
        if objective is None:
            budget, steps[name] = cost * options.steps, options.steps
        elif options.free_teacher:
            steps[name] = options.steps
        else:
            steps[name] = round((budget - teacher_cost * options.teacher_steps) / cost)
        print(f"{name}: {1000 * cost:.1f} ms a step, {steps[name]} steps", flush=True)
    print(f"teacher: {1000 * teacher_cost:.1f} ms a step, {options.teacher_steps} steps; budget {budget:.1f} CPU s\n")

    results = {}

    def note(name, share, model):
        accuracy = evaluate(model, data.test, data)[1]
        results.setdefault((name, share), []).append(accuracy)
        print(f"{100 * share:3.0f} %  {name}: {accuracy:.1%}", flush=True)

    for seed, share in itertools.product(range(options.seeds), options.shares):
        (whole, some), config = part(data, share, seed), replace(CONFIG, seed=seed)
        torch.manual_seed(seed)
        teacher = ConvTeacher(num_classes=data.num_classes, width=WIDTH)
        train(teacher, some, replace(config, peak_lr=TEACHER_LR), options.teacher_steps)
        note("teacher", share, teacher)
        for name in options.students:
            student, objective = STUDENTS[name]
            torch.manual_seed(seed)
            model = student(**sizes)
            images = with_guesses(whole, some, teacher) if name == UNLABELLED else some
            train(model, images, config, steps[name], objective(teacher) if objective else cross_entropy)
            note(name, share, model)

    print(
        "| student | " + " | ".join(f"{round(share * options.train_size):,} images" for share in options.shares) + " |"
    )
    print("|---|" + "---|" * len(options.shares))
    for name in ["teacher", *options.students]:
        cells = [results[name, share] for share in options.shares]
        said = [f"{100 * statistics.mean(c):.1f} ± {100 * statistics.stdev(c):.1f}" for c in cells]
        print(f"| {name} | " + " | ".join(said) + " |")


if __name__ == "__main__":
    main()
