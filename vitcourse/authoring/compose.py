"""Make a lab's two notebooks from its master: the learner's, and the solved one before it is run."""

import re

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ..workbook.reference_text import learner_source, solution_source
from .setup_cell import badge, setup_source

# No versions here: they change with the machine, and JupyterLab fills them in for itself.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The setup cell arrives folded, so that no lab begins with plumbing: JupyterLab's key, and Colab's, which then shows
# the title in the cell's first line.
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
LAB_LINK = re.compile(r"\]\((\d\d_\w+)\.md(#[^)\s]*)?\)")  # masters link to masters, notebooks to notebooks


def compose(master, address=None, solved=False):
    """The notebook of a `Master` without outputs; the same call gives the same bytes.

    Args:
        master: what `read_master` returns.
        address: the course's public address, or None.
        solved: whether exercise cells hold the answer.
    """
    cells = [_cell(cell, address, solved) for cell in master.cells]
    link = badge(address, f"notebooks/{master.stem}.ipynb")
    if link:
        cells.insert(0, new_markdown_cell(link, id="colab"))
    notebook = new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(notebook)
    return notebook


def _cell(cell, address, solved):
    metadata = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.kind == "markdown":
        return new_markdown_cell(LAB_LINK.sub(r"](\1.ipynb\2)", cell.source), id=cell.key, metadata=metadata)
    source = cell.source
    if cell.kind == "setup":
        source = setup_source(address)
        metadata |= FOLDED
    elif cell.kind == "exercise":
        source = (solution_source if solved else learner_source)(cell.exercise)
        metadata["nbgrader"] = _nbgrader(cell.key, solution=True, grade=False, locked=False)
    elif cell.kind == "check":
        metadata["nbgrader"] = _nbgrader(cell.key, solution=False, grade=True, locked=True) | {"points": 1}
    return new_code_cell(source, id=cell.key, metadata=metadata)


def _nbgrader(grade_id, **flags):
    return {"grade_id": grade_id, "schema_version": 3, "task": False} | flags


def to_text(notebook):
    """A notebook as the text of its file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"
