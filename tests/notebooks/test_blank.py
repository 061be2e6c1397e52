"""A learner who fills in nothing runs each notebook to its end: every check says so, and no other cell fails.

The kernels look like Colab's (see colab_session.py), so that the same run shows that the labs work there.
"""

import os
import re
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import read
from nbformat.v4 import new_code_cell, new_notebook

from vitcourse.exercises import LABS
from vitcourse.workbook import Status
from vitcourse.workbook.report import WORDS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STARTUP = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import colab_session
sys.path.pop(0)
colab_session.begin()
del sys, colab_session
"""


def run_as_learner(notebook, folder, home):
    """Run all cells in place, going on after errors, as in a fresh Colab session without any setting."""
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00_colab.py").write_text(STARTUP)
    ours = ("VITCOURSE_STRICT", "NBGRADER_EXECUTION", "VITCOURSE_REPO", "MPLBACKEND")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    env |= {"VITCOURSE_HOME": str(home / "progress"), "IPYTHONDIR": str(home / "ipython")}
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        extra_arguments=["--log-level=50"],
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=env)


def problems_of(notebook):
    """Sentences on cells that failed, and on checks that did not say NOT ATTEMPTED."""
    said = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        for output in cell.outputs:
            if output.output_type == "error" and not ("exercise" in tags and output.ename == "NotImplementedError"):
                trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback[-3:]))
                said.append(f"cell {cell.id} failed: {output.ename}: {output.evalue}\n{trace}")
        if "check" in tags and WORDS[Status.NOT_ATTEMPTED] not in str(cell.outputs):
            said.append(f"cell {cell.id} does not say {WORDS[Status.NOT_ATTEMPTED]}, but: {str(cell.outputs)[:300]}")
    return said


def test_there_is_a_notebook_for_each_lab():
    assert [path.stem for path in NOTEBOOKS] == [lab.file_stem for lab in LABS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_blank_notebook_runs_to_its_end(path, tmp_path):
    notebook = read(path, 4)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]
    run_as_learner(notebook, path.parent, tmp_path)
    assert problems_of(notebook) == []
    assert checks and all(cell.execution_count for cell in checks)


def test_a_failing_cell_and_a_check_that_says_nothing_are_seen(tmp_path):
    cells = [
        new_code_cell("raise NotImplementedError('TODO')", id="todo", metadata={"tags": ["exercise"]}),
        new_code_cell("raise NotImplementedError('x')", id="other"),
        new_code_cell("1 / 0", id="wrong", metadata={"tags": ["exercise"]}),
        new_code_cell("print('PASS')", id="check-x", metadata={"tags": ["check"]}),
        new_code_cell("print('NOT ATTEMPTED')", id="check-y", metadata={"tags": ["check"]}),
        new_code_cell("import ipywidgets\nipywidgets.Tab(titles=['a'])", id="newer"),
        new_code_cell("import sys\nassert 'google.colab' in sys.modules", id="colab"),
    ]
    notebook = new_notebook(cells=cells)
    run_as_learner(notebook, tmp_path, tmp_path)
    assert [line.split()[1] for line in problems_of(notebook)] == ["other", "wrong", "check-x", "newer"]
