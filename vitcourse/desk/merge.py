"""A learner's notebook and a newer course become one, cell by cell: nothing that the learner wrote is lost.

A cell is known by its id. What only one side changed is taken from that side. Where both did, the course's cell becomes
new and the learner's text stays below it as a comment. So there is never a conflict to solve, and a second merge of
the same course changes nothing, also when the first one was cut off before its base was written.
"""

import ast
import copy
import re

from .notebook import RAISE, grade_id, is_blank, is_exercise, same, source_of

NEW_STUB = "# The course changed the code that this exercise begins with. Your code from before the update:"
YOURS_BELOW = "# The course changed the cell above. This is what you had there before the update:"
YOUR_TEXT = "*The course changed the text above. This is what you had there before the update:*"
FREE_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def merge(base, mine, theirs):
    """Return the learner's notebook on the newer course, and sentences on what the learner should look at.

    Args:
        base: the course's notebook from which the learner's began; None when nobody knows. Then every difference
            counts as made by both.
        mine: the learner's notebook.
        theirs: the course's notebook now.
    """
    new = {cell["id"]: cell for cell in theirs["cells"]}
    old = _by_new_ids({cell["id"]: cell for cell in base["cells"] if "id" in cell} if base else {}, new)
    pairs = _identify(mine["cells"], old, new)
    own = {key: cell for key, cell in pairs if key is not None}
    notes, blank_again = [], []

    def settle(key):
        return _settle(key, old.get(key), own.get(key), new.get(key), notes, blank_again)

    slots = [(key, [copy.deepcopy(cell)] if key is None else settle(key)) for key, cell in pairs]
    added = {key: settle(key) for key in new if key not in own}
    slots = _in_order(slots, added, old, new)
    for key, cells in slots:
        if cells and key in [f"check-{name}" for name in blank_again] and cells[0]["cell_type"] == "code":
            cells[0].update(outputs=[], execution_count=None)  # its verdict was on code that is a comment now
    merged = {
        "cells": _with_ids(slots, old, new),
        "metadata": _merge_dicts(base and base["metadata"], mine["metadata"], theirs["metadata"]),
        "nbformat": 4,
        "nbformat_minor": max(5, mine.get("nbformat_minor", 0), theirs.get("nbformat_minor", 0)),
    }
    return merged, notes


def _by_new_ids(old, new):
    """The base's cells under the ids that they have now: a cell that only got another id is still the same one."""
    gone = {key: cell for key, cell in old.items() if key not in new}
    come = [key for key in new if key not in old]
    renamed = {}
    for key, cell in gone.items():
        fits = [other for other in come if same(cell, new[other]) and other not in renamed.values()]
        if fits:
            renamed[key] = fits[0]
    return {renamed.get(key, key): cell for key, cell in old.items()}


def _identify(cells, old, new):
    """Pair each of the learner's cells with the key of the course's cell that it is; None for one of their own."""
    keys = {}  # the place among the learner's cells -> key
    aliases = {cell["id"]: key for key, cell in old.items()} | {key: key for key in new}

    def claim(place, key):
        if key is not None and place not in keys and key not in keys.values():
            keys[place] = key

    for place, cell in enumerate(cells):
        claim(place, aliases.get(_id_of(cell)))
    # A cell that was cut and pasted has a new id, and a file of another program may have none.
    for place, cell in enumerate(cells):
        if place not in keys and source_of(cell).strip():
            name = grade_id(cell)
            claim(place, name if name in new else None)
            alike = [key for key in new if same(cell, old.get(key)) or same(cell, new[key])]
            claim(place, next((key for key in alike if key not in keys.values()), None))
    return [(keys.get(place), cell) for place, cell in enumerate(cells)]


def _id_of(cell):
    return cell.get("id") or cell.get("metadata", {}).get("id")  # Colab keeps it among the metadata


def _settle(key, old, own, new, notes, blank_again):
    """The cells that come of one cell of the course: none, one, or the course's and the learner's below it."""
    if new is None:
        if same(old, own):
            return []
        if is_exercise(old):
            notes.append(f"{key} is no exercise of this lab any more; your code stays where it stood.")
        return [_as_own(own)]
    if own is None:
        if same(old, new):
            return []  # the learner deleted it, and the course has nothing new to say there
        if old is not None:
            notes.append(f"{key}: you had deleted this cell; the course changed it, so it is back.")
        return [copy.deepcopy(new)]
    if same(own, new) or same(own, old):
        return [_course_cell(old, own, new)]
    if same(old, new):
        return [_learner_cell(old, own, new, source_of(own))]
    if is_exercise(new):
        return [_exercise(key, old, own, new, notes, blank_again)]
    notes.append(f"{key}: the course and you both changed this cell; yours stands below the course's as a comment.")
    return [_course_cell(old, own, new), _below(key, own)]


def _exercise(key, old, own, new, notes, blank_again):
    """An exercise whose stub changed, or whose old stub is unknown, and in which the learner wrote."""
    code, stub = source_of(own).rstrip(), source_of(new).rstrip()
    if code.startswith(stub):  # merged before
        return _learner_cell(old, own, new, code)
    if old is None and is_blank(own):
        return _course_cell(old, own, new)
    if (_frame(old) == _frame(new)) if old is not None else _fits(code, stub):
        if old is not None:
            notes.append(f"{key}: the words of the exercise changed, its code did not; your answer stays as it is.")
            code = _with_new_words(code, source_of(old), stub)
        return _learner_cell(old, own, new, code)
    if old is not None and code.startswith(source_of(old).rstrip() + "\n\n" + NEW_STUB):  # nothing done since the last
        kept = code[len(source_of(old).rstrip()) :]
    else:
        kept = f"\n\n{NEW_STUB}\n{_comment(code)}"
    notes.append(f"{key}: the code that the exercise begins with changed; your code stands below it as a comment.")
    blank_again.append(key)
    return _learner_cell(old, own, new, stub + kept, outputs=False)


def _frame(cell):
    """What a stub's code is without its words: no comments, no docstrings, no text of NotImplementedError."""
    try:
        tree = ast.parse(source_of(cell))
    except SyntaxError:
        return source_of(cell).rstrip()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
        elif isinstance(node, ast.Raise):
            node.exc = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return ast.dump(tree)


def _fits(code, stub):
    """Whether the stub's lines, without comments and raise, stand in the learner's code in their order."""
    try:
        lines = ast.unparse(ast.parse(code)).splitlines()
        wanted = [line for line in ast.unparse(ast.parse(stub)).splitlines() if "NotImplementedError" not in line]
    except SyntaxError:
        return False
    there = iter(lines)
    return all(line in there for line in wanted)


def _with_new_words(code, old, new):
    """The learner's code with the stub's new docstrings and TODOs, where the old ones still stand as they were."""
    before, after, lines = _words(old), _words(new), code.splitlines()
    if len(before) == len(after):
        for there, come in zip(before, after, strict=True):
            places = [n for n in range(len(lines)) if lines[n : n + len(there)] == there]
            if len(places) == 1:
                lines[places[0] : places[0] + len(there)] = come
    return "\n".join(lines)


def _words(stub):
    """The lines of each docstring, and of each TODO with its raise, in the stub's order."""
    lines, found = stub.splitlines(), []
    for node in ast.walk(ast.parse(stub)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            found.append((node.body[0].lineno - 1, node.body[0].end_lineno))
        elif isinstance(node, ast.Raise) and lines[node.lineno - 1].strip().startswith(RAISE):
            first = node.lineno - 1
            while first and lines[first - 1].strip().startswith("#"):
                first -= 1
            found.append((first, node.end_lineno))
    return [lines[first:last] for first, last in sorted(found)]


def _comment(text):
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _below(key, own):
    """The learner's text as a cell of its own: code as a comment, as old code may undo what the new one does."""
    cell = _as_own(own)
    if own["cell_type"] == "code":
        cell["source"] = _lines(f"{YOURS_BELOW}\n{_comment(source_of(own))}")
        cell.update(outputs=[], execution_count=None)
    else:
        cell["source"] = _lines(f"{YOUR_TEXT}\n\n{source_of(own)}")
    cell["id"] = f"{key[:50]}-yours"
    return cell


def _as_own(own):
    """A cell of the course that is the learner's from now on: nothing grades it or finds it by a tag."""
    cell = copy.deepcopy(own)
    cell["metadata"] = {k: v for k, v in own.get("metadata", {}).items() if k not in ("nbgrader", "tags")}
    return cell


def _course_cell(old, own, new):
    cell = copy.deepcopy(new)
    cell["metadata"] = _cell_metadata(old, own, new)
    if same(own, new) and new["cell_type"] == "code":
        cell["outputs"] = copy.deepcopy(own.get("outputs", []))
        cell["execution_count"] = own.get("execution_count")
    return cell


def _learner_cell(old, own, new, source, outputs=True):
    cell = copy.deepcopy(own)
    cell["id"] = new["id"]
    cell["source"] = _lines(source)
    cell["metadata"] = _cell_metadata(old, own, new)
    if is_exercise(new) and own["cell_type"] != "code" and not outputs:  # a stub is code again
        cell = {**copy.deepcopy(new), "source": cell["source"], "metadata": cell["metadata"]}
    if cell["cell_type"] == "code" and not outputs:
        cell.update(outputs=[], execution_count=None)
    return cell


def _cell_metadata(old, own, new):
    course = new.get("metadata", {})
    merged = _merge_dicts(old and old.get("metadata", {}), own.get("metadata", {}), course)
    return merged | {"nbgrader": course["nbgrader"]} if "nbgrader" in course else merged


def _merge_dicts(old, own, new):
    """Key by key: what only one side changed is taken from that side, what both changed from the course."""
    old, merged = old or {}, {}
    for key in own | new:
        side = own if old.get(key) == new.get(key) or key not in new else new
        if key in own and key not in new and key in old and own[key] == old[key]:
            continue  # the course took it away
        if key in side:
            merged[key] = copy.deepcopy(side[key])
    return merged


def _lines(text):
    return text.splitlines(keepends=True)


def _in_order(slots, added, old, new):
    """All slots, (key, cells), in the notebook's order: the course's where it moved a cell, else the learner's."""
    if [key for key in new if key in old] != [key for key in old if key in new]:
        return _in_course_order(slots, added, new)
    slots = list(slots)
    previous = None
    for key in new:
        if key in added:
            if not added[key]:
                continue  # deleted: what comes next looks for the one before it
            place = 0
            if previous is not None:
                place = 1 + next(place for place, (k, _) in enumerate(slots) if k == previous)
                while place < len(slots) and slots[place][0] not in new:
                    place += 1  # what the learner put below a cell stays below it
            slots.insert(place, (key, added[key]))
        previous = key
    return slots


def _in_course_order(slots, added, new):
    follow, anchor = {None: []}, None  # the learner's own cells stay below the cell that they stood below
    for key, cells in slots:
        if key in new:
            anchor = key
            follow[anchor] = []
        else:
            follow[anchor].append((key, cells))
    settled = dict(slots) | added
    ordered = follow[None]
    for key in new:
        ordered = [*ordered, (key, settled[key]), *follow.get(key, [])]
    return ordered


def _with_ids(slots, old, new):
    """All cells, each with an id that no other one has; only a cell of the course has one of the course's."""
    taken = {*old, *new, *(cell["id"] for cell in old.values())}
    course = [cell for key, cells in slots if key is not None for cell in cells[:1]]
    own = [cell for key, cells in slots if key is None for cell in cells]
    below = [cell for key, cells in slots if key is not None for cell in cells[1:]]
    for cell in own + below:
        cell["id"] = _free_id(str(_id_of(cell) or ""), taken)
        taken.add(cell["id"])
    for cell in course:
        cell["id"] = _id_of(cell)
    return [_valid(cell) for _, cells in slots for cell in cells]


def _free_id(wanted, taken):
    if FREE_ID.fullmatch(wanted) and wanted not in taken:
        return wanted
    stem = wanted[:50] if FREE_ID.fullmatch(wanted[:50]) else "cell"
    return next(f"{stem}-{n}" for n in range(2, len(taken) + 3) if f"{stem}-{n}" not in taken)


def _valid(cell):
    """A cell with what the format demands of its kind, which a file of an older format may lack."""
    cell.setdefault("metadata", {})
    if cell["cell_type"] == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    return cell
