"""docs/checker.md is of the exercises as they are now."""

import pytest

from tests.exercises.page import PAGE, TOLD, counts, how_told, read_rows, render
from vitcourse.exercises import exercise_ids
from vitcourse.workbook import CheckResult, Status

AGAIN = "run `make checker`"


@pytest.mark.parametrize("name", exercise_ids())
def test_the_page_is_current(name):
    row = vars(read_rows()[name])
    assert {field: row[field] for field in counts(name)} == counts(name), AGAIN


def test_the_page_shows_what_was_measured():
    assert PAGE.read_text(encoding="utf-8") == render(read_rows()), AGAIN
    assert list(read_rows()) == exercise_ids(), AGAIN


def test_most_wrong_answers_are_told_more_than_that_their_values_are_wrong():
    rows = read_rows().values()
    assert sum(getattr(row, kind) for row in rows for kind in TOLD) > 0.85 * sum(row.mutants for row in rows)


@pytest.mark.parametrize(
    ("mistake", "details", "message", "kind"),
    [
        ("transposed", {}, "It is transposed.", "named"),
        (None, {"relation": "edit"}, "It is wrong: this is what comes out when …", "edited"),
        (None, {"relation": "scaled"}, "It is wrong: twice as large.", "related"),
        (None, {}, "The result must have shape (2, 3), but it has (3, 2).", "located"),
        (None, {}, "The result has the right shape, but 30 % of its values are wrong.", ""),
        (None, {}, "The result is wrong.", ""),
    ],
)
def test_how_a_mutant_is_told(mistake, details, message, kind):
    assert how_told(CheckResult("x", Status.FAIL, mistake, message, details)) == kind
