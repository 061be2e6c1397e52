"""A notebook as its JSON: read, written, and whether somebody has worked in it. No nbformat: a learner may lack it."""

import json
from pathlib import Path

from ..common.errors import CourseError
from ..common.files import first_line

TODO = "# TODO:"  # begins what an exercise asks for; the stub's raise stands right below it
RAISE = "raise NotImplementedError"


class NotebookError(CourseError):
    """A file is no notebook that can be merged; the message says which and why."""


def parse(text, name):
    """Return a notebook's dict from its text, or raise NotebookError with a sentence that begins with `name`."""
    try:
        notebook = json.loads(text)
        cells = notebook["cells"] if notebook["nbformat"] == 4 else None
        fine = isinstance(notebook["metadata"], dict) and all(_is_cell(cell) for cell in cells)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        marks = " (it holds conflict marks)" if "<<<<<<<" in text else ""
        cause = marks or (f" ({first_line(error)})" if isinstance(error, ValueError) else "")
        raise NotebookError(f"{name} cannot be read as a notebook of format 4{cause}") from None
    if not fine:
        raise NotebookError(f"{name} cannot be read as a notebook of format 4")
    return notebook


def _is_cell(cell):
    source = cell["source"]
    lines = [source] if isinstance(source, str) else source
    return (
        isinstance(cell["cell_type"], str)
        and isinstance(cell.get("metadata", {}), dict)
        and isinstance(lines, list)
        and all(isinstance(line, str) for line in lines)
    )


def read(path, name=None):
    """Return the notebook in a file, or raise NotebookError."""
    name = name or Path(path).name
    try:
        return parse(Path(path).read_text(encoding="utf-8-sig"), name)
    except OSError as error:
        raise NotebookError(f"{name} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise NotebookError(f"{name} cannot be read as a notebook of format 4 (it is not UTF-8)") from None


def to_text(notebook):
    """Return the text of a notebook's file, set as nbformat and JupyterLab set it."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character, which JSON can write and UTF-8 cannot
        text = json.dumps(notebook, indent=1, sort_keys=True)
    return text + "\n"


def source_of(cell):
    """Return a cell's source as one text, with plain line ends."""
    source = cell["source"]
    return (source if isinstance(source, str) else "".join(source)).replace("\r\n", "\n")


def same(one, other):
    """Whether two cells are of one kind and say the same; trailing blanks do not count. False when one is None."""
    if one is None or other is None:
        return False
    kinds = one["cell_type"] == other["cell_type"]
    return kinds and source_of(one).rstrip() == source_of(other).rstrip()


def grade_id(cell):
    """Return the name that nbgrader knows a cell by, or None."""
    graded = cell.get("metadata", {}).get("nbgrader")
    return graded.get("grade_id") if isinstance(graded, dict) else None


def is_exercise(cell):
    """Whether the learner writes the answer of an exercise in this cell."""
    metadata = cell.get("metadata", {})
    graded = metadata.get("nbgrader")
    return "exercise" in (metadata.get("tags") or ()) or (isinstance(graded, dict) and graded.get("solution") is True)


def is_blank(cell):
    """Whether an exercise's cell is a stub: below each TODO stands its raise and nothing else."""
    lines = [line.strip() for line in source_of(cell).splitlines()]
    todos = [number for number, line in enumerate(lines) if line.startswith(TODO)]
    below = [next((line for line in lines[number:] if not line.startswith("#")), "") for number in todos]
    return bool(below) and all(line.startswith(RAISE) for line in below)


def was_run(notebook):
    """Whether a cell holds an output or a number, so that somebody has run it."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return any(cell.get("outputs") or cell.get("execution_count") is not None for cell in code)


def as_built(notebook):
    """Whether a notebook is as the build writes it: never run, never saved from a kernel, every exercise a stub."""
    language = notebook["metadata"].get("language_info") or {}
    fresh = all("id" in cell and (is_blank(cell) or not is_exercise(cell)) for cell in notebook["cells"])
    return fresh and not was_run(notebook) and "version" not in language
