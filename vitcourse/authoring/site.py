"""`vitcourse site`: write site/, the course to read in a browser, from the solved notebooks, docs/ and the docstrings.

site_pages.py makes the text of every page; this module puts the pages into a temporary folder and lets Sphinx make
them into HTML (myst-nb for the notebooks, autodoc for the library, MathJax from a package and not from the network).
Nothing is run: the results are those that lie in labs_solutions/.
"""

import io
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ..common.errors import CourseError
from ..common.places import REPO
from ..exercises import LABS
from .setup_cell import repository_address

SOLVED, OUT = "labs_solutions", "site"
# Modules by name; that of MathJax is written with dashes.
TOOLS = ("nbformat", "sphinx", "myst_nb", "sphinx_book_theme", "sphinx-mathjax-offline")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

SETTINGS = {
    "project": "vitcourse",
    "html_title": "Vision Transformers that you write",
    "extensions": [
        "myst_nb",
        "sphinx.ext.autodoc",
        "sphinx.ext.napoleon",
        "sphinx.ext.viewcode",
        "sphinx.ext.githubpages",  # .nojekyll: else GitHub leaves out the folders that begin with _
        "sphinx.ext.mathjax",
        "sphinx-mathjax-offline",
    ],
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},  # these two come from foreign hosts, and no page holds a live widget
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_dmath_double_inline": True,
    "myst_heading_anchors": 4,
    "default_role": "code",  # docstrings write `name`, as Markdown does
    "autodoc_member_order": "bysource",
    "autodoc_inherit_docstrings": False,  # else every forward says what nn.Module.forward says
    "autodoc_typehints": "none",
    "add_module_names": False,
    "html_context": {"default_mode": "auto"},  # light or dark as the reader's system is, until a button says otherwise
    "napoleon_custom_sections": [("Shapes", "params_style")],
    "viewcode_line_numbers": True,
    "html_theme": "sphinx_book_theme",
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,  # the summaries are fetched, which no browser allows a page from disk
}
THEME = {
    "show_toc_level": 2,
    "use_fullscreen_button": False,
    "use_download_button": False,
    "navbar_start": [],  # the theme has a bar above the pages and one beside them; the second is enough
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "footer_content_items": "",
    "toc_title": "On this page",
}


class SiteError(CourseError):
    """The site could not be made; the message says why and what to do."""


def main(out=None, root=REPO):
    """Write the site and say where it is.

    Args:
        out: the folder; what is in it is replaced. None is site/ in the checkout.
        root: the checkout.

    Raises:
        SiteError: when the tools or a solved notebook are missing, or Sphinx finds something wrong, say a broken link.
    """
    root = Path(root)
    out = Path(out or root / OUT).resolve()
    missing = [tool for tool in TOOLS if find_spec(tool) is None]
    if missing:
        raise SiteError(f"{', '.join(missing)} is missing: run `make site`, or pip install --editable '.[site]'.")
    if out.exists() and not (out / "searchindex.js").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise SiteError(f"{out} holds something that is no site: choose another folder.")
    with tempfile.TemporaryDirectory(prefix="vitcourse-site-") as folder:
        source, built = Path(folder) / "source", Path(folder) / "site"
        write_pages(root, source)
        run_sphinx(source, built, repository_address(root))
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(built, out, ignore=shutil.ignore_patterns(".buildinfo", "objects.inv"))
    print(f"{len(list(out.rglob('*.html')))} pages. Open {out / 'index.html'} in a browser.")


def solved_notebook(root, lab):
    """A lab's solved notebook.

    Raises:
        SiteError: when it is not there, cannot be read or was never run.
    """
    import nbformat  # it comes with the tools, which may not be there

    path = root / SOLVED / f"{lab.file_stem}.ipynb"
    remedy = f"run `vitcourse build {lab.file_stem}` first."
    if not path.is_file():
        raise SiteError(f"{SOLVED}/{path.name} is missing: {remedy}")
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:  # a torn file: any of several errors
        raise SiteError(f"{SOLVED}/{path.name} is not readable as a notebook: {remedy}") from None
    if not any(cell.get("outputs") for cell in notebook.cells):
        raise SiteError(f"{SOLVED}/{path.name} holds no results: {remedy}")
    return notebook


def write_pages(root, source):
    """Write the text of every page into the folder `source`, as Sphinx reads it."""
    import nbformat  # as above

    from . import site_pages as made

    address = repository_address(root)
    documents = [name for name in ("checker", "benchmarks") if (root / "docs" / f"{name}.md").is_file()]
    links = made.Links(root, address, documents)
    readme = made.Readme((root / "README.md").read_text(encoding="utf-8"))
    pages = {
        "index.md": links.mend(made.front_page(readme, documents), ""),
        "start.md": links.mend(made.start_page(readme), ""),
        "axes.md": f"# The letters for axes\n\n{readme['The letters for axes']}",
        "mistakes/index.md": made.mistakes_index(),
    }
    for name in documents:
        pages[f"{name}.md"] = links.mend((root / "docs" / f"{name}.md").read_text(encoding="utf-8"), "docs")
    for lab in LABS:
        pages[f"labs/{lab.file_stem}.ipynb"] = nbformat.writes(made.lab_page(solved_notebook(root, lab), lab, links))
        pages |= {f"mistakes/{name}.md": made.mistakes_page(name, lab) for name in lab.exercises}
    pages |= made.api_pages(root)
    for path, text in pages.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    (source / "_static").mkdir()
    shutil.copy(root / "docs" / "site" / "site.css", source / "_static")
    for picture in (root / "docs").glob("*.png"):
        shutil.copy(picture, source)


def run_sphinx(source, out, address=None):
    """Make the pages in `source` into HTML; every warning is an error.

    Raises:
        SiteError: with what Sphinx says.
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    theme = THEME | ({"repository_url": address, "use_repository_button": True} if address else {})
    settings = SETTINGS | {"html_theme_options": theme, "html_static_path": [str(source / "_static")]}
    said = io.StringIO()
    with patch_docutils(), docutils_namespace():  # else a second site in one process finds the first one's directives
        app = Sphinx(source, None, out, source.parent / "doctrees", "html", settings, status=None, warning=said)
        app.connect("autodoc-process-docstring", keep_letters, priority=900)  # after napoleon
        app.build()
    shutil.rmtree(out / "_sources", ignore_errors=True)
    lines = [COLOUR.sub("", line).replace(f"{source}/", "") for line in said.getvalue().splitlines() if line.strip()]
    if lines:
        raise SiteError("\n".join([*lines, "The site was not written: Sphinx says why above."]))


def keep_letters(app, what, name, thing, options, lines):
    """Keep reStructuredText from taking what begins with "D." for the fourth point of a list."""
    lines[:] = [re.sub(r"^(\s*)([A-Za-z])\.(?=\s|$)", r"\1\\\2.", line) for line in lines]
