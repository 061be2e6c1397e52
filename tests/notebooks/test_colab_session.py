"""The stand-in for Colab refuses what Colab's ipywidgets does not have, and nothing else."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from .colab_session import newer_uses
from vitcourse.common.places import REPO

HERE = Path(__file__).parent


def run_in_colab(statements):
    """What a Python that looks like Colab's prints for some statements."""
    text = f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport colab_session\ncolab_session.begin()\n"
    text += "import ipywidgets as w\n" + statements
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)


def test_what_77_has_still_works():
    done = run_in_colab(
        "box = w.VBox([w.IntSlider(value=3, min=1, max=9, description='P', continuous_update=False), w.Output()])\n"
        "tab = w.Tab(children=[box]); tab.set_title(0, 'one')\n"
        "w.Button(description='go', tooltip='go on').style.button_color = 'red'\n"
        "w.Image(value=b'', format='png'); w.Dropdown(options=['a', 'b']); w.Play(interval=500)\n"
        "w.interactive(lambda x: x, x=(0, 3))\n"
        "assert 'google.colab' in sys.modules\nimport google.colab\nprint('fine', w.__version__)"
    )
    assert done.stdout.endswith("fine 7.7.1\n"), done.stderr  # `interactive` clears its output first


@pytest.mark.parametrize(
    "statement",
    [
        "w.Tab(titles=['a'])",
        "w.Stack([])",
        "w.TagsInput()",
        "from ipywidgets import TimePicker",
        "w.IntSlider(tooltip='x')",
        "w.IntSlider().tooltip = 'x'",
        "w.Accordion().titles = ('a',)",
        "w.Layout(border_top='1px')",
        "w.Button().style.text_color = 'red'",
    ],
)
def test_what_only_8_has_is_refused(statement):
    done = run_in_colab(statement)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(
        ("AttributeError", "TypeError", "ImportError")
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import ipywidgets as w\ndef f():\n    w.Tab(titles=['a'])", [(3, "Tab(titles=)")]),
        ("from ipywidgets import IntSlider as S\nS(tooltip='x')", [(2, "IntSlider(tooltip=)")]),
        ("import ipywidgets\nipywidgets.Stack([])", [(2, "Stack")]),
        ("from ipywidgets import Button\nButton(tooltip='x')", []),
        ("import matplotlib as w\nw.Stack(tooltip=1)", []),
    ],
)
def test_newer_uses_are_found_in_text(text, found):
    assert newer_uses(text) == found


def test_the_course_uses_nothing_newer():
    said = []
    for path in (REPO / "vitcourse").rglob("*.py"):
        said += [f"{path}:{line}: {what}" for line, what in newer_uses(path.read_text(encoding="utf-8"))]
    for path in (REPO / "labs_solutions").glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "code":
                said += [f"{path}: {cell.id}: {what}" for _, what in newer_uses(cell.source)]
    assert said == []
