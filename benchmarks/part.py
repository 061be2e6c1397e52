"""A part of the benchmarks: cases to measure, each one kept as soon as it is done, and a section of the document."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from .machine import load, machine, moment


@dataclass(frozen=True)
class Job:
    """One case of a part.

    `settings` and `case` are dicts of plain values; `run` measures and returns the result, plain values as well;
    `clear` takes away what a run keeps so that it can go on when it is cut off.
    """

    settings: dict
    case: dict
    run: Callable[[], dict]
    clear: Callable[[], None] = lambda: None


def run_jobs(name, jobs, store, device, *, fresh=False, normalise=lambda case: case, say=print):
    """Run the jobs of a part that have no result yet; returns the records of all, in the jobs' order.

    Args:
        name: the part's.
        jobs: a list of `Job`.
        store: a `Store`.
        device: where the jobs compute.
        fresh: measure all of them again.
        normalise: brings a case to the form in which two that mean the same are equal.
        say: prints a line.
    """
    here, records = machine(device), []
    for number, job in enumerate(jobs, start=1):
        title = f"{name} {number}/{len(jobs)}: {describe(job.case)}"
        record = None if fresh else find(store.read(name), job, here, normalise)
        if record is not None:
            say(f"{title}: measured on {record['moment']['date']}")
        else:
            say(title)
            if fresh:
                job.clear()
            before, start = moment(), time.perf_counter()
            result = job.run()
            seconds = round(time.perf_counter() - start, 1)
            record = {
                "settings": job.settings,
                "case": job.case,
                "machine": here,
                "moment": before | {"seconds": seconds, "load_after": load()},
                "result": result,
            }
            store.add(name, record)
            job.clear()
            record = json.loads(json.dumps(record))
        records.append(record)
    return records


def find(records, job, here, normalise):
    """Return the newest record of a job on this machine, or None."""
    wanted = json.loads(json.dumps([job.settings, normalise(job.case), here]))  # as it comes back from the disk
    for record in reversed(records):
        if [record["settings"], normalise(record["case"]), record["machine"]] == wanted:
            return record
    return None


def describe(case):
    """Return a case in a few words: its values that are not whole dicts."""
    return ", ".join(f"{name} {value}" for name, value in case.items() if not isinstance(value, dict))


def hash_of(*values):
    """Return a short name for plain values, the same whenever they are."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]


def synchronise(device):
    """Wait until the device has done what it was told."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
