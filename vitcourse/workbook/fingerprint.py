"""An exercise's fingerprint: it changes when the answer, the draw or the probe does, never for words.

Works on text alone (no torch). What counts is the code of the reference's definition, and of the check's draw and probe
with every name of `exercises/` that those reach. What is only read does not: comments, docstrings, hints, mistakes, and
the names in words that a probe gives to what it sees.
"""

import ast
import functools
import hashlib

from ..common.places import PACKAGE
from ..exercises import lab_of, module_name
from .reference_text import reference_source

EXERCISES = PACKAGE / "exercises"
COUNTS = ("draw", "probe", "cases", "dtype_named")  # of an Exercise's fields


@functools.cache
def fingerprint(exercise_id):
    """A short hash of all that decides whether an answer passes (see above)."""
    path = EXERCISES / lab_of(exercise_id).stem / f"{module_name(exercise_id)}.py"
    return fingerprint_of(reference_source(exercise_id), path, EXERCISES)


def fingerprint_of(reference, path, root):
    """The fingerprint of an exercise from the text of its answer and the path of its module, root/<lab>/<name>.py."""
    code = [_shape(ast.parse(reference)), *sorted(map(_shape, _reached(path, root)))]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]


def _reached(path, root):
    """The nodes of an Exercise's draw, probe and cases, and of each definition below root that they reach."""
    (exercise,) = _module(path).definitions["EXERCISE"]
    waiting = [(path, keyword) for keyword in exercise.value.keywords if keyword.arg in COUNTS]
    nodes, seen = [], set()
    while waiting:
        path, node = waiting.pop()
        nodes.append(node)
        for used in _used(path, node, root) - seen:
            seen.add(used)
            waiting += [(used[0], definition) for definition in _module(used[0]).definitions[used[1]]]
    return nodes


def _used(path, node, root):
    """The definitions below root that the names in a node mean: a set of (file, name)."""
    module, found = _module(path), set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(module.imports.get(part.id, (path, part.id)))
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in module.imports:
            package, name = module.imports[part.value.id]  # `common.draw_map`, after `from . import common`
            found.add((package and package.with_name(name + ".py"), part.attr))
    inside = {(file, name) for file, name in found if file and file.is_relative_to(root) and file.is_file()}
    return {(file, name) for file, name in inside if name in _module(file).definitions}


class _Module:
    """A module's top-level definitions, name -> statements, and its relative imports, name -> (file, name there)."""

    def __init__(self, path, text):
        self.definitions, self.imports = {}, {}
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom):
                self.imports |= {name.asname or name.name: (_file(path, node), name.name) for name in node.names}
                continue
            names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            for name in [node.name] if hasattr(node, "name") else names:
                self.definitions.setdefault(name, []).append(node)


def _file(path, node):
    """The file that `from ..a.b import c` in a module reads, or None for one that is not relative."""
    if not node.level:
        return None
    base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
    return base.with_suffix(".py") if node.module and not base.is_dir() else base / "__init__.py"


def _module(path):
    return _parsed(path, path.read_text(encoding="utf-8"))


@functools.cache
def _parsed(path, text):
    return _Module(path, text)


def _shape(node):
    """A syntax tree as text, without words, and without empty fields: those differ between versions of Python."""
    if isinstance(node, list):
        return f"[{', '.join(map(_shape, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    if isinstance(node, ast.Call) and _sees(node.func):
        fields["keywords"] = [keyword for keyword in node.keywords if keyword.arg != "axes"]  # words, too
        fields["args"] = [argument for argument in node.args if argument is not node.args[0] or not _is_text(argument)]
    given = (f"{name}={_shape(value)}" for name, value in fields.items() if value is not None and value != [])
    return f"{type(node).__name__}({', '.join(given)})"


def _is_text(node):
    return isinstance(node, ast.Constant | ast.JoinedStr)


def _sees(function):
    """Whether it is `see` or one of its methods, whose first argument is a name in words."""
    return getattr(getattr(function, "value", function), "id", None) == "see"
