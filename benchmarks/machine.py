"""What a measurement was made on: hardware, versions, commit, and how busy the machine was."""

import datetime
import hashlib
import inspect
import os
import platform
import subprocess
from pathlib import Path

import torch

from vitcourse.common.places import REPO


def machine(device):
    """Return what decides a speed, as plain values: CPU, cores, memory, GPU, versions."""
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory": f"{_memory_bytes() / 2**30:.0f} GB" if _memory_bytes() else "unknown",
        "gpu": torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else "none",
        "device": torch.device(device).type,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def moment():
    """Return when, from which commit, with how many threads, and how many processes run (mean of the last minute)."""
    now = datetime.datetime.now().isoformat(timespec="seconds")
    return {"date": now, "commit": commit(), "threads": torch.get_num_threads(), "load": load()}


def load():
    """Return how many processes ran or wanted to, as a mean over the last minute; None where nobody counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def commit():
    """Return the commit's short name, with a + when tracked files differ from it; "unknown" outside of git."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + "+" * bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def code_hash(*sources):
    """Return a short hash of code: of functions, and of files by their paths from the repository's root.

    A path of a folder is all modules in it.
    """
    digest = hashlib.sha256()
    for source in sources:
        if callable(source):
            digest.update(inspect.getsource(source).encode() + b"\0")
            continue
        path = REPO / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(REPO).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def cpu_name():
    """Return the CPU's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine() or "unknown"


def _memory_bytes():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=REPO, capture_output=True, text=True, check=True)
    return done.stdout.strip()
