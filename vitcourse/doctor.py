"""What this machine has, what the course needs, and what to do about the difference."""

import os
import platform
import re
import shutil
import socket
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.version import Version

from .common.places import REPO

OK, NOTE, MISSING = "ok", "note", "missing"
MARKS = {OK: "OK  ", NOTE: "note", MISSING: "MISSING"}
CIFAR10_HOST = "www.cs.toronto.edu"  # torchvision's CIFAR-10 comes from there
CIFAR10_FOLDER, CIFAR10_BYTES = "cifar-10-batches-py", 360e6  # archive and unpacked files together


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `status` is OK, NOTE (the course runs without) or MISSING (it does not)."""

    topic: str
    status: str
    text: str
    todo: str = ""


def report(progress_folder=None):
    """Look at everything and return a list of `Finding`, in the order to read them.

    Args:
        progress_folder: where the workbook keeps its progress file; None leaves that line out.
    """
    findings = [machine(), python(), *packages(), compute(), widgets(), *data_folder(), network()]
    if progress_folder is not None:
        findings.append(writable_folder("progress", Path(progress_folder), "Set VITCOURSE_HOME to a folder of yours."))
    return findings


def render(findings):
    """Return the findings as text, a line each, with what to do below those that need it."""
    width = max(len(finding.topic) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.topic:<{width}}  {MARKS[finding.status]}  {finding.text}")
        if finding.todo:
            lines.append(f"{'':<{width}}  -> {finding.todo}")
    missing = sum(finding.status == MISSING for finding in findings)
    lines.append("")
    if missing:
        lines.append(f"The course does not run here yet: {missing} of {len(findings)} findings must be mended first.")
    else:
        lines.append("The course runs here.")
    return "\n".join(lines)


def main(progress_folder=None):
    """Print the report; returns 0 when the course can run, 1 when something it needs is missing."""
    findings = report(progress_folder)
    print(render(findings))
    return int(any(finding.status == MISSING for finding in findings))


def place():
    """Return "Colab", "Kaggle" or "local"."""
    if "google.colab" in sys.modules:
        return "Colab"
    return "Kaggle" if "KAGGLE_KERNEL_RUN_TYPE" in os.environ else "local"


def machine():
    """The operating system and where it runs."""
    cores = os.cpu_count() or 1
    plural = "" if cores == 1 else "s"
    return Finding(
        "machine", OK, f"{platform.system()} {platform.release()}, {cores} CPU core{plural}, {_where(place())}"
    )


def python():
    """Python against the lowest version that the course supports."""
    floor = _project()["requires-python"].lstrip(">= ")
    found = platform.python_version()
    if Version(found) >= Version(floor):
        return Finding("python", OK, found)
    return Finding("python", MISSING, f"{found}, and {floor} is needed", f"Install Python {floor} or later.")


def packages():
    """Each package that the course imports, then those that only opening the labs needs."""
    project = _project()
    findings = [_package(line, MISSING) for line in project["dependencies"]]
    if place() == "local":  # Colab and Kaggle bring their own notebook program
        findings += [_package(line, NOTE, extra="[lab]") for line in project["optional-dependencies"]["lab"]]
    return findings


def compute():
    """The device that training takes, and in which precision."""
    try:
        import torch

        from .training.config import TrainingError
        from .training.device import describe_device, describe_precision, pick_device
    except ImportError:
        return Finding("compute", MISSING, "torch cannot be imported", "Mend torch first (see above).")
    device = pick_device()
    try:
        text = f"{describe_device(device)}; {describe_precision(device)}"
    except TrainingError as error:  # VITCOURSE_PRECISION is no precision: nothing trains until it is mended
        return Finding("compute", MISSING, describe_device(device), str(error))
    if device.type != "cpu":
        return Finding("compute", OK, text)
    todo = "No GPU: every lab runs, on the built-in shapes. CIFAR-10 takes minutes per epoch here."
    if place() == "Colab":
        todo += " For a GPU: Runtime, Change runtime type, T4 GPU."
    elif shutil.which("nvidia-smi"):
        todo += f" There is an NVIDIA driver, but torch {torch.__version__} does not see a GPU: it may be a CPU build."
    return Finding("compute", NOTE, text, todo)


def widgets():
    """ipywidgets; whether the page you look at can draw them cannot be known from Python."""
    found = _installed("ipywidgets")
    if found is None:
        return Finding("widgets", MISSING, "ipywidgets is not installed", f"Install it: {_install('ipywidgets')}")
    if place() == "local" and _installed("jupyterlab-widgets") is None:
        todo = f"JupyterLab cannot draw sliders: {_install('jupyterlab-widgets')}, then restart JupyterLab."
        return Finding("widgets", NOTE, f"ipywidgets {found}, without jupyterlab-widgets", todo)
    text = f"ipywidgets {found}; if a slider does not show, reload the page: the page's own half is not seen from here"
    return Finding("widgets", OK, text)


def data_folder():
    """The folder for downloads: can it be written, is there room, is CIFAR-10 in it already?"""
    try:
        from .data import data_root
    except ImportError as error:
        return [Finding("data", MISSING, f"the data package cannot be imported: {error}", "Mend the packages above.")]
    folder = data_root()
    findings = [writable_folder("data", folder, "Set VITCOURSE_DATA to a folder of yours.")]
    if (folder / CIFAR10_FOLDER).is_dir():
        findings.append(Finding("cifar10", OK, "downloaded"))
    elif findings[0].status == OK and _free_bytes(folder) < CIFAR10_BYTES:
        todo = f"Free {CIFAR10_BYTES / 1e6:.0f} MB there, or set VITCOURSE_DATA to another disk."
        findings.append(Finding("cifar10", NOTE, "not here, and there is no room for it", todo))
    else:
        findings.append(Finding("cifar10", NOTE, "not here; downloads once, 170 MB, when you ask for it"))
    return findings


def network():
    """Whether the server of CIFAR-10 answers; nothing else needs a network."""
    if can_connect(CIFAR10_HOST, 443):
        return Finding("network", OK, f"{CIFAR10_HOST} answers")
    return Finding(
        "network",
        NOTE,
        f"{CIFAR10_HOST} does not answer",
        "Only the CIFAR-10 download needs it. The built-in shapes and your own folders work offline.",
    )


def can_connect(host, port, timeout=2.0):
    """Return whether a TCP connection opens within `timeout` seconds (a name look-up may add its own)."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def writable_folder(topic, folder, todo):
    """Whether files can be written into a folder, or into the nearest one above it that exists."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        return Finding(topic, NOTE, f"{folder} cannot be written", todo)
    made = "" if folder.exists() else " (made when first used)"
    return Finding(topic, OK, f"{folder}{made}, {_free_bytes(nearest) / 2**30:.1f} GB free")


def _package(requirement, when_absent, extra=""):
    name, floor = re.fullmatch(r"([\w.-]+)\s*>=\s*([\w.]+)", requirement).groups()
    found = _installed(name)
    how = _install(f'"vitcourse{extra}"' if extra else f'"{requirement}"')
    if found is None:
        why = " (only for opening the labs on this machine)" if when_absent == NOTE else ""
        return Finding(name, when_absent, f"not installed{why}", f"Install it: {how}")
    if Version(found) < Version(floor):
        return Finding(name, when_absent, f"{found}, and {floor} is needed", f"Update it: {how}")
    return Finding(name, OK, found)


def _install(what):
    return f"{Path(sys.executable).name} -m pip install {what}"


def _installed(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _project():
    """The [project] table: of the checkout, or made of the installed package's metadata."""
    path = REPO / "pyproject.toml"
    if path.is_file():
        return tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    lines = metadata.requires("vitcourse") or []
    plain = [line for line in lines if ";" not in line]
    lab = [line.split(";")[0].strip() for line in lines if re.search(r"extra\s*==\s*.lab\b", line)]
    python_floor = metadata.metadata("vitcourse")["Requires-Python"]
    return {"requires-python": python_floor, "dependencies": plain, "optional-dependencies": {"lab": lab}}


def _free_bytes(folder):
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _where(name):
    return "on this machine" if name == "local" else f"on {name}"
