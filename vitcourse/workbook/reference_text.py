"""Cut an exercise's views out of the reference's text: the learner's cell, the solved cell, the TODO's words.

Works on text alone (no torch), so that `vitcourse build --check` is quick.
"""

import ast
import functools
import textwrap

from ..common.places import PACKAGE
from ..exercises import exercise_ids, lab_of

REFERENCE = PACKAGE / "reference"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

__all__ = [
    "exercise_ids",
    "learner_source",
    "reference_source",
    "solution_in_parts",
    "solution_source",
    "todo_words",
]


def first_line(node):
    """The line on which a definition begins, its decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def node_text(text, node):
    """The lines of a definition in a text."""
    return "\n".join(text.splitlines()[first_line(node) - 1 : node.end_lineno])


@functools.cache
def reference_source(exercise_id):
    """The exercise's text in the reference, solution markers and all."""
    text = (REFERENCE / f"{lab_of(exercise_id).stem}.py").read_text(encoding="utf-8")
    kinds = (ast.FunctionDef, ast.ClassDef)
    node = next(n for n in ast.parse(text).body if isinstance(n, kinds) and n.name == exercise_id)
    lines = text.splitlines()
    last = node.end_lineno  # the marker that closes a definition is a comment, and no part of its node
    while last < len(lines) and lines[last].strip() in ("", END):
        last += 1
    return "\n".join(lines[first_line(node) - 1 : last]).rstrip()


def _pieces(exercise_id):
    """Yield ("text", lines), ("todo", lines) and ("answer", lines) in the text's order."""
    text, todo, answer = [], [], []
    state = "text"
    for line in reference_source(exercise_id).splitlines():
        stripped = line.strip()
        if stripped == BEGIN:
            yield "text", text
            yield "todo", todo
            text, todo, state = [], [], "answer"
        elif stripped == END:
            yield "answer", answer
            answer, state = [], "text"
        elif state == "answer":
            answer.append(line)
        elif stripped.startswith("# TODO:") or (todo and stripped.startswith("#")):
            todo.append(line)
        else:
            text.append(line)
    yield "text", text


def _words(todo_lines):
    """The TODO's words in one line."""
    return " ".join(line.strip().lstrip("#").strip() for line in todo_lines).removeprefix("TODO:").strip()


def todo_words(exercise_id):
    """The words of each TODO in an exercise, in order: what the learner's NotImplementedError says."""
    return [_words(lines) for kind, lines in _pieces(exercise_id) if kind == "todo"]


def learner_source(exercise_id):
    """The learner's cell: the answer's lines become `raise NotImplementedError("<the TODO's words>")`."""
    out = []
    for kind, lines in _pieces(exercise_id):
        if kind == "todo":
            indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
            out += [*lines, f'{indent}raise NotImplementedError("{_words(lines)}")']
        elif kind == "text":
            out += lines
    return "\n".join(out).rstrip()


def solution_source(exercise_id):
    """The solved cell: the reference's text without markers and TODOs."""
    return "\n".join(line for kind, lines in _pieces(exercise_id) if kind != "todo" for line in lines).rstrip()


def solution_in_parts(exercise_id):
    """The solved text with a comment before each part that the learner writes, where there are several."""
    count = len(todo_words(exercise_id))
    if count < 2:
        return solution_source(exercise_id)
    out, part = [], 0
    for kind, lines in _pieces(exercise_id):
        if kind == "todo":
            part += 1
            indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
            words = f"your part {part} of {count}: {_words(lines)}"
            out += textwrap.wrap(words, 118, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        else:
            out += lines
    return "\n".join(out).rstrip()
