"""`vitcourse new lab NAME` and `vitcourse new exercise NAME --lab LAB`: the files that a new one needs.

Each holds a mark, TODO(author), where something is to be written; `vitcourse build --check` lists those that are left.
"""

import ast
import re

from ..common.errors import CourseError
from ..common.files import replace_text
from ..common.places import REPO
from ..exercises import LABS, Lab, exercise_ids, module_name
from . import templates
from .missing import lab_files

PLAN = REPO / "vitcourse" / "exercises" / "__init__.py"


def new_lab(stem):
    """Write a new lab's files and its entry in the plan and in the README's map; print what was written.

    Raises:
        CourseError: when the name is taken or cannot be a module's.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
        raise CourseError(f"{stem!r} cannot be a lab's name: it is one word in small letters, say `transfer`.")
    if stem in [lab.stem for lab in LABS]:
        raise CourseError(f"There is a lab called {stem!r} already.")
    lab = Lab(LABS[-1].number + 1, stem, "TODO(author)", 60, ())
    texts = dict(zip(lab_files(lab), templates.of_lab(lab), strict=True))
    texts[PLAN.relative_to(REPO)] = plan_with_lab(read(PLAN), lab)
    texts["README.md"] = map_with_lab(read(REPO / "README.md"), lab)
    write(texts, fresh=list(lab_files(lab)))
    print(f"Next: give it exercises, `vitcourse new exercise NAME --lab {stem}`, write {stem!r} into STEMS in")
    print("tests/test_layers.py, and let `vitcourse build --check` say what is missing.")


def new_exercise(name, stem):
    """Write a new exercise's check, and its place in the lab's other files; print what was written.

    Raises:
        CourseError: when the name is taken or cannot be an answer's, or when there is no such lab.
    """
    lab = next((lab for lab in LABS if stem in (lab.stem, lab.file_stem, f"{lab.number:02d}")), None)
    if lab is None:
        raise CourseError(f"There is no lab called {stem!r}; there are: {', '.join(lab.stem for lab in LABS)}.")
    if not name.isidentifier() or name.startswith("_"):
        raise CourseError(f"{name!r} cannot be an exercise's name: it is the name of a function or a class.")
    if module_name(name) in [module_name(other) for other in exercise_ids()]:
        raise CourseError(f"There is an exercise called {name!r} already.")
    master, answers, _, alternatives, _ = lab_files(lab)
    check = f"vitcourse/exercises/{lab.stem}/{module_name(name)}.py"
    texts = {
        check: templates.check(lab, name),
        answers: with_answer(read(REPO / answers), name),
        master: with_section(read(REPO / master), lab, name),
        alternatives: read(REPO / alternatives) + templates.alternatives(name),
        PLAN.relative_to(REPO): plan_with_exercise(read(PLAN), lab, name),
        "README.md": map_with_exercise(read(REPO / "README.md"), lab, name),
    }
    write(texts, fresh=[check])
    print("Next: let `vitcourse build --check` say what is missing.")


def read(path):
    """The text of a file that must be there."""
    if not path.is_file():
        raise CourseError(f"There is no {path}: new labs are made in a clone of the course's repository.")
    return path.read_text(encoding="utf-8")


def write(texts, fresh):
    """Write files, path from the checkout -> text; those of `fresh` must not be there yet."""
    there = [file for file in fresh if (REPO / file).exists()]
    if there:
        raise CourseError(f"{there[0]} is there already: delete or rename it first.")
    for file, text in texts.items():
        (REPO / file).parent.mkdir(parents=True, exist_ok=True)
        replace_text(REPO / file, text)
        print(f"{'made' if file in fresh else 'changed':>8} {file}")


def labs_of(plan):
    """The node of the tuple LABS in the plan's text."""
    assignments = [node for node in ast.parse(plan).body if isinstance(node, ast.Assign)]
    return next(node.value for node in assignments if node.targets[0].id == "LABS")


def insert(text, node, piece):
    """Put a piece into the text before the bracket that closes a tuple's node."""
    lines = text.splitlines(keepends=True)
    line = lines[node.end_lineno - 1]
    end = len(line.encode()[: node.end_col_offset - 1].decode())  # a node's columns count bytes
    lines[node.end_lineno - 1] = line[:end] + piece + line[end:]
    return "".join(lines)


def plan_with_lab(text, lab):
    """The plan with one more lab at its end."""
    return insert(text, labs_of(text), f'    Lab({lab.number}, "{lab.stem}", "{lab.title}", {lab.minutes}, ()),\n')


def plan_with_exercise(text, lab, name):
    """The plan with one more exercise at the end of a lab."""
    call = next(call for call in labs_of(text).elts if call.args[1].value == lab.stem)
    names = call.args[4]
    if not names.elts:
        return insert(text, names, f'"{name}",')
    if names.lineno != names.end_lineno:  # one name a line
        return insert(text, names, f'    "{name}",\n{" " * (names.end_col_offset - 1)}')
    return insert(text, names, f' "{name}"' if len(names.elts) == 1 else f', "{name}"')


def map_with_lab(text, lab):
    """The README with one more row in its map of the labs."""
    rows = re.findall(r"^\| \[\d\d .*\n", text, flags=re.MULTILINE)
    row = f"| [{lab.number:02d} {lab.title}](labs/{lab.file_stem}.md) | {lab.minutes} | |\n"
    return text.replace(rows[-1], rows[-1] + row)


def map_with_exercise(text, lab, name):
    """The README with one more exercise in the row of its lab."""
    (row,) = re.findall(rf"^\| \[{lab.number:02d} .*\|$", text, flags=re.MULTILINE)
    before = row.removesuffix("|").rstrip()
    return text.replace(row, f"{before} `{name}` |" if before.endswith("|") else f"{before}, `{name}` |")


def with_answer(text, name):
    """A lab's answers with one more at the end."""
    if name[0].isupper() and "from torch import nn\n" not in text:
        at = ast.parse(text).body[0].end_lineno  # the docstring
        lines = text.splitlines(keepends=True)
        text = "".join([*lines[:at], "\nfrom torch import nn\n", *lines[at:]])
    return f"{text.rstrip()}\n\n\n{templates.answer(name)}"


def with_section(text, lab, name):
    """A master with one more exercise at the end of its Exercises."""
    section = templates.section(lab, name, len(lab.exercises) + 1)
    if "\n## See it\n" not in text:
        raise CourseError(f"labs/{lab.file_stem}.md has no heading `## See it`: the exercises end there.")
    return text.replace("\n## See it\n", f"\n{section}\n## See it\n", 1)
