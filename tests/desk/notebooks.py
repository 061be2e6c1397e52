"""Notebooks for the tests: a small course, its next version, and what a learner and JupyterLab do to a copy."""

import copy
import itertools
import json
from pathlib import Path

JUPYTER = {"name": "python", "version": "3.12.1", "mimetype": "text/x-python", "nbconvert_exporter": "python"}


def stub(name, arguments="x", words="return it"):
    return (
        f'def {name}({arguments}):\n    """Do {name}."""\n    # TODO: {words}\n    raise NotImplementedError("{words}")'
    )


def answer(name, arguments="x"):
    own = f"{name}_of_the_learner"
    return f'def {name}({arguments}):\n    """Do {name}."""\n    {own} = x\n    return {own}'


def cell(key, source, kind="code", tags=(), **nbgrader):
    metadata = {"tags": list(tags)} if tags else {}
    if nbgrader:
        metadata["nbgrader"] = {"grade_id": key, "schema_version": 3, "task": False, **nbgrader}
    made = {"cell_type": kind, "id": key, "metadata": metadata, "source": source.splitlines(keepends=True)}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def exercise(name, source=None):
    return cell(name, source or stub(name), tags=["exercise"], solution=True, grade=False, locked=False)


def check(name):
    return cell(f"check-{name}", f'check("{name}")', tags=["check"], solution=False, grade=True, locked=True)


def notebook(*cells):
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": copy.deepcopy(list(cells)), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def course():
    """A lab of the course: text, code, two exercises with checks."""
    return notebook(
        cell("intro", "# A lab", "markdown"),
        cell("setup", "import math"),
        cell("after-setup", "First `cut`.", "markdown"),
        exercise("cut"),
        check("cut"),
        cell("show", "epochs = 3\nshow(epochs)"),
        cell("after-show", "Then `join`.", "markdown"),
        exercise("join"),
        check("join"),
        cell("progress", "progress()"),
    )


def find(book, key):
    found = [each for each in book["cells"] if each["id"] == key]
    assert len(found) == 1, (key, [each["id"] for each in book["cells"]])
    return found[0]


def text(book, key):
    return "".join(find(book, key)["source"])


def put(book, key, source):
    find(book, key)["source"] = source.splitlines(keepends=True)


def ids(book):
    return [each["id"] for each in book["cells"]]


def insert(book, after, *cells):
    place = ids(book).index(after) + 1 if after else 0
    book["cells"][place:place] = copy.deepcopy(list(cells))


def remove(book, key):
    book["cells"].remove(find(book, key))


def run_all(book):
    """What JupyterLab leaves when every cell was run and the notebook saved."""
    for count, each in zip(itertools.count(1), [c for c in book["cells"] if c["cell_type"] == "code"], strict=False):
        each["execution_count"] = count
        each["outputs"] = [{"name": "stdout", "output_type": "stream", "text": [f"output of {each['id']}\n"]}]
    book["metadata"]["language_info"] = dict(JUPYTER)


def write(path, book):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))
