"""One JupyterLab and one Chromium for all browser tests; without them the tests are skipped, with a word on it."""

import os
import shutil
from pathlib import Path

import pytest

from vitcourse.common.places import REPO

from .jupyter import CHROMIUM, Lab

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the notebooks beside the package, so that no test can change the repository."""
    if BROWSER is None:
        pytest.skip("the browser test was skipped: there is no Chromium here")
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(REPO / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (root / "vitcourse").symlink_to(REPO / "vitcourse")
    with Lab(root, progress=tmp_path_factory.mktemp("progress")) as lab:
        yield lab


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium."""
    if BROWSER is None:
        pytest.skip("the browser test was skipped: there is no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")
    with playwright.sync_playwright() as running:
        context = running.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("chromium")),
            executable_path=BROWSER,
            args=CHROMIUM,
            headless=True,
            viewport=dict(width=1300, height=1500),
        )
        yield context
        context.close()


@pytest.fixture
def page(browser):
    """A page of its own; `crashes` collects what went wrong in its JavaScript."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.crashes = []
    page.on("pageerror", lambda error: page.crashes.append(str(error)[:300]))
    yield page
    page.close()


@pytest.fixture
def photograph(tmp_path):
    """Save a picture of the page under a name; in $VITCOURSE_SHOTS where that is set."""
    folder = Path(os.environ.get("VITCOURSE_SHOTS") or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=str(folder / f"{name}.png"))
