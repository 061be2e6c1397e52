"""The site's pages as text: what a lab's page shows and leaves out, where links lead, and what stops the site."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from vitcourse.authoring import site, site_pages
from vitcourse.authoring.site_pages import Links, Readme, as_html, escape, lab_page, mistakes_page
from vitcourse.cli import main as command
from vitcourse.common.errors import CourseError
from vitcourse.common.places import REPO
from vitcourse.exercises import LABS, get_exercise, lab_of
from vitcourse.workbook.reference_text import learner_source, solution_source

NAME = "patchify"
LAB = lab_of(NAME)
PNG = "iVBORw0KGgo="


@pytest.fixture
def links():
    return Links(REPO, None, ["benchmarks"])


def picture(**metadata):
    return new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"}, metadata=metadata)


def solved(*more):
    cells = [
        new_code_cell("import sys", id="setup"),
        new_code_cell(solution_source(NAME), id=NAME, metadata={"tags": ["exercise"]}),
        new_code_cell(
            f'check("{NAME}")', id=f"check-{NAME}",
            metadata={"tags": ["check"], "nbgrader": {"grade_id": f"check-{NAME}"}},
            outputs=[new_output("display_data", data={"text/plain": "PASS"})],
        ),
        new_code_cell(f'# hint("{NAME}")', id="help", metadata={"tags": ["help"]}),
        *more,
        new_code_cell("progress()", id="progress"),
    ]  # fmt: skip
    return new_notebook(cells=cells)


def test_an_exercise_stands_open_and_its_solution_is_folded(links):
    setup, todo, answer, check, mistakes = lab_page(solved(), LAB, links).cells
    assert todo.source == learner_source(NAME) and "tags" not in todo.metadata
    assert answer.source == solution_source(NAME) and "hide-cell" in answer.metadata.tags
    assert answer.metadata.mystnb.code_prompt_show == "Solution"
    assert "hide-cell" in setup.metadata.tags
    assert check.outputs and "hide-cell" not in check.metadata.tags
    number = len(get_exercise(NAME).mistakes)
    assert mistakes.source.startswith(f"[Hints, and the {number} mistakes") and f"mistakes/{NAME}.md" in mistakes.source


def test_a_picture_has_the_words_that_it_brings_or_those_of_its_heading(links):
    more = [
        new_markdown_cell("## A\n\n### The *first* $N$ patches"),
        new_code_cell("plot()", outputs=[picture()]),
        new_code_cell("explore()", outputs=[picture(**{"image/png": {"alt": "Nine patches."}})]),
        new_code_cell("print()", outputs=[new_output("stream", text="1")]),
    ]
    cells = lab_page(solved(*more), LAB, links).cells[-3:]
    assert "The first N patches" in cells[0].metadata.mystnb.image.alt
    assert cells[1].metadata.mystnb.image.alt == "Nine patches."
    assert "mystnb" not in cells[2].metadata


@pytest.mark.parametrize(
    ("text", "folder", "page_folder", "mended"),
    [
        ("[lab](labs/03_attention.md)", "", "", "[lab](labs/03_attention.ipynb)"),
        ("[lab](04_vit.ipynb#why)", "labs", "labs", "[lab](04_vit.ipynb#why)"),
        ("[it](../docs/benchmarks.md)", "labs", "labs", "[it](../benchmarks.md)"),
        ("![seen](docs/explorers.png)", "", "", "![seen](explorers.png)"),
        ("[it](benchmarks.md)", "docs", "", "[it](benchmarks.md)"),
        ("the [licence](LICENSE).", "", "", "the licence."),
        ("[out](https://arxiv.org/abs/1706.03762)", "labs", "labs", "[out](https://arxiv.org/abs/1706.03762)"),
        ("[![Open](https://a.b/c.svg)](https://d.e)", "", "", "[Open](https://d.e)"),
        ("[none](none.md)", "", "", "[none](none.md)"),  # Sphinx says that this one is broken
    ],
)
def test_links_lead_to_pages(links, text, folder, page_folder, mended):
    assert links.mend(text, folder, page_folder) == mended


def test_with_an_address_other_files_are_linked_there():
    address = "https://github.com/someone/vit"
    assert Links(REPO, address, []).mend("[l](LICENSE)", "") == f"[l]({address}/blob/main/LICENSE)"


def test_a_sentence_of_the_checker_keeps_its_signs():
    assert escape("C*P*P is `a*b`, not <x>_y") == r"C\*P\*P is `a*b`, not \<x\>\_y"
    assert escape("a ` alone *") == r"a \` alone \*"
    assert as_html("a < b: `x <= y`") == "a &lt; b: <code>x &lt;= y</code>"


def test_the_page_of_mistakes_has_each_sentence_and_hint_folded():
    exercise, text = get_exercise(NAME), mistakes_page(NAME, LAB)
    assert text.count("<details>") == text.count("</details>") == 3 + 1 + len(exercise.mistakes)
    everything = text.split("<details>", 1)[0]
    for mistake in exercise.mistakes:
        assert as_html(mistake.message) in text and escape(mistake.hint) in text
        assert as_html(mistake.message) not in everything


def test_the_readme_has_the_parts_that_the_pages_take():
    readme = Readme((REPO / "README.md").read_text(encoding="utf-8"))
    assert "embed_dim" in readme["The letters for axes"] and "make lab" in readme["Start"]
    front = site_pages.front_page(readme, ["benchmarks"])
    assert [lab.file_stem in front for lab in LABS] == [True] * len(LABS)
    assert "explorers.png" in front


@pytest.fixture
def course(tmp_path):
    """A folder with what the site reads."""
    for folder in ("labs_solutions", "docs"):
        shutil.copytree(REPO / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(REPO / file, tmp_path)
    return tmp_path


def refused(course, monkeypatch):
    """The sentence with which the site is refused."""
    monkeypatch.setattr(site, "find_spec", lambda name: name)
    with pytest.raises(CourseError) as error:
        site.main(course / "site", root=course)
    assert not (course / "site").exists()
    return str(error.value)


def test_a_missing_notebook_is_named(course, monkeypatch):
    (course / "labs_solutions" / f"{LAB.file_stem}.ipynb").unlink()
    assert f"labs_solutions/{LAB.file_stem}.ipynb is missing: run" in refused(course, monkeypatch)


def test_a_notebook_that_was_never_run_is_named(course, monkeypatch):
    path = course / "labs_solutions" / f"{LAB.file_stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, path)
    assert "holds no results: run `vitcourse build 01_patches` first." in refused(course, monkeypatch)
    path.write_text("{", encoding="utf-8")
    assert "not readable" in refused(course, monkeypatch)


def test_a_missing_part_of_the_readme_is_named(course, monkeypatch):
    text = (course / "README.md").read_text(encoding="utf-8")
    (course / "README.md").write_text(text.replace("## The letters for axes", "## Letters"), encoding="utf-8")
    assert "README.md has no part called “The letters for axes”" in refused(course, monkeypatch)


def test_without_its_tools_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(site, "find_spec", lambda name: None if name == "myst_nb" else name)
    assert command(["site"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("myst_nb is missing: run `make site`") and "Traceback" not in said


def after_blocking(blocked, statement):
    """What a fresh Python says in which some modules cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))"
    return subprocess.run([sys.executable, "-c", f"{block}\n{statement}"], capture_output=True, text=True, cwd=REPO)


def test_it_needs_no_more_than_its_own_extra():
    """`make site` installs the extra `site` alone: what builds notebooks and runs tests is not there."""
    others = ["jupytext", "nbclient", "pytest", "yaml", "ipykernel", "jupyterlab", "playwright", "timm"]
    done = after_blocking(others, "from vitcourse.authoring import site, site_pages")
    assert done.returncode == 0, done.stderr
    done = after_blocking(["nbformat", "sphinx"], "from vitcourse.cli import main; sys.exit(main(['site']))")
    assert done.returncode == 1 and done.stderr.startswith("nbformat, sphinx"), done.stderr


def test_a_folder_that_holds_something_else_is_kept(course, monkeypatch):
    monkeypatch.setattr(site, "find_spec", lambda name: name)
    with pytest.raises(site.SiteError, match="no site"):
        site.main(course / "docs", root=course)
    assert (course / "docs" / "benchmarks.md").is_file()


@pytest.mark.filterwarnings("ignore")  # what Sphinx's extensions have to say to each other about later versions
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[x](none.md)", "index.md:3: WARNING"),
        ("[x](#nowhere)", "nowhere"),
        ("![x](none.png)", "none.png"),
    ],
)
def test_a_broken_link_stops_the_site(tmp_path, text, words):
    missing = [tool for tool in site.TOOLS if find_spec(tool) is None]
    if missing:
        pytest.skip(f"Sphinx could not be tried: {', '.join(missing)} is not here")
    source = tmp_path / "source"
    (source / "_static").mkdir(parents=True)
    (source / "_static" / "site.css").touch()
    (source / "index.md").write_text(f"# A page\n\n{text}\n")
    with pytest.raises(site.SiteError, match="The site was not written") as error:
        site.run_sphinx(source, tmp_path / "out")
    assert words in str(error.value) and str(tmp_path) not in str(error.value)
