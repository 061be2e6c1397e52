"""`vitcourse build`: write notebooks/ and labs_solutions/ from the masters in labs/.

For an author:

1. A lab is one text, labs/NN_stem.md (jupytext, MyST Markdown). Edit that; never edit a notebook.
   `vitcourse build --wrap` wraps its long paragraphs at 120 characters, where a test wants them.
2. An answer is written once, in vitcourse/reference/<stem>.py. An exercise cell of a master is empty: its `:key:`
   names the exercise, and the build puts the learner's or the solved text there. What its check feeds to an
   answer, the known mistakes and the hints are in vitcourse/exercises/<stem>/<exercise in snake case>.py.
3. Every other code cell has a `:key:` of its own, which becomes its id. A check cell's id comes from what it
   checks, a text's from the cell before it. So ids never move, and diffs stay small.
4. `vitcourse build 03_attention` (or 03, or attention) writes both notebooks of one lab and runs the solved one.
   `vitcourse build` does all. Where only words changed nothing is run. A lab that fails keeps its old files, and so
   does one in whose notebook in notebooks/ somebody has worked. --force runs and overwrites all the same.
   `vitcourse build --learner` writes the learner's notebooks only, which runs nothing and takes a second.
5. `vitcourse build --check` runs nothing. It says which notebook is stale and why, in its source or in its outputs
   (when code that made them has changed since), and in the same list which piece of a lab or an exercise is missing
   and where a new one still has the mark TODO(author).
6. `vitcourse new lab NAME` and `vitcourse new exercise NAME --lab LAB` make the files and the entries in the plan.
   `vitcourse exercise NAME` shows each known mistake as a learner sees it, and says which are not told apart.

master.py reads a lab, compose.py makes the cells, execute.py runs them, outputs.py cleans what they show, made_by.py
notes the code that made it, stale.py compares, missing.py lists what is not there, wrap.py wraps; scaffold.py and
templates.py make new files, mistakes.py shows mistakes.
"""

import sys
import time
from pathlib import Path

import nbformat

from ..common.errors import CourseError
from ..common.files import replace_text
from ..common.places import REPO
from ..desk.folder import holds_work
from .compose import compose, to_text
from .made_by import KEY, made_by
from .master import read_master
from .outputs import output_problems, round_photographs, size_problems
from .setup_cell import repository_address
from .stale import LEARNER, SOLVED, find_orphans, package_of, report_stale
from .wrap import wrap as wrapped


def main(names=(), check=False, learner=False, wrap=False, force=False, root=REPO):
    """Build the named labs, or all; or only say what is stale.

    Args:
        names: labs by name: 03_attention, 03 or attention.
        check: compare and report, write nothing, run nothing.
        learner: write the learners' notebooks only, run nothing.
        wrap: wrap the masters' long paragraphs, build nothing.
        force: overwrite a notebook also where somebody has worked in it, and run a lab also where only words changed.
        root: the checkout.

    Returns:
        The exit code: 0 when everything is well, 1 when something is stale or failed, 2 for a wrong call.
    """
    root = Path(root)
    paths, unknown = find_masters(root, names)
    if unknown or not paths:
        problem = f"there is no lab called {unknown[0]!r}" if unknown else f"there are no masters in {root / 'labs'}"
        known = ", ".join(path.stem for path in sorted((root / "labs").glob("*.md")))
        print(f"vitcourse build: {problem}; the labs are: {known or 'none'}", file=sys.stderr)
        return 2
    if wrap:
        for path in paths:
            replace_text(path, wrapped(path.read_text(encoding="utf-8")))
        return 0
    if check:
        return report_stale(root, paths, whole=not names)
    failed = []
    for path in paths:
        try:
            if not force:
                refuse_to_overwrite(root, path)
            write_learner(root, path) if learner else build_lab(root, path, again=force)
        except KeyboardInterrupt:
            print("\nInterrupted: the notebooks that were not finished are as they were.", file=sys.stderr)
            return 130
        except CourseError as error:
            print(f"{error}\n{path.stem}: not built, its notebooks are as they were.", file=sys.stderr)
            failed.append(path.stem)
    orphans = [] if names else find_orphans(root, paths)
    for orphan in orphans:
        print(f"{orphan} has no master in labs/: delete it, or write the master.", file=sys.stderr)
    if failed:
        print(f"vitcourse build: {len(failed)} of {len(paths)} labs failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or orphans else 0


class BuildError(CourseError):
    """A lab could not be built; the message says which, where and why."""


def find_masters(root, names):
    """The paths of the named masters (all without names), and the names that fit none."""
    masters = sorted((root / "labs").glob("*.md"))
    if not names:
        return masters, []
    found, unknown = [], []
    for name in names:
        wanted = Path(name).stem
        fits = [path for path in masters if wanted in (path.stem, *path.stem.split("_", 1))]
        found += fits
        if not fits:
            unknown.append(name)
    return sorted(set(found)), unknown


def refuse_to_overwrite(root, path):
    """Raise BuildError where somebody has worked in the learner's notebook of a master."""
    if holds_work(root, path.stem):
        raise BuildError(
            f"{LEARNER}/{path.stem}.ipynb holds somebody's work. `vitcourse update` copies it into work/; then "
            f"`git checkout {LEARNER}/{path.stem}.ipynb` makes it blank again. --force overwrites it."
        )


def build_lab(root, path, again=False):
    """Write both notebooks of one master, the solved one executed; all or nothing.

    Where nothing but words changed, the outputs stay as they are, unless the lab is to be run again.
    """
    master, address = read_master(path), repository_address(root)
    learner, solved = compose(master, address), compose(master, address, solved=True)
    made = made_by(solved, package_of(root))  # before the run: who edits meanwhile must build again
    for folder in (LEARNER, SOLVED):
        (root / folder).mkdir(exist_ok=True)
    start = time.perf_counter()
    if not again and keep_outputs(root / SOLVED / f"{path.stem}.ipynb", solved, made):
        print(f"{path.stem}: only words changed, the outputs stay …", end="", flush=True)
    else:
        print(f"{path.stem}: running …", end="", flush=True)
        _run(root, path, solved)
    solved.metadata[KEY] = {"made_by": made}
    if size_problems(solved, to_text(solved)):
        round_photographs(solved)
    text = to_text(solved)
    problems = output_problems(solved, root) + size_problems(solved, text)
    if problems:
        print(" refused")
        raise BuildError("\n".join(f"{path.stem}: {problem}" for problem in problems))
    replace_text(root / SOLVED / f"{path.stem}.ipynb", text)
    replace_text(root / LEARNER / f"{path.stem}.ipynb", to_text(learner))
    print(f" {time.perf_counter() - start:.0f} s, {len(text.encode()) / 1000:.0f} kB")


def _run(root, path, solved):
    from .execute import run  # nbclient: only a real build needs it

    try:
        run(solved, path.stem, root / SOLVED)
    except CourseError:
        print(" failed")
        raise


def keep_outputs(path, solved, made):
    """Give a solved notebook the outputs that it has on the disk, if the code that made them is as it was.

    Args:
        path: of the notebook on the disk.
        solved: the notebook that has not been run; its cells get outputs and counts.
        made: what `made_by` says of it.

    Returns:
        Whether it got them.
    """
    try:
        have = nbformat.read(path, as_version=4)
    except Exception:  # none, or a torn one: any of several errors
        return False
    cells = {cell.id: cell for cell in have.cells if cell.cell_type == "code"}
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    ran = all(cell.id in cells and cells[cell.id].execution_count is not None for cell in code if cell.source)
    if have.metadata.get(KEY, {}).get("made_by") != made or not ran:
        return False
    for cell in code:
        cell.outputs, cell.execution_count = cells[cell.id].outputs, cells[cell.id].execution_count
    return True


def write_learner(root, path):
    """Write the learner's notebook of one master."""
    text = to_text(compose(read_master(path), repository_address(root)))
    (root / LEARNER).mkdir(exist_ok=True)
    replace_text(root / LEARNER / f"{path.stem}.ipynb", text)
    print(f"{LEARNER}/{path.stem}.ipynb")
