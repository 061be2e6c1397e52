"""The first cell finds the course wherever a notebook lies, and says in one sentence what is missing."""

import os
import subprocess
import sys
import zipfile

import pytest

from vitcourse.authoring.setup_cell import badge, setup_source

COURSE = "check = hint = mine = progress = solution = None\n"
# -S: without site-packages, so that neither torch nor an installed vitcourse is there
SHOW = """
import sys
sys.path.insert(0, sys.argv[1])
if sys.argv[3] == "colab":
    sys.modules["google.colab"] = object()
scope = {"__name__": "__main__"}
try:
    exec(compile(open(sys.argv[2]).read(), "setup", "exec"), scope)
    print(scope["course"])
except Exception as error:
    print("\\n".join(error._render_traceback_()))
"""


@pytest.fixture
def run(tmp_path):
    """Run the setup cell in `folder` in a bare Python; returns what it prints."""
    fake = tmp_path / "fake"
    (fake / "torch").mkdir(parents=True)
    (fake / "torch" / "__init__.py").write_text("")

    def start(folder, address=None, torch=True, colab=False):
        folder.mkdir(parents=True, exist_ok=True)
        cell = tmp_path / "cell.py"
        cell.write_text(setup_source(address))
        command = [
            sys.executable,
            "-S",
            "-c",
            SHOW,
            str(fake if torch else tmp_path),
            str(cell),
            "colab" if colab else "",
        ]
        env = {key: value for key, value in os.environ.items() if key not in ("VITCOURSE_REPO", "PYTHONPATH")}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return start


def course(folder):
    (folder / "vitcourse").mkdir(parents=True)
    (folder / "vitcourse" / "__init__.py").write_text(COURSE)
    return folder


def git_repository(folder):
    course(folder)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_it_finds_the_course_above(run, tmp_path):
    root = course(tmp_path / "course")
    assert run(root / "notebooks").splitlines() == ["Ready.", str(root)]


def test_it_clones_once_and_then_uses_the_clone(run, tmp_path):
    source, here = git_repository(tmp_path / "public"), tmp_path / "content"
    assert run(here, address=str(source), colab=True).splitlines() == ["Ready.", str(here / "vit-course")]
    source.rename(tmp_path / "moved")
    assert run(here, address=str(source), colab=True).startswith("Ready.")


def test_a_broken_off_clone_is_made_anew(run, tmp_path):
    source, here = git_repository(tmp_path / "public"), tmp_path / "content"
    (here / "vit-course").mkdir(parents=True)
    (here / "vit-course.part" / "vitcourse").mkdir(parents=True)
    assert run(here, address=str(source)).startswith("Ready.")


def test_a_failed_clone_is_one_sentence(run, tmp_path):
    said = run(tmp_path / "content", address=str(tmp_path / "nowhere"))
    assert said.startswith("Setup stopped:") and "could not be cloned" in said and len(said.splitlines()) == 1


def test_without_an_address_it_says_how_to_bring_the_course(run, tmp_path):
    assert "folder notebooks/" in run(tmp_path / "alone")
    assert "upload vitcourse.zip" in run(tmp_path / "alone", colab=True)


def test_an_uploaded_archive_is_unpacked(run, tmp_path):
    here = tmp_path / "content"
    here.mkdir()
    with zipfile.ZipFile(here / "vitcourse.zip", "w") as archive:
        archive.writestr("vitcourse/__init__.py", COURSE)
    assert run(here, colab=True).splitlines() == ["Ready.", str(here / "vit-course")]


def test_a_missing_torch_is_one_sentence(run, tmp_path):
    said = run(course(tmp_path / "course"), torch=False)
    assert "PyTorch is missing" in said and len(said.splitlines()) == 1


def test_a_badge_needs_an_address_that_colab_can_open():
    assert badge(None, "notebooks/a.ipynb") is None
    assert badge("https://example.org/course", "notebooks/a.ipynb") is None
    assert "github/me/course/blob/main/notebooks/a.ipynb" in badge("https://github.com/me/course", "notebooks/a.ipynb")
