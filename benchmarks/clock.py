"""Measuring: things that are compared take turns, so that a busy moment of the machine hits them all alike."""

import contextlib
import statistics
import time

import torch

from .part import synchronise


def take_turns(tasks, repeats, device="cpu", warmup=2, calls=1):
    """Time several functions, `calls` calls of each in turn, `repeats` times round.

    Args:
        tasks: {name: function without arguments}.
        repeats: rounds that count, after `warmup` ones that do not.
        device: is waited for before the clock is read.
        calls: between two readings; more of them for what takes microseconds.

    Returns:
        {name: {"wall": [seconds], "cpu": [CPU seconds of all threads]}}, of one call, with a value for each round.
    """
    times = {name: {"wall": [], "cpu": []} for name in tasks}
    for turn in range(-warmup, repeats):
        # Every other round goes backwards: no one always runs after the same other, in its caches.
        for name in list(tasks) if turn % 2 else list(tasks)[::-1]:
            synchronise(device)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls):
                tasks[name]()
            synchronise(device)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 0:
                times[name]["wall"].append(wall / calls)
                times[name]["cpu"].append(cpu / calls)
    return times


@contextlib.contextmanager
def one_thread():
    """Compute on one thread in this context: threads that wait for one another would count as CPU seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def ratios(times, of, to, clock="wall"):
    """Return the ratio of two tasks' times in each round."""
    return [a / b for a, b in zip(times[of][clock], times[to][clock], strict=True)]


def spread(values):
    """Return (median, lower quartile, upper quartile)."""
    if len(values) < 2:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high
