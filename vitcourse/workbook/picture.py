"""The small picture on a wrong answer's card: what the right answer gives beside what the learner's gives."""

import io

from ..exercises import get_exercise
from .answers import reference_answer
from .check import Status
from .guard import quarantine


def picture_of(result, answer):
    """PNG bytes for a wrong answer whose exercise can be drawn, else None; never raises."""
    if result.status is not Status.FAIL or get_exercise(result.exercise).picture is None:
        return None
    draw = get_exercise(result.exercise).picture
    try:
        with quarantine(time_limit=10):
            right, theirs = draw(reference_answer(result.exercise)), draw(answer)
    except KeyboardInterrupt:
        raise
    except BaseException:  # an answer that is wrong in shape cannot be drawn; the words stand alone
        return None
    return _png(right, theirs)


def _png(right, theirs):
    from ..figures.plots.pair import draw_pair

    stream = io.BytesIO()
    try:
        figure = draw_pair(right, theirs)
        if figure is None:
            return None
        figure.savefig(stream, format="png")
    except Exception:  # another shape, or what cannot be drawn at all
        return None
    return stream.getvalue()
