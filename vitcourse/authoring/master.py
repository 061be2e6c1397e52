"""Read a lab's master (jupytext, MyST Markdown) into cells that know their key and their line."""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

from ..common.errors import CourseError
from ..exercises import LABS, exercise_ids

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what nbformat allows as a cell's id
CHECK = re.compile(r"""\bcheck\(\s*["'](\w+)["']""")
FENCE = re.compile(r"^(`{3,}|~{3,})(.*)$")
DIRECTIVE = re.compile(r"^(?:`{3,}|:{3,})\{(\w+)\}", re.MULTILINE)  # MyST's own blocks: JupyterLab shows them raw


class MasterError(CourseError):
    """The problems found in one or more masters; `problems` holds one sentence each, with file and line."""

    def __init__(self, problems):
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Cell:
    """One cell of a master: `kind` is markdown, setup, exercise, check or code; `key` becomes its id."""

    kind: str
    key: str
    source: str
    line: int
    tags: tuple[str, ...] = ()
    exercise: str | None = None  # the exercise that an exercise cell holds, or that a check cell checks


@dataclass(frozen=True)
class Master:
    """A lab's text: `stem` such as 03_attention, and its cells in order."""

    path: Path
    stem: str
    cells: tuple[Cell, ...]


def read_master(path):
    """Read and check one master.

    Raises:
        MasterError: with everything that is wrong in it: keys, tags, exercises, heading.
    """
    return _Reader(path).read()


class _Reader:
    def __init__(self, path):
        self.path = Path(path)
        self.name = f"{self.path.parent.name}/{self.path.name}"
        self.text = self.path.read_text(encoding="utf-8")
        self.problems = []
        self.keys = {}  # key -> line where it was first used

    def say(self, line, problem):
        self.problems.append(f"{self.name}:{line}: {problem}")

    def read(self):
        try:
            notebook = jupytext.reads(self.text, fmt="md:myst")
        except Exception as error:  # jupytext's own errors are of many types
            raise MasterError([f"{self.name}: not readable as MyST Markdown: {error}"]) from error
        lines = cell_lines(self.text, notebook.cells)
        cells, before = [], None
        for raw, line in zip(notebook.cells, lines, strict=True):
            cell = self.markdown(raw, line, before) if raw.cell_type == "markdown" else self.code(raw, line, before)
            cells.append(cell)
            before = cell
        self.check_heading(cells)
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.startswith(("<<<<<<< ", ">>>>>>> ")):
                self.say(number, "here a merge was not finished")
        self.check_order(cells)
        if self.problems:
            raise MasterError(self.problems)
        return Master(self.path, self.path.stem, tuple(cells))

    def take(self, key, line):
        """Note a key as used; say so when it cannot be a cell's id or is there already."""
        if not KEY.fullmatch(key):
            self.say(line, f"the key {key!r} must have 1 to 64 letters, digits, dashes or underscores")
        elif key in self.keys:
            self.say(line, f"the key {key!r} is used already in line {self.keys[key]}")
        self.keys.setdefault(key, line)
        return key

    def markdown(self, raw, line, before):
        for word in DIRECTIVE.findall(raw.source):
            self.say(line, f"JupyterLab shows the block {{{word}}} as raw text: write it in plain Markdown")
        key = raw.metadata.get("key")
        if key is None and before is not None and before.kind == "markdown":
            self.say(line, 'a second text cell in a row needs a key: write +++ {"key": "some-name"}')
            key = f"line-{line}"  # only to go on and find more problems: no notebook is written
        elif key is None:
            key = "intro" if before is None else f"after-{before.key}"
        return Cell("markdown", self.take(str(key), line), raw.source, line, tuple(raw.metadata.get("tags", ())))

    def code(self, raw, line, before):
        tags, key = tuple(raw.metadata.get("tags", ())), raw.metadata.get("key")
        kind, exercise = "code", None
        if key == "setup":
            kind = "setup"
            if raw.source.strip():
                self.say(line, "the setup cell must be empty: the build writes it")
        elif "exercise" in tags:
            kind, exercise = "exercise", key
            if raw.source.strip():
                self.say(line, "an exercise cell must be empty: the build puts the exercise's text there")
            if key is not None and key not in exercise_ids():
                self.say(line, f"there is no exercise {key!r}; there are: {', '.join(exercise_ids())}")
        elif "check" in tags:
            kind, exercise = "check", self.checked(raw.source, line)
            key = key or f"check-{exercise or line}"
        elif not raw.source.strip():
            self.say(line, "this code cell is empty")
        if key is None:
            self.say(line, "this code cell has no key: add a line `:key: some-name`")
            key = f"line-{line}"
        return Cell(kind, self.take(str(key), line), raw.source, line, tags, exercise)

    def checked(self, source, line):
        names = set(CHECK.findall(source))
        if len(names) != 1:
            self.say(line, 'a check cell must check exactly one exercise by name, as in check("patchify")')
            return None
        name = names.pop()
        if name not in exercise_ids():
            self.say(line, f"there is no exercise {name!r}; there are: {', '.join(exercise_ids())}")
        return name

    def check_heading(self, cells):
        """The first line is the lab's heading, with the number and the title of the plan."""
        lab = next((lab for lab in LABS if lab.file_stem == self.path.stem), None)
        if lab is None:
            known = ", ".join(lab.file_stem for lab in LABS)
            self.say(1, f"no lab is called {self.path.stem}; the plan in vitcourse/exercises has: {known}")
            return
        heading, first = f"# Lab {lab.number:02d}: {lab.title}", cells[0].source.split("\n", 1)[0] if cells else ""
        if first != heading:
            line = cells[0].line if cells else 1
            self.say(line, f"the first line is {first!r}, but by the plan in vitcourse/exercises it is {heading!r}")

    def check_order(self, cells):
        """The setup cell comes first, and each of the lab's exercises stands here once, before its check."""
        code = [cell for cell in cells if cell.kind != "markdown"]
        if not code or code[0].kind != "setup":
            self.say(code[0].line if code else 1, "the first code cell must be empty with `:key: setup`")
        here = {cell.exercise: cell.line for cell in cells if cell.kind == "exercise"}
        checked = {cell.exercise: cell.line for cell in cells if cell.kind == "check"}
        lab = next((lab for lab in LABS if lab.file_stem == self.path.stem), None)
        for name in lab.exercises if lab else ():
            if name not in here:
                self.say(1, f"the exercise {name!r} of this lab is nowhere in it")
        for name, line in here.items():
            if name is None:
                continue  # said already: it has no key
            if lab and name in exercise_ids() and name not in lab.exercises:
                self.say(line, f"the exercise {name!r} belongs to another lab")
            if name not in checked:
                self.say(line, f"the exercise {name!r} has no check cell")
            elif checked[name] < line:
                self.say(checked[name], f"the check of {name!r} stands before the exercise")
        for name, line in checked.items():
            if name in exercise_ids() and name not in here:
                self.say(line, f"the check of {name!r} has no exercise cell in this lab")


def cell_lines(text, cells):
    """The line at which each of jupytext's cells starts: the fence of a code cell, the first line of a text."""
    lines = text.splitlines()
    fences, closing = [], None
    for number, line in enumerate(lines, 1):
        match = FENCE.match(line)
        if closing is None and match:
            closing = match[1]
            if match[2].startswith("{code-cell}"):
                fences.append(number)
        elif closing is not None and match and match[1].startswith(closing) and not match[2].strip():
            closing = None
    found, position, fence = [], 0, iter(fences)
    for cell in cells:
        if cell.cell_type == "code":
            position = next(fence, position + 1)
        else:
            first = cell.source.split("\n", 1)[0]
            position = next((n for n in range(position + 1, len(lines) + 1) if lines[n - 1] == first), position + 1)
        found.append(position)
    return found
