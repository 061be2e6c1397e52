"""An exercise's fingerprint: it changes when the answer, the draw or the probe does, never for words.

Works on text alone (no torch). What counts is the code of the reference's definition, and of the check's draw and probe
with every name of `exercises/` that those reach. Not what is only read: comments, docstrings, hints, mistakes, what a
probe calls the things that it sees.
"""

import ast
import functools
import hashlib


from ..common.places import PACKAGE
from ..exercises import lab_of, module_name
from .reference_text import reference_source

EXERCISES = PACKAGE / "exercises"
COUNTS = ("draw", "probe", "cases")  # of an Exercise's fields


@functools.cache
def fingerprint(exercise_id):
    """A short hash of all that decides whether an answer passes (see above)."""
    path = EXERCISES / lab_of(exercise_id).stem / f"{module_name(exercise_id)}.py"
    return fingerprint_of(reference_source(exercise_id), path, EXERCISES)


def fingerprint_of(reference, path, root):
    """The fingerprint of an exercise from the text of its answer and the path of its module, root/<lab>/<name>.py."""
    code = [_shape(ast.parse(reference)), *sorted(_reached(path, root))]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]


def _reached(path, root):
    """The code of an Exercise's draw and probe, and of each definition below root that they use, directly or not."""
    call = next(node.value for node in _module(path).definitions["EXERCISE"])
    fields = [keyword for keyword in call.keywords if keyword.arg in COUNTS]
    waiting = [(path, field) for field in fields]
    seen, code = set(), []
    while waiting:
        path, node = waiting.pop()
        code.append(_shape(node))
        for name in ast.walk(node):
            used = _find(path, name, root)
            if used and used not in seen:
                seen.add(used)
                waiting += [(used[0], definition) for definition in _module(used[0]).definitions[used[1]]]
    return code


def _find(path, node, root):
    """(path, name) of the definition below root that a name, or an attribute of an imported module, means; or None."""
    module = _module(path)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        folder, name = module.imports.get(node.value.id, (None, None))
        path, name = (_file(path, root, folder, name), node.attr) if folder else (None, None)
    elif isinstance(node, ast.Name) and node.id in module.imports:
        folder, name = module.imports[node.id]
        path = _file(path, root, folder)
    else:
        name = getattr(node, "id", None)
    return (path, name) if path and name in _module(path).definitions else None


def _file(path, root, folder, *names):
    """The file that `from ..a.b import c` means in a module, or None when there is none below root."""
    level, parts = folder
    if level == 0 or not path.is_relative_to(root):
        return None
    base = path.parents[level - 1].joinpath(*parts, *names)
    found = next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
    return found if found and found.is_relative_to(root) else None


class _Module:
    """A module's top-level definitions, name -> statements, and its imports, name -> ((level, parts), name there)."""

    def __init__(self, text):
        self.definitions, self.imports = {}, {}
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom):
                folder = (node.level, tuple(node.module.split(".")) if node.module else ())
                self.imports |= {name.asname or name.name: (folder, name.name) for name in node.names}
                continue
            names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            for name in [node.name] if hasattr(node, "name") else names:
                self.definitions.setdefault(name, []).append(node)


def _module(path):
    return _parsed(path.read_text(encoding="utf-8"))


@functools.cache
def _parsed(text):
    return _Module(text)


def _shape(node):
    """A syntax tree as text, the same in every version of Python: fields that are empty are left out, and so are words."""
    if isinstance(node, list):
        return f"[{', '.join(_shape(item) for item in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    if isinstance(node, ast.Call) and _sees(node.func) and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
        fields["args"] = node.args[1:]
    given = (f"{name}={_shape(value)}" for name, value in fields.items() if value is not None and value != [])
    return f"{type(node).__name__}({', '.join(given)})"


def _sees(function):
    """Whether it is `see` or one of its methods: the first thing that these are given is a name in words."""
    return getattr(getattr(function, "value", function), "id", None) == "see"
