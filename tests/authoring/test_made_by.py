"""A module's hash is that of its code, and a lab reaches what its cells use."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from vitcourse.authoring.made_by import CELLS, hash_of_code, made_by

PACKAGE = Path(__file__).parents[2] / "vitcourse"
TEXT = '''"""A module."""
import math

RATE = 0.1


class Rate:
    """A class."""

    def at(self, step):
        """A method."""
        return RATE * math.cos(step), f"{step:>{3}}"
'''


def without_docstrings(text):
    return "\n".join(line for line in text.splitlines() if '"""' not in line)


def test_comments_docstrings_and_layout_are_no_code():
    for other in (
        without_docstrings(TEXT),
        TEXT.replace("A method.", "Another sentence."),
        TEXT.replace("RATE = 0.1", "# why\nRATE = (\n    0.1  # so\n)"),
    ):
        assert other != TEXT and hash_of_code(other) == hash_of_code(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.1", "0.2"), ("cos", "sin"), ("step):", "step=0):"), (":>{3}", ":>{4}"), ("class Rate", "class Rates")],
)
def test_a_change_of_code_changes_the_hash(old, new):
    assert old in TEXT and hash_of_code(TEXT.replace(old, new)) != hash_of_code(TEXT)


def test_a_text_that_is_no_docstring_counts():
    assert hash_of_code("x = 1\n'a'") != hash_of_code("x = 1\n'b'")


def test_no_version_of_python_gives_another_hash():
    # computed by 3.11; 3.12 and 3.13 build other trees of such texts (an empty text behind `width`, empty fields)
    assert hash_of_code('def f(x, width):\n    return f"{x:>{width}}"\n') == "e26dea148f35"


def reached(source):
    return set(made_by(new_notebook(cells=[new_code_cell(source)]), PACKAGE)) - {CELLS}


ALWAYS = {"vitcourse/workbook/verbs.py", "vitcourse/workbook/report.py", "vitcourse/exercises/__init__.py"}


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("import torch\nfrom vitcourse import check\ncheck('patchify')", set()),
        ("from vitcourse.reference.welcome import count_tokens", {"reference/welcome.py"}),
        ("from vitcourse.reference import welcome", {"reference/welcome.py"}),
        ("def f():\n    import vitcourse.reference.tokens", {"reference/tokens.py"}),
        ("x = mine('MultiHeadAttention')", {"reference/attention.py"}),
    ],
)
def test_a_lab_reaches_what_its_cells_name(source, more):
    assert reached(source) == ALWAYS | {f"vitcourse/{name}" for name in more}


def test_what_is_reached_is_followed():
    assert "vitcourse/reference/attention.py" in reached("from vitcourse.reference.vit import ViT")
    assert "vitcourse/data/split.py" in reached("from vitcourse.data import load_data")
    assert "vitcourse/exercises/welcome/count_tokens.py" in reached("run_check('count_tokens', 1)")
