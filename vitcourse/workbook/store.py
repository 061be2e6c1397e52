"""What stays on the learner's disk: `progress.json`, and beside it each answer that passed, as a Python file.

Nothing here may stop a learner: a torn file is set aside, a full or read-only disk is said in a sentence, and then the
progress lives in memory until the kernel ends.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from ..common.files import replace_text
from ..common.places import REPO
from ..common.say import say

VERSION = 1
_memory = {}  # folder -> records, when the disk does not take them


def home():
    """The folder for progress: $VITCOURSE_HOME; on a Drive mounted in Colab; else .vitcourse in the checkout."""
    if os.environ.get("VITCOURSE_HOME"):
        return Path(os.environ["VITCOURSE_HOME"]).expanduser()
    drive = Path("/content/drive/MyDrive")
    if "google.colab" in sys.modules and drive.is_dir():
        return drive / "vitcourse"
    if (REPO / "labs").is_dir() and os.access(REPO, os.W_OK):
        return REPO / ".vitcourse"
    return Path.home() / ".vitcourse"


def hash_of(text):
    """A short hash of a source text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load():
    """All records, exercise id -> dict(status, mistake, attempts, source, exercise); {} when there are none.

    A file that cannot be read as progress is renamed, not deleted, and a sentence says so.
    """
    folder = home()
    if folder in _memory:
        return _memory[folder]
    path = folder / "progress.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        records = content["exercises"]
        if content["vitcourse"] != VERSION or not all(isinstance(r, dict) for r in records.values()):
            raise ValueError("not a progress file of this version")
        return records
    except FileNotFoundError:
        return {}
    except OSError as error:
        say(f"Your progress in {path} cannot be read ({error.strerror}); going on without it.")
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return _set_aside(path)


def _set_aside(path):
    aside = _free(path, "damaged")
    try:
        path.rename(aside)
        say(f"{path.name} could not be read as progress; it is kept as {aside.name}, and a new one is begun.")
    except OSError:
        say(f"{path.name} could not be read as progress and could not be set aside; going on in memory.")
        _memory[path.parent] = {}
    return {}


def _free(path, word):
    """A name beside a file's that no file has yet: progress.json, "damaged" -> progress.damaged-1.json."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{word}-{number}{path.suffix}")).exists():
        number += 1
    return aside


def update(exercise_id, **fields):
    """Change an exercise's record on the disk; another kernel's records stay."""
    records = load()
    records[exercise_id] = {**records.get(exercise_id, {}), **fields}
    _write(home() / "progress.json", json.dumps({"vitcourse": VERSION, "exercises": records}, indent=1), records)


def keep(exercise_id, text, set_aside=False):
    """Keep the source of an answer that passed. Returns whether it is on the disk.

    Args:
        set_aside: first rename what was kept so far: Block.py becomes Block.older-1.py.
    """
    path = answer_path(exercise_id)
    if set_aside:
        try:
            path.rename(_free(path, "older"))
        except OSError:
            return False
    return _write(path, text)


def kept(exercise_id):
    """The kept source of an answer, or None."""
    try:
        return answer_path(exercise_id).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def answer_path(exercise_id):
    """The file in which the answer to an exercise is kept, if one is."""
    return home() / "answers" / f"{exercise_id}.py"


def _write(path, text, records=None):
    """Write atomically; on failure say so once, keep records in memory, and return False."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
        return True
    except OSError as error:
        folder = home()
        if folder not in _memory:
            say(f"Progress cannot be saved in {folder} ({error.strerror}); it is kept until this kernel ends.")
            _memory[folder] = records if records is not None else load()
        elif records is not None:
            _memory[folder] = records
        return False
