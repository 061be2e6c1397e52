"""Every exercise of the course, in both directions: right answers of any kind pass, known mistakes are named.

An author who works on one lab runs only its part: `VITCOURSE_LABS=patches pytest tests/exercises`.
"""

import importlib
import os
from pathlib import Path

import pytest
import torch

from vitcourse import exercises
from vitcourse.authoring.mistakes import mistaken
from vitcourse.exercises import get_exercise, lab_of, module_name
from vitcourse.workbook.answers import changed_text, mistake_answer, reference_answer
from vitcourse.workbook.check import Status, run_check
from vitcourse.workbook.reference_text import learner_source, solution_source, todo_words

STEMS = os.environ.get("VITCOURSE_LABS", ",".join(lab.stem for lab in exercises.LABS)).split(",")
LABS = [lab for lab in exercises.LABS if lab.stem in STEMS]
NAMES = [name for lab in LABS for name in lab.exercises]
DTYPES = (torch.float64, torch.float32)


def alternatives(exercise_id):
    module = importlib.import_module(f"tests.exercises.alternatives_{lab_of(exercise_id).stem}")
    return module.ALTERNATIVES[exercise_id]


ALL_MISTAKES = [(name, mistake.id) for name in NAMES for mistake in get_exercise(name).mistakes]
ALL_ALTERNATIVES = [(name, answer) for name in NAMES for answer in alternatives(name)]


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_the_lab_has_a_folder_with_a_module_for_each_exercise(lab):
    files = {path.stem for path in Path(exercises.__file__).parent.joinpath(lab.stem).glob("*.py")}
    assert files - {"__init__", "common"} == {module_name(name) for name in lab.exercises}
    assert [get_exercise(name).id for name in lab.exercises] == list(lab.exercises)


def test_the_name_of_a_module_is_the_id_in_snake_case():
    ids = ["mixup", "count_vit_parameters", "Block", "PatchEmbed", "ViT", "DistilledViT", "RMSNorm", "Int8Linear"]
    names = ["mixup", "count_vit_parameters", "block", "patch_embed", "vit", "distilled_vit", "rms_norm", "int8_linear"]
    assert [module_name(name) for name in ids] == names


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes(name):
    for seed in range(5):
        for dtype in DTYPES:
            result = run_check(name, reference_answer(name), seed=seed, dtype=dtype)
            assert result.status is Status.PASS, result


@pytest.mark.parametrize(("name", "mistake"), ALL_MISTAKES, ids=lambda value: value)
def test_each_known_mistake_is_rejected_and_named(name, mistake):
    result = run_check(name, mistake_answer(name, mistake))
    assert result.status in (Status.FAIL, Status.ERROR), result
    assert result.mistake == mistake, result


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_are_told_apart_on_all_inputs(name):
    """The same over 20 seeds and both dtypes. Every mistake's probe runs once for each input, not once a mistake."""
    answers = {mistake.id: mistake_answer(name, mistake.id) for mistake in get_exercise(name).mistakes}
    for seed in range(20):
        assert mistaken(name, answers, seed, DTYPES[seed % 2]) == {}, f"seed {seed}: taken for others, or accepted"


@pytest.mark.parametrize(("name", "answer"), ALL_ALTERNATIVES, ids=lambda value: getattr(value, "__name__", value))
def test_right_answers_of_other_kinds_pass(name, answer):
    for seed in range(5):  # each in float32, in eval mode, and in float64
        result = run_check(name, answer, seed=seed)
        assert result.status is Status.PASS, result


@pytest.mark.parametrize("name", NAMES)
def test_the_learners_cell_is_not_attempted(name):
    module = importlib.import_module(f"vitcourse.reference.{lab_of(name).stem}")
    namespace = {**vars(module), "torch": torch}
    exec(learner_source(name), namespace)
    result = run_check(name, namespace[name])
    assert result.status is Status.NOT_ATTEMPTED, result


@pytest.mark.parametrize("name", NAMES)
def test_lint(name):
    exercise = get_exercise(name)
    ids = [mistake.id for mistake in exercise.mistakes]
    assert len(ids) >= 6 and len(set(ids)) == len(ids)
    assert len(alternatives(name)) >= 3
    assert len(exercise.hints) == 3 and all(exercise.hints)
    assert todo_words(name)
    for mistake in exercise.mistakes:
        assert mistake.message.endswith(".") and mistake.hint
        if isinstance(mistake.change, tuple):
            changed_text(name, mistake.change)
    answer_lines = {
        line.split("#")[0].strip()
        for line in solution_source(name).splitlines()
        if line not in learner_source(name).splitlines() and len(line.strip()) > 12
    }
    for text in [*exercise.hints[:2], *(mistake.hint for mistake in exercise.mistakes)]:
        for line in answer_lines - {""}:
            assert line not in text, f"a hint holds a line of the solution: {line}"
