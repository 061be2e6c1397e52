"""Get a learner's source out of a notebook, with all that it needs to run again in another kernel."""

import ast
import builtins
import dis
import inspect
import linecache
import sys
import textwrap
import types

from ..exercises import exercise_ids
from .reference_text import first_line, node_text

CONSTANTS = (int, float, complex, str, bytes, bool, type(None))


class CannotKeep(Exception):
    """Why an answer's source cannot be kept."""


def source_of(answer):
    """The text of a function or class that was typed into a notebook cell, a script or a module.

    `inspect.getsource` does not find classes typed into a notebook (before Python 3.13), so the cell is found through
    the code of a function or method and its text is parsed.

    Raises:
        CannotKeep: when there is no text (made with exec, or not a plain function or class).
    """
    function = _function_of(answer)
    name = getattr(answer, "__name__", "")
    if function is None or name == "<lambda>":
        raise CannotKeep("its source is not a `def` or `class` in a cell")
    code = function.__code__
    linecache.checkcache(code.co_filename)
    text = _without_magics("".join(linecache.getlines(code.co_filename)))
    try:
        tree = ast.parse(text)
    except SyntaxError:
        tree = ast.Module([], [])
    kinds = ast.ClassDef if isinstance(answer, type) else (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):  # a cell may define the name more than once: the code knows its line
        is_it = isinstance(node, kinds) and node.name == name
        if is_it and first_line(node) <= code.co_firstlineno <= node.end_lineno:
            return textwrap.dedent(node_text(text, node))
    raise CannotKeep("the cell that defines it cannot be found")


def _function_of(answer):
    """The function itself, or the first method that a class defines: it knows the cell and the notebook."""
    if isinstance(answer, types.FunctionType):
        return answer
    if isinstance(answer, type):
        for member in vars(answer).values():
            function = getattr(member, "__func__", member)  # a classmethod or staticmethod holds its function
            function = getattr(function, "fget", None) or function  # and so does a property
            if isinstance(function, types.FunctionType) and function.__qualname__.startswith(answer.__qualname__ + "."):
                return function
    return None


def _without_magics(text):
    """IPython's own lines (%magic, !shell) as comments, so that the rest parses."""
    return "\n".join("#" + line[1:] if line.startswith(("%", "!", "?")) else line for line in text.splitlines())


def global_names(text):
    """The names that a definition's text reads from outside itself, in the order in which it reads them."""
    names, todo = {}, [compile(text, "<names>", "exec")]
    while todo:
        code = todo.pop()
        stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and instruction.argval not in stored:
                names.setdefault(instruction.argval)
        todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return [name for name in names if name not in dir(builtins) and not name.startswith("__")]


def globals_of(answer):
    """The global names that an answer can see: those of the notebook it was typed into."""
    function = _function_of(answer)
    return {} if function is None else function.__globals__


def notebook_variables(answer):
    """The variables of the notebook, other than modules, functions, classes and constants, that an answer reads."""
    if sys.modules.get(globals_of(answer).get("__name__"), sys.modules["__main__"]) is not sys.modules["__main__"]:
        return []  # typed into a module, not into a notebook
    try:
        names, space = global_names(source_of(answer)), globals_of(answer)
    except (CannotKeep, SyntaxError):
        return []
    return [name for name in names if name in space and _kind(space[name]) == "variable"]


def _kind(value):
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type) or inspect.isroutine(value):
        return "definition"
    if isinstance(value, CONSTANTS) or (isinstance(value, tuple) and all(isinstance(v, CONSTANTS) for v in value)):
        return "constant"
    return "variable"


def self_contained(answer, name, provided):
    """The answer's text with the imports, constants and helper functions that it uses, as one module's text.

    Args:
        answer: the learner's function or class.
        name: the exercise's id, under which the text defines it.
        provided: names that need not be brought: what `answers.namespace_for` offers. Names of exercises are never
            brought either: `mine` resolves them.

    Raises:
        CannotKeep: saying which variable or helper stands in the way.
    """
    head, definitions = {}, {}
    _collect(answer, provided, head, definitions)
    parts = ["\n".join(head.values())] if head else []
    parts += reversed(definitions.values())  # what is used stands before what uses it
    if answer.__name__ != name:
        parts.append(f"{name} = {answer.__name__}")
    return "\n\n\n".join(parts) + "\n"


def _collect(answer, provided, head, definitions):
    text, space = source_of(answer), globals_of(answer)
    definitions[answer.__name__] = text
    for name in global_names(text):
        if name in exercise_ids() or name in definitions or name not in space:
            continue
        value = space[name]
        if name in provided and provided[name] is value:
            continue
        kind = _kind(value)
        if kind == "module":
            head[name] = f"import {value.__name__} as {name}"
        elif kind == "constant":
            head[name] = f"{name} = {value!r}"
        elif kind == "variable":
            raise CannotKeep(f"it reads the notebook's variable `{name}`")
        elif value.__module__ not in ("__main__", space.get("__name__")):
            head[name] = f"from {value.__module__} import {value.__name__} as {name}"
        else:
            _collect(value, provided, head, definitions)
