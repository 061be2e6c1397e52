"""The learner's own checked versions, put together again: `load` is what the verb `mine` shows."""

from dataclasses import dataclass

from . import store
from .answers import namespace_for, reference_answer, run_text
from .check import Status, run_check
from .fingerprint import fingerprint
from .guard import quarantine
from .learner_text import global_names
from .reference_text import exercise_ids, solution_source

LIMIT = 5.0  # seconds for running a kept file: it only defines


@dataclass(frozen=True)
class Found:
    """An answer to build on.

    Attributes:
        answer: the function or class.
        own: whether it is the learner's.
        pieces: the ids of the learner's own answers that it is made of, itself included.
        why: when it is not theirs: the reason, a clause.
    """

    answer: object
    own: bool
    pieces: tuple[str, ...]
    why: str = ""


def load(exercise_id):
    """The learner's kept version, made of their other kept versions; the reference wherever there is none.

    A kept version is checked again when the exercise changed since, or when the file was edited by hand.
    """
    text, why = _own_text(exercise_id)
    own = text is not None
    if not own:
        text = solution_source(exercise_id)
    namespace, pieces = namespace_for(exercise_id), [exercise_id] if own else []
    for name in global_names(text):
        if name in exercise_ids() and name != exercise_id:
            found = load(name)
            namespace[name] = found.answer
            pieces += found.pieces
    if not pieces:
        return Found(reference_answer(exercise_id), False, (), why)
    with quarantine(LIMIT):
        answer = run_text(text, exercise_id, namespace, f"<{'your' if own else 'reference'} {exercise_id}>")
    return Found(answer, own, tuple(dict.fromkeys(pieces)), why)


def _own_text(exercise_id):
    """(text, "") when the learner's kept version is good, else (None, why not)."""
    record, text = store.load().get(exercise_id, {}), store.kept(exercise_id)
    if text is None:
        passed = record.get("status") == Status.PASS
        return (
            None,
            "yours passed, but its source could not be kept" if passed else "yours has not passed its check yet",
        )
    if not text.strip():
        return None, "your kept file is empty: check your answer again"
    unchanged = record.get("kept") == store.hash_of(text) and record.get("kept_for") == fingerprint(exercise_id)
    if not unchanged:
        if not passes(exercise_id, text):
            if is_older(exercise_id):
                return None, f"yours {of_an_older_exercise(exercise_id)}"
            return None, "the version in your kept file does not pass any more: check it again"
        passed = dict(exercise=fingerprint(exercise_id)) if record.get("status") == Status.PASS else {}
        store.update(exercise_id, kept=store.hash_of(text), kept_for=fingerprint(exercise_id), **passed)
    return text, ""


def is_older(exercise_id):
    """Whether the kept version passed an older version of its exercise, and has not passed this one."""
    return store.load().get(exercise_id, {}).get("kept_for") not in (None, fingerprint(exercise_id))


def of_an_older_exercise(exercise_id):
    """What is said of a kept version that its exercise has left behind: a sentence without subject and full stop."""
    path = store.answer_path(exercise_id)
    return f"belongs to an older version of the exercise and does not pass this one; it stays in {path}"


def check_older():
    """Check what was kept before its exercise changed: it counts again if it passes; returns the ids of the rest."""
    older = [name for name in exercise_ids() if store.kept(name) is not None and is_older(name)]
    return [name for name in older if _own_text(name)[0] is None]


def passes(exercise_id, text):
    """Whether a kept text passes its check, on top of the reference's other pieces; False for whatever else it does."""
    namespace = namespace_for(exercise_id)
    del namespace[exercise_id]  # the reference must not stand in for what the text does not define
    try:
        with quarantine(LIMIT):
            answer = run_text(text, exercise_id, namespace, f"<your {exercise_id}>")
    except KeyboardInterrupt:
        raise
    except BaseException:  # a learner's text may do anything
        return False
    return run_check(exercise_id, answer, diagnose=False).status is Status.PASS
