"""The command: which parts, how large, and where the results and the document go."""

import argparse
import sys
from pathlib import Path

from vitcourse.common.files import replace_text
from vitcourse.data import DataError
from vitcourse.training.config import TrainingError
from vitcourse.training.device import pick_device

from . import accuracy, augment, checkpoint, claims, deit, explorers, fused, shapes, step, swin
from .document import render
from .machine import REPO, machine
from .part import run_jobs
from .store import Store

PARTS = {
    "step": step,
    "augment": augment,
    "accuracy": accuracy,
    "shapes": shapes,
    "checkpoint": checkpoint,
    "attention": fused,
    "claims": claims,
    "deit": deit,
    "swin": swin,
    "explorers": explorers,
}


def main(argv=None):
    """Run the parts that are named, all by default, and write the document.

    Returns:
        0; 1 when a part failed and said why (the others are run), 130 after Ctrl-C.
    """
    options = read_options(argv)
    try:
        options.device = pick_device(options.device)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 1
    store, failed = Store(options.results), False
    try:
        for name in [] if options.render else options.parts or PARTS:
            try:
                measure(name, options, store)
            except (DataError, TrainingError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed = True
    except KeyboardInterrupt:
        print("Stopped. What is measured is kept: the same command goes on.", file=sys.stderr)
        return 130
    write_document(store, options)
    return int(failed)


def measure(name, options, store):
    """Measure what a part has no result of yet."""
    part = PARTS[name]
    normalise = getattr(part, "normalise", lambda case: case)
    run_jobs(name, part.jobs(options), store, options.device, fresh=options.fresh, normalise=normalise)


def write_document(store, options):
    """Write the document from all results of this machine."""
    text = render(PARTS, {name: store.read(name) for name in PARTS}, machine(options.device))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    replace_text(options.out, text)
    print(f"Written: {options.out}")


def read_options(argv):
    """Return the options; with --toy, what the user does not give is tiny, and goes to a folder of its own."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the course's claims and write docs/benchmarks.md."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when left out")
    parser.add_argument("--toy", action="store_true", help="seconds for all parts: shows that they run, nothing else")
    parser.add_argument("--fresh", action="store_true", help="measure again what has a result")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the document from the results")
    parser.add_argument("--device", help="cpu, cuda or mps (a GPU if there is one)")
    parser.add_argument("--results", type=Path, help="folder of the results (.bench)")
    parser.add_argument("--out", type=Path, help="the document (docs/benchmarks.md; with --toy beside the results)")
    for name, part in PARTS.items():
        options = parser.add_argument_group(f"{name}: {part.TITLE}")
        for option, full, _, text in part.OPTIONS:
            is_list = isinstance(full, list)
            if isinstance(full, bool):
                options.add_argument(f"--{option}", action=argparse.BooleanOptionalAction, help=text)
                continue
            kind = type(full[0] if is_list else full)
            shown = f" ({' '.join(map(str, full)) if is_list else full})" * bool(full)
            options.add_argument(f"--{option}", type=kind, nargs="+" if is_list else None, help=text + shown)
    options = parser.parse_args(argv)
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name!r}: choose from {', '.join(PARTS)}")
    for part in PARTS.values():
        for option, full, toy, _ in part.OPTIONS:
            name = option.replace("-", "_")
            if getattr(options, name) is None:
                setattr(options, name, toy if options.toy else full)
    options.results = options.results or REPO / ".bench" / ("toy" if options.toy else "")
    options.out = options.out or (options.results / "benchmarks.md" if options.toy else REPO / "docs" / "benchmarks.md")
    return options
