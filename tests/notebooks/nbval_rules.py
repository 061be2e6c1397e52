"""Rules for nbval over labs_solutions/: pytest -p tests.notebooks.nbval_rules --nbval-lax … labs_solutions

Failed checks raise, each notebook starts with an empty progress folder, and after a notebook's first failing cell the
rest of it is skipped, so that the report shows the cause and not its consequences.
"""

import os
import tempfile

import pytest


def is_cell(item):
    """Whether a test is a notebook's cell."""
    return type(item).__name__ == "IPyNbCell"


def pytest_configure(config):
    os.environ["VITCOURSE_STRICT"] = "1"
    config.progress_folder = tempfile.TemporaryDirectory(prefix="vitcourse-nbval-")


def pytest_unconfigure(config):
    if hasattr(config, "progress_folder"):
        config.progress_folder.cleanup()


def pytest_collection_modifyitems(items):
    for item in items:
        if is_cell(item):
            item.output_timeout = 600  # nbval waits 5 s for a cell's last messages, too short on a busy machine


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    # before the kernel starts, which takes the environment with it
    if is_cell(item):
        folder = os.path.join(item.config.progress_folder.name, item.path.stem)
        os.environ["VITCOURSE_HOME"] = os.path.join(folder, "progress")
        os.environ["IPYTHONDIR"] = os.path.join(folder, "ipython")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and is_cell(item):
        item.parent.first_failure = item.name


def pytest_runtest_setup(item):
    first = getattr(item.parent, "first_failure", None)
    if first and is_cell(item):
        pytest.skip(f"{first} of this notebook failed")
