"""`vitcourse build --check`: which notebook is not what its master says and why, and what is missing. Runs nothing."""

import nbformat

from ..common.places import PACKAGE
from .compose import compose, to_text
from .made_by import KEY, changes, made_by
from .master import MasterError, read_master
from .missing import missing_pieces
from .outputs import output_problems, size_problems
from .setup_cell import repository_address

LEARNER, SOLVED = "notebooks", "labs_solutions"


def report_stale(root, paths, whole):
    """Print every problem, one a line; 1 when there is one."""
    problems = []
    address = repository_address(root)
    for path in paths:
        try:
            master = read_master(path)
        except MasterError as error:
            problems += error.problems
            continue
        problems += [f"{LEARNER}/{path.stem}.ipynb: {reason}" for reason in learner_stale(root, master, address)]
        problems += [f"{SOLVED}/{path.stem}.ipynb: {reason}" for reason in solved_stale(root, master, address)]
    if whole:
        problems += [f"{orphan}: has no master in labs/" for orphan in find_orphans(root, paths)]
        problems += missing_pieces(root)
    for problem in problems:
        print(problem)
    if problems:
        print(
            f"vitcourse build --check: {len(problems)} problems. `vitcourse build LAB` writes a lab's notebooks anew."
        )
    else:
        print(f"vitcourse build --check: the notebooks of {len(paths)} labs are up to date.")
    return 1 if problems else 0


def find_orphans(root, paths):
    """Notebooks in either folder without a master, as texts relative to the checkout."""
    stems = {path.stem for path in paths}
    found = [path for folder in (LEARNER, SOLVED) for path in sorted((root / folder).glob("*.ipynb"))]
    return [str(path.relative_to(root)) for path in found if path.stem not in stems]


def learner_stale(root, master, address):
    """Why the learner's notebook is not what the build would write: a list, empty when it is."""
    path = root / LEARNER / f"{master.stem}.ipynb"
    if not path.exists():
        return ["missing"]
    want = compose(master, address)
    text = path.read_text(encoding="utf-8")
    if text == to_text(want):
        return []
    try:
        have = nbformat.reads(text, as_version=4)
    except Exception as error:  # a torn file: any of several errors
        return [f"not readable as a notebook: {error}"]
    if any(cell.get("outputs") for cell in have.cells):
        return ["it holds outputs: learners' notebooks have none"]
    return [differences(want, have) or "its metadata or layout differs from what the build writes"]


def solved_stale(root, master, address):
    """Why the solved notebook is not good: missing, another source, or outputs that are none, old or not to be kept."""
    path = root / SOLVED / f"{master.stem}.ipynb"
    if not path.exists():
        return ["missing"]
    text = path.read_text(encoding="utf-8")
    try:
        have = nbformat.reads(text, as_version=4)
    except Exception as error:  # a torn file: any of several errors
        return [f"not readable as a notebook: {error}"]
    reasons = [reason for reason in [differences(compose(master, address, solved=True), have)] if reason]
    code = [cell for cell in have.cells if cell.cell_type == "code"]
    if not any(cell.outputs for cell in code) or any(cell.execution_count is None for cell in code if cell.source):
        reasons.append("it was not run: there are cells without outputs")
    else:
        reasons += made_elsewhere(have, package_of(root))
    return reasons + output_problems(have, root) + size_problems(have, text)


def package_of(root):
    """The folder of the package that runs a checkout's notebooks: its own, or the one that this module is of."""
    return root / "vitcourse" if (root / "vitcourse" / "__init__.py").is_file() else PACKAGE


def made_elsewhere(have, package):
    """A sentence on a notebook whose outputs were made by other code than there is now, in a list, or an empty one."""
    before = have.metadata.get(KEY, {}).get("made_by")
    if before is None:
        return ["its outputs do not say which code made them"]
    changed = changes(before, made_by(have, package))
    names = f"{', '.join(changed[:5])}{' …' if len(changed) > 5 else ''}"
    return [f"its outputs were made by other code ({names} changed)"] if changed else []


def differences(want, have):
    """One sentence on how a notebook's cells differ from what the build would write, or None."""
    wanted = {cell.id: cell for cell in want.cells}
    there = {cell.id: cell for cell in have.cells}
    parts = []
    for word, keys in (
        ("new", [key for key in wanted if key not in there]),
        ("gone", [key for key in there if key not in wanted]),
        ("changed", [key for key in wanted if key in there and source_of(wanted[key]) != source_of(there[key])]),
    ):
        if keys:
            parts.append(f"{word}: {', '.join(keys[:5])}{' …' if len(keys) > 5 else ''}")
    if not parts and list(wanted) != list(there):
        parts.append("the cells' order changed")
    if not parts and want.metadata != {key: value for key, value in have.metadata.items() if key != KEY}:
        parts.append("the notebook's metadata changed")
    return f"stale: {'; '.join(parts)}" if parts else None


def source_of(cell):
    """What a master decides about a cell."""
    return cell.cell_type, cell.source, cell.metadata
