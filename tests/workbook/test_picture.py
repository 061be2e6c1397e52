"""The picture on a wrong answer's card."""

import dataclasses

import numpy as np
import pytest
import torch

from vitcourse.exercises import exercise_ids, get_exercise
from vitcourse.reference.patches import patchify
from vitcourse.workbook import picture, report, run_check
from vitcourse.workbook.answers import mistake_answer, reference_answer


@pytest.fixture
def drawn(monkeypatch):
    """An exercise that draws its result on a fixed input."""
    exercise = dataclasses.replace(
        picture.get_exercise("patchify"),
        picture=lambda answer: answer(torch.linspace(0, 1, 24).reshape(1, 1, 4, 6), 2)[0],
    )
    monkeypatch.setattr(picture, "get_exercise", lambda name: exercise)


def test_a_wrong_result_is_drawn_beside_the_right_one(drawn):
    def answer(images, patch_size):
        return patchify(images, patch_size).flip(1)

    result = run_check("patchify", answer)
    png = picture.picture_of(result, answer)
    assert png.startswith(b"\x89PNG")
    card = report.as_html(result, png)
    assert "data:image/png;base64," in card and 'alt="Left: what the right answer gives.' in card
    assert "<img" not in report.as_html(result)


def test_no_picture_where_none_helps(drawn):
    def exits(images, patch_size):
        raise SystemExit

    answers = [patchify, lambda x, p: x, lambda x, p: 1 / 0, exits, None, lambda x, p: patchify(x, p)[0]]
    for answer in answers:
        assert picture.picture_of(run_check("patchify", answer), answer) is None


@pytest.mark.parametrize("shape", [(7,), (5, 4), (5, 4, 3), (9, 4, 4, 3)])
def test_each_kind_of_result_can_be_drawn(shape):
    numbers = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    assert picture._png(numbers, 1 - numbers).startswith(b"\x89PNG")
    assert picture._png(numbers, numbers[:-1]) is None


DRAWABLE = [name for name in exercise_ids() if get_exercise(name).picture is not None]


@pytest.mark.parametrize("name", DRAWABLE)
def test_the_exercises_that_have_a_picture_show_a_mistake_in_it(name):
    exercise = get_exercise(name)
    right = np.asarray(exercise.picture(reference_answer(name)))
    assert picture._png(right, right) is None, "two that look the same are not drawn"
    assert picture._png(right, right + 1).startswith(b"\x89PNG")
    visible = 0
    for mistake in exercise.mistakes:
        answer = mistake_answer(name, mistake.id)
        result = run_check(name, answer)
        visible += picture.picture_of(result, answer) is not None
    assert visible, "no mistake of it can be drawn"


def test_there_are_pictures():
    assert "patchify" in DRAWABLE and "scaled_dot_product" in DRAWABLE
