"""What a solved notebook's outputs were made by: one hash for its code cells, and one for each module they reach.

`vitcourse build` writes the hashes into the notebook; `vitcourse build --check` compares them with the code as it is,
so that a solved notebook whose text is right and whose numbers are old is named, with the module that changed.

A lab reaches the modules of vitcourse that its cells import and all that those import, the reference behind each
`mine(…)`, and the exercise behind each mistake that a cell shows. Of the checker only what words a PASS and a table of
progress are made of counts: a solved lab shows nothing else of it. A hash is that of the syntax tree without
docstrings: a comment, a blank line or a docstring changes nothing, a number does.

Not seen: the versions of Python, torch and other libraries, the machine (its CPU decides last digits and times), data
from elsewhere, a module whose name is made at run time, and comments that a cell prints by `inspect.getsource`.
"""

import ast
import functools
import hashlib

from ..exercises import exercise_ids, lab_of, module_name

KEY = "vitcourse"  # of the notebook's metadata
CELLS = "code cells"
# What a check that passes, mine() and progress() show: their words, and the plan. What they import is not followed.
VERBS = ("vitcourse.workbook.verbs", "vitcourse.workbook.report", "vitcourse.exercises")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SHOWS_MISTAKE = ("run_check", "mistake_answer")


def made_by(notebook, package):
    """The hashes of what a solved notebook's outputs depend on, as the code is now.

    Args:
        notebook: with its source cells as they are or were run.
        package: the folder of vitcourse that runs it.

    Returns:
        {"code cells": hash, "vitcourse/data/shapes.py": hash, …}, sorted by name.
    """
    cells = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found, todo = {}, _roots(cells, package)
    while todo:
        name = todo.pop()
        path = _locate(package, name)
        if path is None or name in found or name == "vitcourse":  # the package itself only loads the verbs
            continue
        text = path.read_text(encoding="utf-8")
        found[name] = path, text
        todo += _imports(text, package, name if path.name == "__init__.py" else name.rpartition(".")[0])
    for name in VERBS:
        path = _locate(package, name)
        if path is not None:
            found[name] = path, path.read_text(encoding="utf-8")
    hashes = {path.relative_to(package.parent).as_posix(): hash_of_code(text) for path, text in found.values()}
    return {CELLS: _short(cells)} | dict(sorted(hashes.items()))


def changes(before, now):
    """The names that have another hash in one than in the other, or are in one only, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


_parsed = functools.cache(ast.parse)  # most labs reach the same modules


@functools.cache
def hash_of_code(text):
    """A hash of a module's code: the same for any layout, comments and docstrings, and for every version of Python."""
    return _short(repr(_plain(_parsed(text))))


def _plain(node):
    """A syntax tree as lists, without its empty fields: newer Pythons have more of those (ast.dump would differ)."""
    if isinstance(node, ast.JoinedStr):  # 3.12 has an empty text behind a width that is computed
        return ["JoinedStr", *[_plain(each) for each in node.values if getattr(each, "value", None) != ""]]
    if isinstance(node, ast.AST):
        fields = [[name, _plain(value)] for name, value in ast.iter_fields(node) if value is not None and value != []]
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            fields = [[name, value[1:] if name == "body" else value] for name, value in fields]
        return [type(node).__name__, *fields]
    return [_plain(each) for each in node] if isinstance(node, list) else node


def _short(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _roots(cells, package):
    """The modules that a lab's code names: by an import, by mine(…), or by showing a known mistake."""
    names = list(_imports(cells, package))
    for node in ast.walk(_parsed(cells)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        exercise = getattr(node.args[0], "value", None)
        if exercise not in exercise_ids():
            continue
        stem = lab_of(exercise).stem
        if node.func.id in ("mine", *SHOWS_MISTAKE):
            names.append(f"vitcourse.reference.{stem}")
        if node.func.id in SHOWS_MISTAKE:
            names.append(f"vitcourse.exercises.{stem}.{module_name(exercise)}")
    return names


@functools.cache
def _imports(text, package, home=""):
    """The whole names of what a text in the package `home` imports of vitcourse, also inside functions."""
    found = []
    for node in ast.walk(_parsed(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = home.split(".")[: len(home.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*parents, *([node.module] if node.module else [])])
            wholes = [f"{origin}.{alias.name}" for alias in node.names]
            found += [whole if _locate(package, whole) else origin for whole in wholes]
    return [name for name in found if name.split(".")[0] == "vitcourse"]


def _locate(package, name):
    """The file of a module of vitcourse, or None when it has none."""
    path = package.joinpath(*name.split(".")[1:])
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
