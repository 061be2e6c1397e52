"""`vitcourse lab`, `update` and `reset`: what they print, ask and return; the commands that a notebook finds."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from vitcourse import cli
from vitcourse.common.places import REPO

from .desk.notebooks import answer, course, load, put, run_all, text, write

WELCOME = "00_welcome"


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """A course of one lab, the learner's home not set, and JupyterLab's start noted in `repo.started`."""
    repo = tmp_path / "course"
    write(repo / "notebooks" / f"{WELCOME}.ipynb", course())
    started = []
    monkeypatch.delenv("VITCOURSE_HOME")
    monkeypatch.setenv("PATH", os.environ["PATH"])  # lab puts a folder in front: undone after the test
    monkeypatch.setattr(cli, "REPO", repo)
    monkeypatch.setattr(os, "execv", lambda program, command: started.append(command))
    monkeypatch.setattr(cli, "has_display", lambda: False)
    monkeypatch.setattr(sys, "stdin", None)
    return repo, started


def newer(repo):
    book = course()
    put(book, "intro", "# A better lab")
    write(repo / "notebooks" / f"{WELCOME}.ipynb", book)


def option(command, name):
    return next(word.split("=", 1)[1] for word in command if word.startswith(name + "="))


def test_lab_becomes_jupyterlab_on_the_learners_own_welcome_lab(repo, capsys):
    repo, started = repo
    assert cli.main(["lab", "--", "--port", "9999"]) == 0
    command = started[0]
    assert command[:3] == [sys.executable, "-m", "jupyterlab"] and command[-2:] == ["--port", "9999"]
    assert option(command, "--ServerApp.root_dir") == str(repo) and "--no-browser" in command
    assert option(command, "--LabApp.default_url") == f"/lab/tree/work/{WELCOME}.ipynb"
    assert load(repo / "work" / f"{WELCOME}.ipynb") == course()
    printed = capsys.readouterr().out
    assert "address" in printed and f"Copied into {repo / 'work'}" in printed
    assert cli.main(["lab"]) == 0 and "Copied" not in capsys.readouterr().out


@pytest.mark.parametrize("given", ["option", "home", "hidden"])
def test_a_folder_elsewhere_is_what_jupyterlab_shows(repo, tmp_path, monkeypatch, given):
    repo, started = repo
    folder = {"option": tmp_path / "mine", "home": tmp_path / "home" / "work", "hidden": repo / ".own" / "work"}[given]
    if given != "option":
        monkeypatch.setenv("VITCOURSE_HOME", str(folder.parent))
    assert cli.main(["lab", *(["--work", str(folder)] if given == "option" else [])]) == 0
    assert option(started[0], "--ServerApp.root_dir") == str(folder) and (folder / f"{WELCOME}.ipynb").is_file()
    assert option(started[0], "--LabApp.default_url") == f"/lab/tree/{WELCOME}.ipynb"


def test_lab_says_what_is_missing(repo, capsys):
    repo, started = repo
    (repo / "notebooks" / f"{WELCOME}.ipynb").unlink()
    assert cli.main(["lab"]) == 1 and "clone the course" in capsys.readouterr().err
    (repo / "notebooks" / f"{WELCOME}.ipynb").write_text("{")
    assert cli.main(["lab"]) == 1 and "git checkout" in capsys.readouterr().err
    write(repo / "notebooks" / f"{WELCOME}.ipynb", course())
    (repo / "work").rename(repo / "elsewhere")
    (repo / "work").write_text("a file")
    assert cli.main(["lab"]) == 1 and "Cannot write into" in capsys.readouterr().err
    assert started == []


class Terminal:
    """A terminal in which somebody types one answer."""

    def __init__(self, line):
        self.line = line

    def isatty(self):
        return True

    def readline(self):
        return self.line


@pytest.mark.parametrize(
    ("typed", "taken"), [("\n", True), ("y\n", True), ("Yes\n", True), ("n\n", False), ("what\n", False), ("", False)]
)
def test_lab_asks_before_it_takes_a_newer_course(repo, monkeypatch, capsys, typed, taken):
    repo, started = repo
    cli.main(["lab"])
    newer(repo)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert cli.main(["lab"]) == 0 and len(started) == 2
    printed = capsys.readouterr().out
    assert f"newer notebooks: {WELCOME}" in printed and ("`vitcourse update`" in printed) is not taken
    assert (text(load(repo / "work" / f"{WELCOME}.ipynb"), "intro") == "# A better lab") is taken


def test_lab_only_says_so_where_nobody_can_answer(repo, capsys):
    repo, started = repo
    cli.main(["lab"])
    newer(repo)
    assert cli.main(["lab"]) == 0 and len(started) == 2
    assert "`vitcourse update` takes them" in capsys.readouterr().out
    assert load(repo / "work" / f"{WELCOME}.ipynb") == course()


def test_update_and_reset_from_the_command_line(repo, capsys):
    repo, _ = repo
    assert cli.main(["update"]) == 0
    path = repo / "work" / f"{WELCOME}.ipynb"
    book = load(path)
    put(book, "cut", answer("cut"))
    run_all(book)
    write(path, book)
    newer(repo)
    assert cli.main(["update"]) == 0 and text(load(path), "cut") == answer("cut")
    assert "backup-1" in capsys.readouterr().out
    for lab in ("00", "welcome", WELCOME):
        assert cli.main(["reset", lab, "--exercise", "join"]) == 0
    assert text(load(path), "cut") == answer("cut")
    assert cli.main(["reset", "00"]) == 0 and "raise NotImplementedError" in text(load(path), "cut")
    assert cli.main(["reset", "99"]) == 2 and WELCOME in capsys.readouterr().err
    assert cli.main(["reset", "00", "--exercise", "glue"]) == 1 and "cut, join" in capsys.readouterr().err
    path.write_text("{")
    newer(repo)
    (repo / "work" / ".course" / f"{WELCOME}.ipynb").unlink()
    assert cli.main(["update"]) == 1 and "cannot be read" in capsys.readouterr().err


def test_a_notebook_of_that_jupyterlab_finds_the_command_and_the_course(repo, tmp_path, monkeypatch):
    """Where the shell does not know vitcourse, a cell of the lab does; also in a folder away from the course."""
    jupyter_client = pytest.importorskip("jupyter_client")
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]) if os.name == "posix" else "")
    cli.main(["lab", "--work", str(tmp_path / "mine")])
    setup = next(c for c in load(REPO / "notebooks" / "00_welcome.ipynb")["cells"] if c["id"] == "setup")
    manager, client = jupyter_client.manager.start_new_kernel(cwd=str(tmp_path / "mine"), env=dict(os.environ))
    try:
        printed = []

        def note(message):
            content = message["content"]
            printed.append(content.get("text") or json.dumps(content.get("evalue", "")))

        for code in ("!vitcourse --help", "".join(setup["source"]), "import vitcourse; print(vitcourse.__file__)"):
            client.execute_interactive(code, output_hook=note, timeout=300)
        printed = "".join(printed)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "usage: vitcourse" in printed and "Ready." in printed and "__init__.py" in printed, printed


def test_the_scripts_folder_comes_first(repo):
    cli.main(["lab"])
    first = os.environ["PATH"].split(os.pathsep)[0]
    assert subprocess.run([os.path.join(first, "vitcourse"), "--help"], capture_output=True).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="login shells are a matter of Unix")
def test_a_terminal_of_the_real_jupyterlab_finds_the_command(tmp_path):
    """Started without a terminal, as in a container, from a shell that does not know vitcourse."""
    websocket = pytest.importorskip("websocket")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = dict(os.environ, PATH="/usr/bin:/bin", HOME=str(tmp_path), PYTHONPATH=str(REPO), **own)
    options = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command = [sys.executable, "-m", "vitcourse", "lab", "--work", str(tmp_path / "mine"), "--", *options]
    with open(tmp_path / "log", "w") as log:
        lab = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        address = f"127.0.0.1:{port}/api/terminals"
        request = urllib.request.Request(f"http://{address}?token={token}", method="POST")
        for _ in range(600):
            try:
                name = json.load(urllib.request.urlopen(request, timeout=30))["name"]
                break
            except OSError:
                assert lab.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.2)
        url = f"ws://127.0.0.1:{port}/terminals/websocket/{name}?token={token}"
        connection = websocket.create_connection(url, timeout=120)
        connection.send(json.dumps(["stdin", "vitcourse --help; echo e''nd\r"]))
        shown = ""
        while "end" not in shown.replace("e''nd", ""):
            kind, *content = json.loads(connection.recv())
            shown += content[0] if kind == "stdout" else ""
        connection.close()
    finally:
        lab.terminate()
        lab.wait(60)
    assert "usage: vitcourse" in shown, shown
