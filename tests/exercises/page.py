"""Write docs/checker.md: what the checker knows of each exercise, measured. `make checker`, or

python -m tests.exercises.page            # all exercises: half an hour on one core
python -m tests.exercises.page patchify   # measure one anew; the others' rows stay
"""

import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass

from tests.exercises.test_all import alternatives
from tests.exercises.test_mutants import EQUIVALENT
from vitcourse.common.files import replace_text
from vitcourse.common.places import REPO
from vitcourse.exercises import LABS, exercise_ids, get_exercise
from vitcourse.workbook.answers import namespace_for, reference_answer, run_text
from vitcourse.workbook.check import Status, run_check
from vitcourse.workbook.fingerprint import fingerprint
from vitcourse.workbook.mutants import mutants
from vitcourse.workbook.reference_text import solution_source

PAGE = REPO / "docs" / "checker.md"
TOLD = ("named", "edited", "related", "located")
FIGURES = PAGE.with_suffix(".json")


@dataclass
class Row:
    """What was counted and measured for one exercise.

    Attributes:
        fingerprint: of the exercise when it was measured.
        mistakes, alternatives, mutants, equivalent: how many there are; equivalent mutants are right answers.
        named, edited, related, located: of the rejected mutants, those that a known mistake names, those of which it is
            said which kind of slip gives the same, those whose relation to the right answer is said, and those of which
            a sentence says the wrong type, shape or parameter, or the line that raised.
        seconds: CPU seconds of a check: of the reference, the median over the mutants, the slowest.
    """

    fingerprint: str
    mistakes: int
    alternatives: int
    mutants: int
    equivalent: int
    named: int
    edited: int
    related: int
    located: int
    seconds: tuple[float, float, float]


def counts(name):
    """The columns that need no measuring; a test compares them with the page."""
    return dict(
        fingerprint=fingerprint(name),
        mistakes=len(get_exercise(name).mistakes),
        alternatives=len(alternatives(name)),
        equivalent=len(EQUIVALENT.get(name, {})),
    )


def measure(name):
    """Check every mutant of an exercise as a learner's answer; returns its `Row`."""
    run_check(name, reference_answer(name))  # what is loaded once is not this check's time
    told, times = [], []
    right = _timed(lambda: run_check(name, reference_answer(name)))[1]
    for label, _, text in mutants(solution_source(name)):
        if label in EQUIVALENT.get(name, {}):
            continue
        try:
            answer = run_text(text, name, namespace_for(name), f"<mutant {name}>")
        except Exception:
            continue
        result, seconds = _timed(lambda answer=answer: run_check(name, answer))
        assert result.status is not Status.PASS, f"{name}: {label} passes"
        told.append(how_told(result))
        times.append(seconds)
    kinds = {kind: told.count(kind) for kind in TOLD}
    seconds = (right, statistics.median(times), max(times))
    return Row(**counts(name), mutants=len(told), **kinds, seconds=tuple(round(s, 2) for s in seconds))


def how_told(result):
    """How a wrong answer's cause is told: one of `TOLD`, or "" where only the values are said."""
    if result.mistake:
        return "named"
    relation = result.details.get("relation")
    if relation:
        return "edited" if relation == "edit" else "related"
    said = result.details.get("observed", result.message)
    vague = "of its values are wrong" in said or said.endswith(" is wrong.") or "wrong value" in said
    return "" if vague else "located"


def _timed(call):
    start = time.process_time()
    return call(), time.process_time() - start


HEAD = """# The checker

Written by `make checker`; nothing in it is typed by hand. Seconds are CPU seconds on one thread.

## What it promises

- A right answer passes, however it is written: other right answers of each exercise are kept and tested.
- A wrong answer does not pass: each change of one thing in the reference (a **mutant**: a sign, an axis, a number, a
  line left out) is rejected. Mutants that are right answers are listed in the tests, with the reason.
- A cause that is named gives what the answer gives in every case that was tried.
- Nothing that an answer does reaches the notebook: prints, random numbers, settings, loops without end.

## What it does not

- It compares with the reference on small inputs. An answer that is wrong only on large ones passes.
- It says nothing of speed or style.
- It is no sandbox: an answer runs with all rights that the notebook has.

## Exercise by exercise

How a wrong mutant is told: **named** as a known mistake; **slip**, that it gives what a sign, an axis or a step gone
wrong gives; **related**, how its result relates to the right one; **located**, by a wrong type, shape or parameter, or
by the line that raised. Of the rest only the wrong values are said.
"""

COLUMNS = ("exercise", "known mistakes", "alternatives", "mutants", "named", "slip", "related", "located")
SECONDS = ("s of a right answer", "of a wrong one", "of the slowest")


def render(rows):
    """Return the page's text from {exercise id: Row}."""
    total = {field: sum(getattr(row, field) for row in rows.values()) for field in ("mistakes", "alternatives", *TOLD)}
    mutants = sum(row.mutants for row in rows.values())
    share = {kind: f"{total[kind] / mutants:.0%}" for kind in TOLD}
    told = sum(total[kind] for kind in TOLD) / mutants
    typical = statistics.median(row.seconds[1] for row in rows.values())
    slowest = max(rows, key=lambda name: rows[name].seconds[2])
    lines = [
        HEAD,
        f"{total['mistakes']} known mistakes, {total['alternatives']} other right answers, {mutants:,} wrong mutants, "
        f"all rejected: {share['named']} named, {share['edited']} told as a slip, {share['related']} related, "
        f"{share['located']} located; together {told:.0%}. A check of a wrong answer takes {typical:.2f} s at the "
        f"median over the exercises; the slowest, one of `{slowest}`, {rows[slowest].seconds[2]:.1f} s.",
        "",
        f"| {' | '.join(COLUMNS + SECONDS)} |",
        "| --- |" + " ---: |" * (len(COLUMNS + SECONDS) - 1),
    ]
    for lab in LABS:
        for name in lab.exercises:
            row = rows.get(name)
            if row is not None:
                parts = [f"{getattr(row, kind) / row.mutants:.0%}" for kind in TOLD]
                cells = [row.mistakes, row.alternatives, row.mutants, *parts, *(f"{s:.2f}" for s in row.seconds)]
                lines.append(f"| {lab.number:02d} `{name}` | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def read_rows():
    """The rows that were measured, {exercise id: Row}."""
    if not FIGURES.is_file():
        return {}
    return {name: Row(**row) for name, row in json.loads(FIGURES.read_text(encoding="utf-8")).items()}


def main(names):
    """Measure the named exercises, or all, and write the page after each."""
    rows = read_rows()
    for name in names or exercise_ids():
        rows[name] = measure(name)
        print(f"{name}: {rows[name]}", flush=True)
        rows = {name: rows[name] for name in exercise_ids() if name in rows}
        replace_text(FIGURES, json.dumps({name: asdict(row) for name, row in rows.items()}, indent=1) + "\n")
        replace_text(PAGE, render(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
