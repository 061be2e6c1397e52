"""A learner who fills in nothing runs each notebook to its end: every check says so, and no other cell fails.

The kernels look like Colab's (see colab_session.py), so that the same run shows that the labs work there.
"""

import ast
import os
import re
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import read
from nbformat.v4 import new_code_cell, new_notebook

from vitcourse.common.places import REPO
from vitcourse.exercises import LABS
from vitcourse.workbook import Status
from vitcourse.workbook.report import WORDS

NOTEBOOKS = sorted((REPO / "notebooks").glob("*.ipynb"))
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
        timeout=1800,  # a kernel that hangs, and no measure
        kernel_name="python3",
        extra_arguments=["--log-level=50"],
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=env)


def quick_part(notebook):
    """Take out the cells tagged `slow`, and the later ones that need what those define; returns their ids.

    The solved notebooks run every cell under nbval. With blank exercises the slow ones would do the same, since there
    `mine` gives the reference.
    """
    missing, defined, out = set(), set(), []
    for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
        names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        needs = {node.id for node in names if isinstance(node.ctx, ast.Load)} & missing - stored
        if "slow" in cell.metadata.get("tags", []) or needs:
            assert not {"exercise", "check"} & set(cell.metadata.get("tags", [])), f"{cell.id} needs a slow cell"
            out.append(cell.id)
            missing |= stored - defined
        else:
            defined |= stored
            missing -= stored
    notebook.cells = [cell for cell in notebook.cells if cell.id not in out]
    return out


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
    quick_part(notebook)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]
    run_as_learner(notebook, path.parent, tmp_path)
    assert problems_of(notebook) == []
    assert checks and all(cell.execution_count for cell in checks)


def test_what_needs_a_slow_cell_is_left_out_with_it():
    sources = {
        "a": "x = 1",
        "b": "y = x",
        "c": "print(y)",
        "d": "y = 2",
        "e": "print(y)",
        "f": "x = y",
        "g": "print(x)",
    }
    cells = [new_code_cell(source, id=key) for key, source in sources.items()]
    cells[1].metadata["tags"] = ["slow"]
    notebook = new_notebook(cells=cells)
    assert quick_part(notebook) == ["b", "c"]
    assert [cell.id for cell in notebook.cells] == ["a", "d", "e", "f", "g"]


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
