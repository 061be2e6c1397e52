"""The text of the site's pages: labs from their solved notebooks, the rest from the README, the plan, the exercises."""

import ast
import html
import posixpath
import re

from nbformat.v4 import new_code_cell, new_markdown_cell

from ..common.errors import CourseError
from ..exercises import LABS, get_exercise
from ..workbook.reference_text import learner_source

ROOMS = {  # folder of the package -> its page's title, and what it says
    "reference": ("The models", "What the labs write, as a small ViT library: `vitcourse.reference`."),
    "training": ("Training", "The training loop and what it is made of: `vitcourse.training`."),
}
LINK = re.compile(r"(!?)\[([^\]\[]*)\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(https?://[^)]*\)")
SPECIAL = re.compile(r"([\\*_<>\[\]$#|~&])")


class Readme:
    """The README by its parts: `readme["Start"]` is the text below that heading, `readme.intro` what stands before."""

    def __init__(self, text):
        self.intro, *rest = re.split(r"^## ", text, flags=re.MULTILINE)
        self.intro = self.intro.partition("\n")[2].strip()  # without the title
        self.parts = {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in rest)}

    def __getitem__(self, title):
        if title not in self.parts:
            raise CourseError(f"README.md has no part called “{title}”, which the site shows: name it so again.")
        return self.parts[title]


class Links:
    """Where the repository's own files are on the site.

    Args:
        root: the checkout.
        address: its public address, or None.
        documents: the names of the pages made from docs/.
    """

    def __init__(self, root, address, documents):
        self.root, self.address = root, address
        self.pages = {"README.md": "index.md"} | {f"docs/{name}.md": f"{name}.md" for name in documents}
        self.pages |= {f"docs/{path.name}": path.name for path in (root / "docs").glob("*.png")}
        for folder, ending in (("labs", "md"), ("labs", "ipynb"), ("notebooks", "ipynb"), ("labs_solutions", "ipynb")):
            self.pages |= {f"{folder}/{lab.file_stem}.{ending}": f"labs/{lab.file_stem}.ipynb" for lab in LABS}

    def mend(self, text, folder, page_folder=""):
        """A Markdown text whose links to files of the repository lead to pages, else to the repository, else nowhere.

        Args:
            text: where it stands in the repository, its links are right.
            folder: of the repository, in which it stands.
            page_folder: of the site, in which its page is.
        """
        text = PICTURE.sub(r"\1", text)  # a badge is a picture from elsewhere: its words stay, and its link

        def mended(match):
            picture, words, target = match.groups()
            path, _, anchor = target.partition("#")
            path = posixpath.normpath(posixpath.join(folder, path))
            anchor = f"#{anchor}" if anchor else ""
            if path in self.pages:
                return f"{picture}[{words}]({posixpath.relpath(self.pages[path], page_folder or '.')}{anchor})"
            if ":" in target or target.startswith("#") or not (self.root / path).exists():
                return match[0]  # to elsewhere, on this page, or broken: Sphinx says so
            return f"[{words}]({self.address}/blob/main/{path})" if self.address else words

        return LINK.sub(mended, text)


def front_page(readme, documents):
    """What the course is, its picture, the map of the labs, and how to start."""
    rows = [
        f"| [{lab.number:02d} {lab.title}](labs/{lab.file_stem}.md) | {lab.minutes} | "
        f"{', '.join(f'[`{name}`](mistakes/{name}.md)' for name in lab.exercises)} |"
        for lab in LABS
    ]
    begin, _, _ = readme["Start"].partition("\n### ")
    return "\n".join(
        [
            "# Vision Transformers that you write",
            "",
            readme.intro,
            "",
            "## The labs",
            "",
            "Every lab is a page here, with all its results. The exercises stand open and their solutions are folded,",
            "so that you can think first. To write and check your own, [start](start.md) the notebooks.",
            "",
            "| lab | minutes | you write |",
            "|---|---|---|",
            *rows,
            "",
            "## Start",
            "",
            begin.strip(),
            "",
            "[Start](start.md) says how to begin with conda and on Colab, and how to train in a terminal.",
            "",
            toctree([f"labs/{lab.file_stem}" for lab in LABS], "Labs"),
            toctree(["start", "axes", "mistakes/index", *documents], "Beside the labs"),
            toctree([f"api/{room}" for room in ROOMS], "The library"),
        ]
    )


def start_page(readme):
    """How to start, and what the command line does."""
    start = re.sub("^### ", "## ", readme["Start"], flags=re.MULTILINE)  # it was a part, and is a page here
    return "\n\n".join(["# Start", start, "## Train in a terminal", readme["Train in a terminal"]])


def toctree(pages, caption=None):
    """Sphinx's list of pages: for the bar at the left, and for previous and next."""
    head = ["```{toctree}", *([f":caption: {caption}"] if caption else []), ":hidden:", ""]
    return "\n".join([*head, *pages, "```", ""])


def lab_page(notebook, lab, links):
    """A solved notebook as a page: exercises open, solutions folded, nothing that only a running notebook can use."""
    cells, heading = [], lab.title
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            text = links.mend(cell.source, "labs", "labs")
            heading = (re.findall(r"^#+ (.+)$", text, re.MULTILINE) or [heading])[-1]
            cells.append(new_markdown_cell(text, id=cell.id))
        elif "exercise" in tags:
            cells.append(new_code_cell(learner_source(cell.id), id=f"{cell.id}-todo"))
            cells.append(folded(cell, "Solution"))
        elif "check" in tags:
            cells.append(described(cell, heading))
            cells.append(new_markdown_cell(mistakes_link(cell), id=f"{cell.id}-mistakes"))
        elif cell.id == "setup":
            cells.append(folded(cell, "Setup"))
        elif "help" not in tags and cell.id != "progress":  # they are for one who works in the notebook
            cells.append(described(cell, heading))
    notebook.cells = cells
    return notebook


def folded(cell, words):
    """A code cell that is shown when its words are clicked."""
    cell.metadata = {"tags": ["hide-cell"], "mystnb": {"code_prompt_show": words, "code_prompt_hide": words}}
    return cell


def described(cell, heading):
    """A code cell whose pictures have a text for those who do not see them."""
    pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    given = [output.get("metadata", {}).get("image/png", {}).get("alt") for output in pictures]
    words = " ".join(dict.fromkeys(text for text in given if text))
    if pictures:
        plain = re.sub(r"[`*$]", "", heading)
        alt = words or f"A figure to “{plain}”: the text beside it says what it shows."
        cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return cell


def mistakes_link(cell):
    """The line below a check: where its hints and known mistakes are."""
    name = cell.metadata["nbgrader"]["grade_id"].removeprefix("check-")
    return f"[Hints, and the {len(get_exercise(name).mistakes)} mistakes that this check knows](../mistakes/{name}.md)"


def escape(text):
    """A sentence of the checker as Markdown: what stands in backticks is code, and nothing else is markup."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return SPECIAL.sub(r"\\\1", text).replace("`", r"\`")
    return "`".join(piece if i % 2 else SPECIAL.sub(r"\\\1", piece) for i, piece in enumerate(pieces))


def as_html(text):
    """A sentence of the checker as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def fold(summary, body):
    """A block that is shown when its summary, in HTML, is clicked; its body is Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>\n"


def mistakes_page(name, lab):
    """An exercise's hints and known mistakes, all folded."""
    exercise = get_exercise(name)
    mistakes = [fold(as_html(each.message), escape(each.hint)) for each in exercise.mistakes]
    return "\n".join(
        [
            f"# {escape(name)}",
            "",
            f"An exercise of [lab {lab.number:02d}: {lab.title}](../labs/{lab.file_stem}.ipynb).",
            "",
            "## Hints",
            "",
            *(fold(f"Hint {i}", escape(hint)) for i, hint in enumerate(exercise.hints, 1)),
            "## Mistakes that the check knows",
            "",
            "Each is an answer that learners give. The check compares what yours does with what these do, and says",
            "the sentence of the first that does the same. Below each sentence is its hint. They tell much of the",
            "answer, so try first.",
            "",
            fold(f"The {len(exercise.mistakes)} mistakes", "\n".join(mistakes)),
        ]
    )


def mistakes_index():
    """The list of all exercises."""
    parts = ["# Hints and known mistakes\n\nA page for each exercise; on it everything is folded until you open it.\n"]
    for lab in LABS:
        links = [f"- [`{name}`]({name}.md), {len(get_exercise(name).mistakes)} mistakes" for name in lab.exercises]
        parts.append("\n".join([f"## {lab.number:02d} {lab.title}\n", *links, ""]))
    return "\n".join([*parts, toctree([name for lab in LABS for name in lab.exercises])])


def api_pages(root):
    """A page for each module of the library's two rooms, and one that lists them."""
    pages = {}
    for room, (title, words) in ROOMS.items():
        modules = sorted((root / "vitcourse" / room).glob("[!_]*.py"), key=lambda path: module_order(path.stem))
        rows = []
        for path in modules:
            name = f"vitcourse.{room}.{path.stem}"
            holds = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
            rows.append(f"| [`{name}`]({room}/{path.stem}.md) | {escape(' '.join(holds.split()))} |")
            directive = f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```"
            pages[f"api/{room}/{path.stem}.md"] = f"# {path.stem}\n\n`{name}`\n\n{directive}\n"
        table = "\n".join(["| module | what it holds |", "|---|---|", *rows])
        names = [f"{room}/{path.stem}" for path in modules]
        pages[f"api/{room}.md"] = f"# {title}\n\n{words}\n\n{table}\n\n{toctree(names)}"
    return pages


def module_order(stem):
    """Modules of labs in the labs' order, then the others by name."""
    stems = [lab.stem for lab in LABS]
    first = stem.split("_")[0]
    return (stems.index(first) if first in stems else len(stems), stem)
