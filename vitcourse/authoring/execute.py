"""Run a solved notebook as a learner would, from a clean start, and keep what it shows."""

import asyncio
import contextlib
import os
import re
import signal
import tempfile
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ..common.errors import CourseError
from .outputs import clean

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class RunError(CourseError):
    """A cell failed while its notebook was run; the message names the lab and the cell and ends with the traceback."""


def run(notebook, stem, folder, timeout=900):
    """Run `notebook` in place, in a new kernel with an empty progress folder, with failed checks raising.

    Args:
        notebook: a solved notebook without outputs.
        stem: the lab's name, for messages.
        folder: the working directory of its cells.
        timeout: seconds that one cell may take.

    Raises:
        RunError: when a cell raises, takes too long, or its kernel dies.
        KeyboardInterrupt: after Ctrl-C, when the kernel has ended.
    """
    current, stopped = [], []

    def begin_cell(cell, cell_index):
        current.append(cell)
        task = asyncio.current_task()
        # nbclient answers Ctrl-C by taking the kernel away under its own feet; a cancelled task ends in order
        with contextlib.suppress(NotImplementedError, RuntimeError):  # on Windows, and in other threads
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: (stopped.append(cell), task.cancel()))

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        extra_arguments=["--log-level=50"],  # the kernel's own log, which helps no author
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        on_cell_start=begin_cell,
    )
    with tempfile.TemporaryDirectory(prefix="vitcourse-build-") as home:
        try:
            client.execute(env=kernel_environment(home))
        except CellExecutionError as error:
            raise RunError(f"{stem}: cell {current[-1].id} failed:\n{COLOUR.sub('', str(error))}") from None
        except CellTimeoutError:
            raise RunError(f"{stem}: cell {current[-1].id} took more than {timeout} seconds") from None
        except (DeadKernelError, asyncio.CancelledError):  # nbclient takes every cancelled cell for a dead kernel
            if stopped:
                raise KeyboardInterrupt from None
            where = f"at cell {current[-1].id}" if current else "before its first cell"
            raise RunError(f"{stem}: the kernel stopped {where}") from None
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel filled in its version
    clean(notebook)


def kernel_environment(home):
    """The environment of a kernel that sees this checkout, a fresh progress folder and no settings of the user's."""
    keep = {name: value for name, value in os.environ.items() if name not in ("VITCOURSE_REPO", "MPLBACKEND")}
    return keep | {
        "VITCOURSE_STRICT": "1",
        "VITCOURSE_PROGRESS": "lines",  # a bar would stand in the notebook as it was at some moment
        "VITCOURSE_HOME": str(Path(home) / "progress"),
        "IPYTHONDIR": str(Path(home) / "ipython"),
        "PYTHONHASHSEED": "0",
    }
