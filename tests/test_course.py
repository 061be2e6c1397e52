"""A lint over the course: every lab has its parts in order, its time, each exercise its cells, and a measured claim."""

import ast
import re

import pytest
import yaml

from vitcourse.common.places import REPO
from vitcourse.exercises import LABS

PARTS = ["Why", "The idea in one picture", "Exercises", "See it", "Measure it", "Questions", "Where this goes"]


def text_of(lab):
    return (REPO / "labs" / f"{lab.file_stem}.md").read_text(encoding="utf-8")


def import_lines(text):
    """The lines of a master's import cell that import something."""
    cell = re.search(r"^:key: imports\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    body = ast.parse(cell[1]).body if cell else []
    return sum(node.end_lineno - node.lineno + 1 for node in body if isinstance(node, (ast.Import, ast.ImportFrom)))


def faults(lab, text):
    """What a lab's master lacks, as sentences."""
    found = []
    repeated = set(yaml.safe_load(text.split("---")[1])) - {"jupytext", "kernelspec"}
    if repeated:  # title and minutes stand in the plan, and for readers in the text
        found.append(f"its front matter holds {sorted(repeated)}")
    titles = re.findall(r"^# (.+)$", text.split("```{code-cell}")[0], flags=re.MULTILINE)
    if titles != [f"Lab {lab.number:02d}: {lab.title}"]:
        found.append(f"its title is {titles}")
    if not 1 <= import_lines(text) <= 10:  # what one cell alone needs is imported there
        found.append(f"its import cell has {import_lines(text)} lines of imports, and ten are the limit")
    prose = re.sub(r"```\{code-cell\}.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^## (.+)$", prose, flags=re.MULTILINE)
    if headings != PARTS:
        found.append(f"its parts are {headings}")
    if not re.search(rf"\b{lab.minutes} minutes", prose.split("## ")[0].split("# Lab")[-1]):
        found.append("its beginning does not say how long it takes")
    titles = re.findall(r"^### Exercise (\d+)\.(\d+): .+$", prose, flags=re.MULTILINE)
    if titles != [(str(lab.number), str(i + 1)) for i in range(len(lab.exercises))]:
        found.append(f"its exercises' headings are numbered {titles}")
    cells = re.findall(
        r":tags: \[exercise\]\n:key: (\w+)|^check\(\"(\w+)\"\)$|^# hint\(\"(\w+)\"\)$", text, flags=re.MULTILINE
    )
    wanted = [name for name in lab.exercises for _ in range(3)]
    if [next(filter(None, cell)) for cell in cells] != wanted:
        found.append("an exercise lacks its TODO cell, its check or its hint, or they are out of order")
    if re.findall(r'^# solution\("(\w+)"\)$', text, flags=re.MULTILINE) != list(lab.exercises):
        found.append("an exercise lacks its solution call")
    measured = text.split("## Measure it")[-1].split("\n## Questions")[0]
    if not re.search(r"^ *assert ", measured, flags=re.MULTILINE):
        found.append("nothing in Measure it asserts the claim")
    questions = text.split("\n## Questions")[-1].split("\n## ")[0]
    if questions.count("<details>") < 3 or questions.count("<details>") != questions.count("</details>"):
        found.append("it has fewer than three questions with folded answers")
    if "mine(" not in text and lab.number:
        found.append("nothing is made with the learner's own code")
    for tagged in re.findall(r"```\{code-cell\}\n(.*?)```", text, flags=re.DOTALL):
        if re.search(r":tags:.*\b(slow|gpu)\b", tagged) and not re.search(r"second|minute", tagged + prose):
            found.append("a slow cell does not say how long it takes")
    return found


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.file_stem)
def test_each_lab_has_its_parts(lab):
    assert faults(lab, text_of(lab)) == []


def test_the_lint_sees_what_is_missing():
    lab, text = LABS[1], text_of(LABS[1])
    damages = [
        ("kernelspec:", "title: Patches\nkernelspec:"),
        ("# Lab 01: Patches", "# Lab 01: Squares"),
        ("import torch\n", "import torch\nimport a\nfrom b import (\n    c,\n)\n"),
        (":key: imports", ":key: import"),
        ("## Measure it", "## Measures"),
        ("60 minutes", "an hour"),
        ("### Exercise 1.2", "### Exercise 1.4"),
        ('check("unpatchify")', 'check("patchify")'),
        ('# hint("unpatchify")', "pass"),
        ('# solution("unpatchify")', "pass"),
        ("assert ", "print("),
        ("<details>", "<p>"),
        ("mine(", "yours("),
    ]
    for old, new in damages:
        assert old in text and faults(lab, text.replace(old, new)), f"{old} -> {new}"


def test_there_is_no_file_without_a_lab_and_no_lab_without_its_files():
    stems = {lab.stem for lab in LABS}
    file_stems = {lab.file_stem for lab in LABS}
    for folder, ending in (("labs", ".md"), ("notebooks", ".ipynb"), ("labs_solutions", ".ipynb")):
        assert {path.stem for path in (REPO / folder).glob(f"*{ending}")} == file_stems, folder
    # the convolutional stem is a model that no lab asks for
    assert {path.stem.split("_")[0] for path in (REPO / "vitcourse" / "reference").glob("[!_]*.py")} == stems | {"stem"}
    assert all((REPO / "vitcourse" / "reference" / f"{stem}.py").is_file() for stem in stems)
    assert {path.parent.name for path in (REPO / "vitcourse" / "exercises").glob("*/__init__.py")} == stems
    assert {path.stem.split("_")[1] for path in (REPO / "tests" / "exercises").glob("alternatives_*.py")} == stems
