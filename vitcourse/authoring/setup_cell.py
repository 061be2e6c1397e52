"""The first code cell of every notebook and the Colab badge, made from the course's one address in pyproject.toml."""

import tomllib
from pathlib import Path

# The cell runs before the course is there, also on Colab: the standard library only, no magics, and no pip, which
# could replace the machine's torch. A learner can do nothing with a traceback through it, so SetupError shows itself
# as one sentence (IPython asks an exception for `_render_traceback_`) and still stops "Run All".
TEMPLATE = '''\
# @title Setup: run this cell first. Running it again does no harm.
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ADDRESS = os.environ.get("VITCOURSE_REPO", @ADDRESS@)  # where the course is cloned from when it is not here
IN_COLAB = "google.colab" in sys.modules


class SetupError(Exception):
    def _render_traceback_(self):
        return [f"Setup stopped: {self}"]


def find_course():
    """The folder that holds vitcourse/: here, above, unpacked or cloned; None when vitcourse is installed."""
    here = Path.cwd()
    for folder in (here, *here.parents, here / "vit-course"):
        if (folder / "vitcourse" / "__init__.py").is_file():
            return folder
    installed = importlib.util.find_spec("vitcourse")
    if installed and installed.origin:
        return None
    if (here / "vitcourse.zip").is_file():
        shutil.unpack_archive(here / "vitcourse.zip", here / "vit-course")
    elif ADDRESS:
        clone(here / "vit-course")
    if (here / "vit-course" / "vitcourse" / "__init__.py").is_file():
        return here / "vit-course"
    if IN_COLAB:
        raise SetupError("upload vitcourse.zip (README, section Colab) in the folder panel, then run again.")
    raise SetupError("vitcourse is not here: put this notebook into the course's folder notebooks/ and run again.")


def clone(folder):
    part = folder.with_name(folder.name + ".part")  # renamed when whole: half a clone is never taken for the course
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "clone", "--quiet", "--depth=1", ADDRESS, str(part)]
    try:
        quiet = dict(os.environ, GIT_TERMINAL_PROMPT="0")
        subprocess.run(command, env=quiet, capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=True)
    except (OSError, subprocess.SubprocessError):
        raise SetupError(f"{ADDRESS} could not be cloned. Is there a network, and git? Then run again.") from None
    part.rename(folder)


if importlib.util.find_spec("torch") is None:
    raise SetupError("PyTorch is missing in this Python. Start the notebooks with `make lab`, as the README says.")
course = find_course()
if course and str(course) not in sys.path:
    sys.path.insert(0, str(course))

from vitcourse import check, hint, mine, progress, solution

print("Ready.")
'''


def setup_source(address=None):
    """The setup cell's text for the course's public address, or for a course that has none yet."""
    return TEMPLATE.replace("@ADDRESS@", f'"{address or ""}"').rstrip()


def badge(address, notebook):
    """A Markdown badge that opens `notebook` (notebooks/01_patches.ipynb) in Colab; None for what Colab cannot open."""
    prefix = "https://github.com/"
    if not address or not address.startswith(prefix):
        return None
    target = f"https://colab.research.google.com/github/{address.removeprefix(prefix)}/blob/main/{notebook}"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target})"


def repository_address(root):
    """The course's public address from pyproject's [project.urls], or None while there is none."""
    with open(Path(root) / "pyproject.toml", "rb") as file:
        urls = tomllib.load(file)["project"].get("urls", {})
    return urls.get("Repository", "").strip().rstrip("/").removesuffix(".git") or None
