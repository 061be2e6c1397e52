"""Start JupyterLab for a browser test, and drive one notebook in it as a learner does: by clicks and keys."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no dialog over the notebook
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells stay in the page
}


class Lab:
    """A JupyterLab server on `root` with settings of its own, started by `command`; use it in a `with` statement."""

    def __init__(self, root, progress, command=None):
        self.command = [sys.executable, *(command or ["-m", "jupyterlab", f"--ServerApp.root_dir={root}"])]
        self.root, self.own, self.progress = root, root / ".jupyter-test", progress
        self.log = self.own / "lab.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{self.port}"
        for name, values in SETTINGS.items():
            file = self.own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        folders = {f"JUPYTER_{name}": str(self.own / name.lower()) for name in names}
        folders |= {f"JUPYTERLAB_{name}_DIR": str(self.own / name.lower()) for name in ("WORKSPACES", "SETTINGS")}
        self.env = dict(os.environ, IPYTHONDIR=str(self.own / "ipython"), VITCOURSE_HOME=str(progress), **folders)

    def __enter__(self):
        options = [
            "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}", "--ServerApp.port_retries=0",
            f"--ServerApp.token={self.token}", "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]  # fmt: skip
        command = [*self.command, *options]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=self.env)
        wait_until(self.answers, 90, f"JupyterLab did not start:\n{self.log.read_text()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path):
        """The server's answer to a call of its interface, or None while it has none."""
        try:
            with urllib.request.urlopen(f"{self.url}/api{path}?token={self.token}", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.HTTPError, OSError):  # also a 500, while a kernel is starting
            return None

    def answers(self):
        """Whether the server is up; raises when it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"JupyterLab ended:\n{self.log.read_text()}")
        return self.get("") is not None

    def kernel_is_ready(self, path):
        """Whether a notebook's kernel is idle and the page is connected to it: before that a run is lost unsaid."""
        kernels = [session["kernel"] for session in self.get("/sessions") or [] if session["path"] == path]
        return bool(kernels) and kernels[0]["execution_state"] == "idle" and kernels[0]["connections"] >= 1


class NotebookPage:
    """One notebook on a page: cells are found by their id in the notebook's file."""

    def __init__(self, page, lab, path):
        self.page = page
        notebook = json.loads((lab.root / path).read_text(encoding="utf-8"))
        self.cells = notebook["cells"]
        self.places = {cell["id"]: place for place, cell in enumerate(self.cells)}
        page.goto(f"{lab.url}/doc/tree/{path}?token={lab.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        wait_until(lambda: lab.kernel_is_ready(path), 120, "the kernel never became ready", page.wait_for_timeout)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")

    def cell(self, key):
        """The cell's element."""
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{self.places[key]}']")

    def output(self, key):
        """The element of a cell's outputs."""
        return self.cell(key).locator(".jp-OutputArea").first

    def is_folded(self, key):
        """Whether a cell's code is hidden."""
        return not self.cell(key).locator(".cm-content").count()

    def click(self, key):
        """Put the cursor into a cell; of a folded cell, choose it at its edge, where a click does not open it."""
        self.cell(key).scroll_into_view_if_needed()
        if self.is_folded(key):
            self.cell(key).click(position=dict(x=self.cell(key).bounding_box()["width"] - 2, y=2))
        else:
            self.cell(key).locator(".cm-content").click()

    def run(self, key, seconds=120):
        """Run one cell with the keyboard and wait for its end; a run that is lost on the way is sent again."""
        folded = self.is_folded(key)  # then it shows no number, and its output is the sign that it ran
        prompt = self.output(key) if folded else self.cell(key).locator(".jp-InputPrompt").first
        before = prompt.text_content()
        for last in (False, False, True):
            self.click(key)
            self.page.keyboard.press("Shift+Enter")
            try:
                wait_until(
                    lambda: prompt.text_content() != before, 20, f"{key} did not start", self.page.wait_for_timeout
                )
                break
            except AssertionError:
                if last:
                    raise
        ended = re.compile(r"\S" if folded else r"\[\d+\]")
        wait_until(
            lambda: ended.search(prompt.text_content()), seconds, f"{key} did not end", self.page.wait_for_timeout
        )

    def type_into(self, key, text):
        """Replace a cell's text key by key."""
        self.click(key)
        keyboard = self.page.keyboard
        keyboard.press("Control+A")
        keyboard.press("Delete")
        for number, line in enumerate(text.splitlines()):
            if number:
                keyboard.press("Enter")
                keyboard.press("Shift+Home")  # over the indentation that the editor put there
            keyboard.type(line)


def use_dark_theme(page):
    """Choose JupyterLab's dark theme in its menu."""
    items = page.locator(".lm-Menu-item")
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    items.filter(has_text=re.compile(r"^\s*Theme\s*$")).hover()
    items.filter(has_text=re.compile(r"^\s*JupyterLab Dark\s*$")).click()
    page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")


def wait_until(condition, seconds, otherwise, sleep=lambda milliseconds: time.sleep(milliseconds / 1000)):
    """Ask again and again until `condition()` holds; fail with the sentence `otherwise` after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        sleep(200)
