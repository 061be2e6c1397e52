"""One text per answer: every view is cut from the reference, and all of them run."""

import ast

import pytest

from vitcourse.exercises import exercise_ids
from vitcourse.workbook.reference_text import learner_source, reference_source, solution_source, todo_words


@pytest.mark.parametrize("name", exercise_ids())
def test_the_views_keep_signature_docstring_and_given_code(name):
    views = [ast.parse(cut(name)).body[0] for cut in (reference_source, solution_source, learner_source)]
    assert len({view.name for view in views}) == 1
    assert len({ast.get_docstring(view) for view in views}) == 1
    signatures = [
        [ast.unparse(node.args) for node in ast.walk(view) if isinstance(node, ast.FunctionDef)] for view in views
    ]
    assert signatures[0] == signatures[1] == signatures[2]


@pytest.mark.parametrize("name", exercise_ids())
def test_the_learners_cell_holds_no_line_of_the_answer(name):
    given = {line.strip() for line in learner_source(name).splitlines()}
    answer = [line.strip() for line in solution_source(name).splitlines() if line.strip() not in given]
    assert answer, "nothing is left to write"
    assert "SOLUTION" not in learner_source(name) + solution_source(name)
    assert "TODO" not in solution_source(name)
    for words in todo_words(name):
        assert f'raise NotImplementedError("{words}")' in learner_source(name)


def test_todo_words_are_unique_so_that_an_unfinished_piece_can_be_named():
    words = [text for name in exercise_ids() for text in todo_words(name)]
    assert len(words) == len(set(words))
