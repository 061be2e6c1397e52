"""The folder of the learner's notebooks: filled from the course, taken to a newer course, blank again where asked.

    work/03_attention.ipynb            the learner's
    work/03_attention.backup-1.ipynb   what stood there before an update or a reset; a backup is never overwritten
    work/.course/03_attention.ipynb    the course's notebook from which the learner's began
    work/.course/copies.json           the course's version and commit at that time

The order of writing is what makes it safe: first the backup, then the notebook, each whole or not there, last the base.
Cut off in between, the next update does the rest, and a merge with the old base changes nothing that is merged.
"""

import copy
import functools
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from .. import __version__
from ..common.errors import CourseError
from ..common.files import cannot_write, replace_file, replace_text
from ..common.places import REPO
from . import history
from .merge import merge
from .notebook import NotebookError, as_built, grade_id, is_exercise, parse, read, same, source_of, to_text, was_run

COURSE = "notebooks"  # the course's own, in the checkout
LAB = re.compile(r"\d\d_\w+")
SAVED = re.compile(r'^ *"(execution_count": \d|output_type|nbconvert_exporter|pygments_lexer)', re.MULTILINE)


def work_folder(option=None, repo=REPO):
    """The folder of the learner's notebooks: `option`; work in $VITCOURSE_HOME; work in the checkout, else in ~."""
    if option:
        folder = Path(option).expanduser().resolve()
        if folder in [(Path(repo) / name).resolve() for name in (COURSE, "labs_solutions", ".")]:
            raise CourseError(f"{folder} is the course's own: choose another folder for your notebooks.")
        return folder
    if os.environ.get("VITCOURSE_HOME"):
        return (Path(os.environ["VITCOURSE_HOME"]).expanduser() / "work").resolve()
    return Path(repo) / "work" if os.access(repo, os.W_OK) else Path.home() / ".vitcourse" / "work"


class Desk:
    """The learner's notebooks in a folder, beside the course that they come from.

    Args:
        work: the learner's folder; it need not exist.
        repo: the checkout with the course's notebooks/.

    Every method that changes something returns sentences on what it did, and raises CourseError where the disk does
    not take a file; what was there before is then still there.
    """

    def __init__(self, work=None, repo=REPO):
        self.repo, self.work = Path(repo), Path(work or work_folder(repo=repo))
        self.problems = []  # sentences on what could not be done

    # What there is

    @functools.cached_property
    def commit(self):
        """The short name of the course's commit, or None."""
        return history.commit(self.repo)

    def labs(self):
        """The names of the course's notebooks, in order."""
        return sorted(path.stem for path in (self.repo / COURSE).glob("*.ipynb") if LAB.fullmatch(path.stem))

    def path(self, name):
        """Where the learner's notebook is."""
        return self.work / f"{name}.ipynb"

    def base_path(self, name):
        """Where the course's notebook is kept from which the learner's began."""
        return self.work / ".course" / f"{name}.ipynb"

    def course(self, name):
        """The course's notebook as it was built, also where the learner worked in notebooks/; None if none is known."""
        try:
            notebook = read(self.repo / COURSE / f"{name}.ipynb")
            if as_built(notebook):
                return notebook
        except NotebookError:
            pass
        return next((version for version in self._versions(name) if as_built(version)), None)

    def _versions(self, name):
        for text in history.versions(self.repo, f"{COURSE}/{name}.ipynb"):
            try:
                yield parse(text, name)
            except NotebookError:
                continue

    def base(self, name, mine):
        """The course's notebook from which `mine` began: the one kept, else the commit's that shares most cells."""
        try:
            return read(self.base_path(name))
        except NotebookError:
            return self._closest(name, mine)

    def _closest(self, name, mine):
        def shared(version):
            there = {cell.get("id"): cell for cell in mine["cells"]}
            return sum(same(cell, there.get(cell.get("id"))) for cell in version["cells"])

        return max((v for v in self._versions(name) if as_built(v) and shared(v)), key=shared, default=None)

    def behind(self):
        """The names of the learner's notebooks for which the course has a newer one."""
        return [name for name in self.labs() if self.path(name).is_file() and self._is_behind(name)]

    def _is_behind(self, name):
        course = self.course(name)
        try:
            return course is not None and read(self.base_path(name)) != course
        except NotebookError:
            return course is not None

    def _worked_in(self, name):
        """Whether the learner's notebook holds anything that the course's does not."""
        try:
            mine, base = read(self.path(name)), read(self.base_path(name))
        except NotebookError:
            return True
        cells = zip(mine["cells"], base["cells"], strict=False)
        return was_run(mine) or len(mine["cells"]) != len(base["cells"]) or not all(same(*pair) for pair in cells)

    # What changes something

    def lay_out(self):
        """Bring here what the learner did in notebooks/, and copy each of the course's that is missing here."""
        lines = [line for name in self.labs() for line in self._adopt(name)]
        missing = [name for name in self.labs() if not self.path(name).is_file()]
        copied = [name for name in missing if self._copy(name)]
        if copied:
            lines.append(f"Copied into {self.work}: {', '.join(copied)}.")
        return lines

    def update(self):
        """Take every notebook to the course as it is now."""
        lines = self._move_renamed()
        lines += self.lay_out()
        behind = self.behind()
        for name in behind:
            lines += self._update(name)
        if any(": updated" in line for line in lines):
            lines.append("Is one of them open in JupyterLab? Choose there: File, Reload Notebook from Disk.")
        gone = [path.stem for path in sorted((self.work / ".course").glob("*.ipynb")) if path.stem not in self.labs()]
        for name in gone:
            lines.append(f"{name}: the course has this lab no more; your notebook stays as it is.")
            self._drop(self.base_path(name))
        current = len([name for name in self.labs() if name not in behind and self.path(name).is_file()])
        if current:
            lines.append(f"{_notebooks(current)} up to date.")
        opened = [name for name in self.labs() if self._opened_in_place(name) not in (None, self._committed(name))]
        if opened and self.commit:
            files = " ".join(f"{COURSE}/{name}.ipynb" for name in opened)
            lines.append(f"What you did in {COURSE}/ is copied. Before the next `git pull`: git checkout {files}")
        return lines

    def reset(self, name, exercise=None):
        """Make a notebook, or one exercise in it, blank; the notebook as it was is kept in a backup."""
        course = self.course(name)
        if course is None:
            raise CourseError(f"The course's own {COURSE}/{name}.ipynb is not here: `git checkout {COURSE}` brings it.")
        if exercise is None:
            saved = self._back_up(name) if self._worked_in(name) else []
            self._put_course(name, course)
            return [f"{name} is blank again. What passed stays in `progress()` and `mine`.", *saved]
        mine = read(self.path(name)) if self.path(name).is_file() else course
        base = self.base(name, mine) or course
        blank = _with_blank(mine, base, exercise) or _with_blank(mine, course, exercise)
        if blank is None:
            known = ", ".join(cell["id"] for cell in course["cells"] if is_exercise(cell))
            raise CourseError(f"{name} has no exercise {exercise!r}; it has: {known or 'none'}.")
        if blank == mine:
            return [f"{exercise} in {name} is blank."]
        saved = self._back_up(name)
        self._write(self.path(name), to_text(blank))
        return [f"{exercise} in {name} is blank again. What passed stays in `progress()` and `mine`.", *saved]

    def _copy(self, name):
        course = self.course(name)
        if course is None:
            file = f"{COURSE}/{name}.ipynb"
            self.problems.append(f"{file} is not as the course has it: `git checkout {file}` mends it.")
            return False
        self._put_course(name, course)
        return True

    def _put_course(self, name, course):
        self._write(self.path(name), to_text(course))
        self._write(self.base_path(name), to_text(course))
        self._record(name)

    def _update(self, name):
        try:
            mine = read(self.path(name))
        except NotebookError as error:
            blank = f"`vitcourse reset {name}` makes a blank one and keeps this one in a backup"
            self.problems.append(f"{error}; it is left as it is. {blank}.")
            return []
        course, base = self.course(name), self.base(name, mine)
        merged, notes = merge(base, mine, course)
        lines = []
        if merged != mine:
            saved = self._back_up(name) if self._worked_in(name) else []
            self._write(self.path(name), to_text(merged))
            lines = [f"{name}: updated{self._from(name)}.", *(f"  {note}" for note in [*notes, *saved])]
        self._write(self.base_path(name), to_text(course))
        self._record(name)
        return lines or [f"{name}: up to date; yours already holds what is new."]

    def _from(self, name):
        commit = self._records().get(name, {}).get("commit")
        return f" from commit {commit}" if commit and commit != self.commit else ""

    def _move_renamed(self):
        """A lab that has another name now takes the learner's notebook along."""
        lines, labs = [], self.labs()
        old = [path.stem for path in sorted((self.work / ".course").glob("*.ipynb")) if path.stem not in labs]
        for name in [name for name in old if self.path(name).is_file()]:
            base = self._readable(self.base_path(name))
            exercises = _exercises(base) if base else set()
            new = [lab for lab in labs if not self.path(lab).exists() and self.course(lab)]
            fits = [lab for lab in new if lab[3:] == name[3:] or exercises & _exercises(self.course(lab))]
            if len(fits) == 1 and base:
                self._write(self.base_path(fits[0]), to_text(base))
                self._move(self.path(name), self.path(fits[0]))
                self._drop(self.base_path(name))
                lines.append(f"{name} is called {fits[0]} now; your notebook has the new name.")
        return lines

    def _readable(self, path):
        try:
            return read(path)
        except NotebookError:
            return None

    def _opened_in_place(self, name):
        """The text of the course's own file where the learner worked in it, else None."""
        try:
            text = (self.repo / COURSE / f"{name}.ipynb").read_text(encoding="utf-8")
            changed = not as_built(parse(text, name))
        except NotebookError:
            changed = True
        except (OSError, UnicodeDecodeError):
            return None
        return text if changed else None

    def _committed(self, name):
        return history.committed(self.repo, f"{COURSE}/{name}.ipynb")

    def _adopt(self, name):
        """Copy what the learner did in notebooks/ to where it is theirs; once for each state of the file."""
        text = self._opened_in_place(name)
        digest = text and hashlib.sha256(text.encode()).hexdigest()
        if text is None or self._records().get(name, {}).get("adopted") == digest:
            return []
        source = self.repo / COURSE / f"{name}.ipynb"
        try:
            notebook = parse(text, f"{COURSE}/{name}.ipynb")
        except NotebookError as error:
            target = self._free(name, "from-notebooks")
            self._put(source, target)
            self._record(name, adopted=digest)
            return [f"{error}; what is in it is kept as {target.name}."]
        if self.path(name).is_file() and self._worked_in(name):
            target = self._free(name, "from-notebooks")
            words = f"you also have one in {self.work.name}/, so it is copied beside that as {target.name}"
        else:
            target = self.path(name)
            words = f"it is copied to {target}; go on there"
        self._put(source, target)
        if target == self.path(name):
            base = self._closest(name, notebook)
            if base is not None:
                self._write(self.base_path(name), to_text(base))
            else:
                self._drop(self.base_path(name))
        self._record(name, adopted=digest)
        return [f"You worked in {COURSE}/{name}.ipynb: {words}."]

    # The disk

    def _back_up(self, name):
        if not self.path(name).is_file():
            return []
        backup = self._free(name, "backup")
        self._put(self.path(name), backup)
        return [f"The notebook as it was: {backup}"]

    def _free(self, name, kind):
        number = 1
        while (path := self.work / f"{name}.{kind}-{number}.ipynb").exists():
            number += 1
        return path

    def _put(self, source, target):
        """Copy a file byte by byte."""
        self._do(target, lambda: replace_file(target, lambda partial: shutil.copyfile(source, partial)))

    def _write(self, path, text):
        self._do(path, lambda: replace_text(path, text))

    def _move(self, source, target):
        self._do(target, lambda: os.replace(source, target))

    def _drop(self, path):
        self._do(path, lambda: path.unlink(missing_ok=True))

    def _do(self, path, act):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            act()
        except OSError as error:
            raise CourseError(f"{cannot_write(path.parent, error)} Your notebooks are as they were.") from None

    def _records(self):
        try:
            records = json.loads((self.work / ".course" / "copies.json").read_text(encoding="utf-8"))
            return records if isinstance(records, dict) and all(isinstance(r, dict) for r in records.values()) else {}
        except (OSError, ValueError):
            return {}

    def _record(self, name, **fields):
        records = self._records()
        now = {"version": __version__, "commit": self.commit}
        records[name] = {**records.get(name, {}), **now, **fields}
        self._write(self.work / ".course" / "copies.json", json.dumps(records, indent=1, sort_keys=True) + "\n")


def _notebooks(count):
    return "1 notebook is" if count == 1 else f"{count} notebooks are"


def _exercises(notebook):
    return {cell["id"] for cell in notebook["cells"] if is_exercise(cell)}


def _with_blank(mine, course, exercise):
    """The learner's notebook with the course's cell of an exercise, or None when the course's has no such exercise."""
    if exercise not in _exercises(course):
        return None
    # A merge with a course that changed this one cell since: from what the learner has to the stub.
    before = copy.deepcopy(course)
    own = [cell for cell in mine["cells"] if exercise in (cell.get("id"), grade_id(cell))]
    for cell in before["cells"]:
        if cell["id"] == exercise:
            cell["source"] = source_of(own[0]) if own else ""
            cell["cell_type"] = own[0]["cell_type"] if own else "code"
    blank, _ = merge(before, mine, course)
    for cell in blank["cells"]:
        if cell["id"] == f"check-{exercise}" and cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return blank


def holds_work(repo, name):
    """Whether the course's own notebooks/NAME.ipynb holds what somebody wrote there and no commit has."""
    try:
        text = (Path(repo) / COURSE / f"{name}.ipynb").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    committed = history.committed(repo, f"{COURSE}/{name}.ipynb")
    if text == committed:
        return False
    try:
        notebook = parse(text, name)
        if as_built(notebook):
            return False
        there = parse(committed, name)["cells"] if committed else []
    except NotebookError:  # torn, maybe by git: a file that was saved from a kernel says so
        return bool(SAVED.search(text))
    cells = notebook["cells"]
    return len(cells) != len(there) or not all(same(*pair) for pair in zip(cells, there, strict=True))
