"""For all tests: a progress folder of their own, so that no run touches the developer's, and no strict mode."""

import os

import pytest


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """Point VITCOURSE_HOME at an empty folder for each test, and forget settings of the shell."""
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path_factory.mktemp("progress")))
    for name in ("VITCOURSE_STRICT", "NBGRADER_EXECUTION", "VITCOURSE_REPO"):
        monkeypatch.delenv(name, raising=False)


def pytest_configure():
    os.environ.setdefault("MPLBACKEND", "Agg")  # no window, on any machine
