"""The build writes the same bytes twice, keeps old files when a lab fails, and says what is stale."""

import base64
import io
import json
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
from PIL import Image

from vitcourse.authoring import build, execute, outputs
from vitcourse.authoring.master import MasterError
from vitcourse.common.errors import CourseError
from vitcourse.common.places import REPO
from vitcourse.workbook.reference_text import learner_source, solution_source

NAME = "01_patches.ipynb"


@pytest.fixture
def fake_run(monkeypatch):
    """Stands for the real run: no kernel, an output under each code cell."""

    def run(notebook, stem, folder, timeout=0):
        for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="PASS\n")]

    monkeypatch.setattr(execute, "run", run)
    return run


@pytest.fixture
def built(checkout, fake_run):
    assert build.main(root=checkout) == 0
    return checkout


def cells(path):
    return {cell.id: cell for cell in nbformat.read(path, 4).cells}


def checked(root, capsys):
    """The exit code and the lines of build --check."""
    capsys.readouterr()
    code = build.main(check=True, root=root)
    return code, capsys.readouterr().out.splitlines()


def test_the_cells_are_cut_from_the_reference(built):
    learner, solved = cells(built / "notebooks" / NAME), cells(built / "labs_solutions" / NAME)
    assert learner["patchify"].source == learner_source("patchify")
    assert solved["patchify"].source == solution_source("patchify")
    assert "NotImplementedError" in learner["patchify"].source
    assert "02_tokens.ipynb#why" in learner["intro"].source
    assert learner["check-patchify"].metadata["nbgrader"]["points"] == 1
    assert learner["patchify"].metadata["nbgrader"]["solution"] is True
    assert "from vitcourse import check" in learner["setup"].source
    assert not any(cell.get("outputs") for cell in learner.values())


def test_the_setup_cell_arrives_folded(built):
    for folder in ("notebooks", "labs_solutions"):
        found = cells(built / folder / NAME)
        setup = found.pop("setup")
        assert setup.metadata["jupyter"] == {"source_hidden": True} and setup.metadata["cellView"] == "form"
        assert setup.source.startswith("# @title Setup"), "Colab shows a folded cell's title, and nothing without one"
        assert not any({"jupyter", "cellView"} & set(cell.metadata) for cell in found.values())


def test_building_twice_gives_the_same_bytes(built):
    files = [built / folder / NAME for folder in ("notebooks", "labs_solutions")]
    before = [path.read_bytes() for path in files]
    for force in (False, True):  # with the outputs as they are, and run again
        assert build.main(root=built, force=force) == 0
        assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize(
    ("old", "new", "runs"),
    [
        ("A text of its own.", "Another text of its own.", False),
        ("plt.show()", "plt.show()\nprint(1)", True),
        ('{"key": "second-text"}', '{"key": "second"}', False),
        (":key: unpatchify\n```", ":key: unpatchify\n```\n```{code-cell}\n:key: new\nprint(2)\n```", True),
    ],
)
def test_a_lab_runs_again_only_for_its_code(built, edit, monkeypatch, capsys, fake_run, old, new, runs):
    ran = []
    monkeypatch.setattr(execute, "run", lambda *args, **options: ran.append(1) or fake_run(*args, **options))
    edit(old, new)
    assert build.main(root=built) == 0 and ran == [1] * runs
    assert checked(built, capsys)[0] == 0  # the words are new, and the outputs are there
    assert all(cell.outputs for cell in cells(built / "labs_solutions" / NAME).values() if cell.cell_type == "code")


def test_outputs_that_are_not_whole_are_not_kept(built, monkeypatch, fake_run):
    path, ran = built / "labs_solutions" / NAME, []
    monkeypatch.setattr(execute, "run", lambda *args, **options: ran.append(1) or fake_run(*args, **options))
    notebook = nbformat.read(path, 4)
    next(cell for cell in notebook.cells if cell.id == "patchify").execution_count = None
    for text in (nbformat.writes(notebook), "torn"):
        path.write_text(text)
        assert build.main(root=built) == 0
    assert ran == [1, 1]


def test_a_fresh_build_is_up_to_date(built, capsys):
    assert checked(built, capsys) == (0, ["vitcourse build --check: the notebooks of 1 labs are up to date."])


def test_a_notebook_in_which_somebody_worked_is_not_overwritten(built, capsys):
    path = built / "notebooks" / NAME
    blank = path.read_text()

    def answer(notebook):
        cell = next(cell for cell in notebook["cells"] if cell["id"] == "patchify")
        cell["source"] = ["def patchify(images, patch_size):\n", "    return images"]

    change_json(path, answer)
    worked = path.read_text()
    assert build.main(root=built) == 1 and path.read_text() == worked
    printed = capsys.readouterr().err
    assert "holds somebody's work" in printed and "vitcourse update" in printed and "--force" in printed
    assert build.main(force=True, root=built) == 0 and path.read_text() == blank


def change_json(path, change):
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def made_by_of(notebook):
    return notebook["metadata"]["vitcourse"]["made_by"]


def drop_outputs(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


def set_output(output):
    def change(notebook):
        next(c for c in notebook["cells"] if c["id"] == "picture")["outputs"] = [output]

    return change


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": [text]}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}


@pytest.mark.parametrize(
    ("folder", "change", "words"),
    [
        ("notebooks", lambda nb: nb["cells"][2].update(source=["x = 1"]), "changed: picture"),
        ("notebooks", lambda nb: nb["cells"].reverse(), "order"),
        ("notebooks", lambda nb: nb["metadata"].update(author="me"), "metadata"),
        ("notebooks", set_output(stream("hello")), "outputs"),
        ("labs_solutions", lambda nb: nb["cells"][2].update(source=["x = 1"]), "changed: picture"),
        ("labs_solutions", lambda nb: nb["cells"].pop(2), "new: picture"),
        ("labs_solutions", drop_outputs, "not run"),
        ("labs_solutions", set_output(ERROR), "shows an error: ValueError"),
        ("labs_solutions", set_output(stream("saved to /root/x")), "cell picture shows something of the machine"),
        ("labs_solutions", set_output(stream("x" * 1_100_000)), "is the limit"),
        ("labs_solutions", lambda nb: nb["metadata"].update(widgets={}), "widget state"),
        ("labs_solutions", lambda nb: nb["metadata"].update(author="me"), "metadata"),
        ("labs_solutions", lambda nb: nb["metadata"].pop("vitcourse"), "do not say which code"),
        ("labs_solutions", lambda nb: made_by_of(nb).update({"code cells": "0"}), "other code (code cells changed)"),
        ("labs_solutions", lambda nb: made_by_of(nb).update({"vitcourse/gone.py": "0"}), "(vitcourse/gone.py changed)"),
    ],
)
def test_check_names_the_notebook_and_the_reason(built, capsys, folder, change, words):
    change_json(built / folder / NAME, change)
    code, lines = checked(built, capsys)
    assert code == 1
    assert [line for line in lines if line.startswith(f"{folder}/{NAME}: ") and words in line], lines


@pytest.fixture
def copied(checkout, fake_run, edit):
    """The checkout with its own copy of the package, and a lab that uses some of it, built."""
    shutil.copytree(REPO / "vitcourse", checkout / "vitcourse", ignore=shutil.ignore_patterns("__pycache__"))
    edit("plt.show()", "from vitcourse.data import load_data\nmine('resample_positions')\nplt.show()")
    assert build.main(root=checkout) == 0
    return checkout


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("data/shapes.py", "SHAPE_CLASSES = (", "SHAPE_CLASSES = (1 + 1, ", True),  # imported by what the lab imports
        ("reference/tokens.py", "import torch", "import torch\nextra = 1", True),  # behind mine(…)
        ("workbook/report.py", '"""', '"""A word more. ', False),
        ("workbook/report.py", "import html", "import html\nextra = 1", True),  # the words of PASS
        ("exercises/__init__.py", '"Patches", 60', '"Patches", 61', True),  # the plan, which progress() prints
        ("data/shapes.py", "\nimport", "\n# A comment.\n\nimport", False),
        ("data/shapes.py", '"""', '"""A sentence more. ', False),
        ("reference/swin.py", "import torch", "import torch\nextra = 1", False),  # nothing that this lab reaches
        ("workbook/compare.py", "import", "extra = 1\nimport", False),  # of a check that passes nothing else is shown
    ],
)
def test_check_names_the_module_behind_old_outputs(copied, capsys, file, old, new, stale):
    path = copied / "vitcourse" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    _, lines = checked(copied, capsys)
    line = f"labs_solutions/{NAME}: its outputs were made by other code (vitcourse/{file} changed)"
    assert [each for each in lines if "made by other code" in each] == [line] * stale


def test_the_build_notes_the_code_as_it_was_before_the_run(copied, capsys, monkeypatch, fake_run):
    def edited_meanwhile(notebook, stem, folder, timeout=0):
        fake_run(notebook, stem, folder)
        (copied / "vitcourse" / "data" / "shapes.py").write_text("NEW = 1")

    monkeypatch.setattr(execute, "run", edited_meanwhile)
    assert build.main(root=copied, force=True) == 0
    assert any("vitcourse/data/shapes.py" in line for line in checked(copied, capsys)[1])


def test_check_names_an_edited_master(built, edit, capsys):
    edit("And back.", "And back again.")
    code, lines = checked(built, capsys)
    assert code == 1
    assert sum("changed: after-check-patchify" in line for line in lines) == 2


def test_check_names_missing_torn_and_orphan_notebooks(built, capsys):
    shutil.copy(built / "notebooks" / NAME, built / "notebooks" / "09_gone.ipynb")
    (built / "notebooks" / NAME).write_text("{")
    (built / "labs_solutions" / NAME).unlink()
    code, lines = checked(built, capsys)
    assert code == 1
    for start in (
        f"notebooks/{NAME}: not readable",
        f"labs_solutions/{NAME}: missing",
        "notebooks/09_gone.ipynb: has no",
    ):
        assert any(line.startswith(start) for line in lines), lines


def test_check_reports_an_authors_slip(built, edit, capsys):
    edit(":key: picture\n", "")
    code, lines = checked(built, capsys)
    assert code == 1 and any("no key" in line for line in lines)


@pytest.mark.parametrize("problem", ["run", "slip", "interrupt", "path"])
def test_a_lab_that_fails_keeps_its_old_files(built, edit, monkeypatch, capsys, problem):
    files = [built / folder / NAME for folder in ("notebooks", "labs_solutions")]
    before = [path.read_bytes() for path in files]
    edit("plt.show()", "plt.show()\nprint(1)")

    def run(notebook, stem, folder, timeout=0):
        if problem == "run":
            raise execute.RunError("01_patches: cell picture failed")
        if problem == "interrupt":
            raise KeyboardInterrupt
        notebook.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{built}/x\n")]

    monkeypatch.setattr(execute, "run", run)
    if problem == "slip":
        edit(":key: picture\n", "")
    assert build.main(root=built) == (130 if problem == "interrupt" else 1)
    assert [path.read_bytes() for path in files] == before
    assert "as they were" in capsys.readouterr().err


def test_the_learners_notebooks_alone_are_written_without_a_run(built, edit, monkeypatch):
    def run(*_, **__):
        raise AssertionError("a cell was run")

    monkeypatch.setattr(execute, "run", run)
    edit("And back.", "And back again.")
    solved = (built / "labs_solutions" / NAME).read_bytes()
    assert build.main(learner=True, root=built) == 0
    assert "And back again." in cells(built / "notebooks" / NAME)["after-check-patchify"].source
    assert (built / "labs_solutions" / NAME).read_bytes() == solved
    edit(":key: picture\n", "")
    assert build.main(learner=True, root=built) == 1


def test_a_master_is_wrapped_and_nothing_built(checkout, edit):
    path = edit("And back.", "And back. " * 20)
    assert build.main(["patches"], wrap=True, root=checkout) == 0
    assert max(map(len, path.read_text().splitlines())) <= 120 and not (checkout / "notebooks").exists()


def test_the_authors_errors_are_the_users():
    for kind in (build.BuildError, MasterError, execute.RunError):
        assert issubclass(kind, CourseError)


@pytest.mark.parametrize("name", ["01_patches", "01", "patches", "labs/01_patches.md"])
def test_a_lab_is_found_by_any_of_its_names(checkout, fake_run, name):
    assert build.main([name], root=checkout) == 0
    assert (checkout / "notebooks" / NAME).exists()


def test_an_unknown_lab_and_an_empty_folder_are_named(checkout, tmp_path_factory, capsys):
    assert build.main(["nonsense"], root=checkout) == 2
    assert "01_patches" in capsys.readouterr().err
    assert build.main(check=True, root=tmp_path_factory.mktemp("empty")) == 2


def test_the_badge_and_the_clone_come_from_the_one_address(checkout, fake_run):
    file = checkout / "pyproject.toml"
    file.write_text(file.read_text() + 'Repository = "https://github.com/someone/course.git"\n')
    assert build.main(root=checkout) == 0
    learner = cells(checkout / "notebooks" / NAME)
    assert "someone/course/blob/main/notebooks/01_patches.ipynb" in learner["colab"].source
    assert '"https://github.com/someone/course"' in learner["setup"].source


def test_no_badge_without_an_address(built):
    assert "colab" not in cells(built / "notebooks" / NAME)


def test_a_notebook_that_is_too_big_has_its_photographs_rounded(checkout, monkeypatch):
    noise = np.random.default_rng(0).normal(128, 8, (400, 700, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": "<Figure>"}

    def run(notebook, stem, folder, timeout=0):
        cell = next(cell for cell in notebook.cells if cell.id == "picture")
        cell.outputs = [nbformat.v4.new_output("display_data", data=dict(data))]

    monkeypatch.setattr(execute, "run", run)
    monkeypatch.setattr(outputs, "LIMIT", len(data["image/png"]) - 1000)
    assert build.main(root=checkout) == 0
    kept = cells(checkout / "labs_solutions" / NAME)["picture"].outputs[0].data["image/png"]
    assert len(kept) < len(data["image/png"])


# --- with a real kernel


@pytest.fixture
def real(checkout):
    """The checkout with a course of three lines, so that the run is quick."""
    package = checkout / "vitcourse"
    package.mkdir()
    (checkout / "labs_solutions").mkdir()
    names = "check = hint = mine = progress = solution = lambda *names: print('PASS', *names)\n"
    (package / "__init__.py").write_text(names)
    return checkout


def test_a_real_run_keeps_small_outputs_and_a_failing_cell_is_shown(real, edit, capsys):
    code = build.main(root=real)
    assert code == 0, capsys.readouterr()
    path = real / "labs_solutions" / NAME
    solved = cells(path)
    assert solved["check-patchify"].outputs[0].text == "PASS patchify\n"
    picture = solved["picture"].outputs[-1].data["image/png"]
    assert Image.open(io.BytesIO(base64.b64decode(picture))).mode in ("P", "RGB")  # it was packed: matplotlib's is RGBA
    assert nbformat.read(path, 4).metadata["language_info"] == {"name": "python"}
    assert checked(real, capsys)[0] == 0

    before = path.read_bytes()
    edit("plt.show()", "raise ValueError('the picture is wrong')")
    assert build.main(root=real) == 1
    said = capsys.readouterr().err
    assert "01_patches: cell picture failed" in said and "the picture is wrong" in said
    assert path.read_bytes() == before


def test_ctrl_c_ends_the_kernel_and_keeps_the_old_files(real, edit, capsys):
    edit("plt.show()", "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(1200)")
    (real / "notebooks").mkdir()
    files = [real / folder / NAME for folder in ("notebooks", "labs_solutions")]
    for path in files:
        path.write_text("old")
    command = f"import sys; from vitcourse.authoring import build; sys.exit(build.main(root={str(real)!r}))"
    # a shell that starts jobs in the background lets them ignore Ctrl-C, and so would this process
    heard = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {command}"
    process = subprocess.Popen([sys.executable, "-c", heard], cwd=REPO, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 600  # a test that hangs, and no measure
    while not (real / "labs_solutions" / "started").exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 130 and said.strip().startswith("Interrupted") and "Traceback" not in said
    assert [path.read_text() for path in files] == ["old", "old"]
