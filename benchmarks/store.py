"""Results on disk: a file of JSON lines for each part, so that what was measured once is never lost or done again."""

import json
import os
from pathlib import Path

from vitcourse.common.files import replace_file

FIELDS = ("settings", "case", "machine", "moment", "result")


class Store:
    """The results in a folder. A record is a dict with `FIELDS`:

    `settings` say what all cases of a comparison share, `case` which one it is, `machine` and `moment` where and when
    it was measured, `result` what came out. All are plain values that JSON keeps.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, part):
        """The file of one part."""
        return self.folder / f"{part}.jsonl"

    def read(self, part):
        """Return a part's records, oldest first. A file with broken lines is set aside, and the whole ones are kept."""
        path = self.path(part)
        if not path.exists():
            return []
        lines = [line for line in path.read_bytes().split(b"\n") if line]
        parsed = [_parse(line) for line in lines]
        records = [record for record in parsed if record is not None]
        if len(records) < len(lines):
            aside = _free_name(path)
            path.rename(aside)
            replace_file(path, lambda partial: partial.write_bytes(b"".join(_line(record) for record in records)))
            lost = len(lines) - len(records)
            print(f"{path} had {lost} broken line(s): set aside as {aside.name}, the others are kept.")
        return records

    def add(self, part, record):
        """Append one record; it is on the disk when this returns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.read(part)  # mends a line that was cut off, before another one is put behind it
        with open(self.path(part), "ab") as file:
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())


def _line(record):
    return json.dumps(record).encode() + b"\n"


def _parse(line):
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and all(field in record for field in FIELDS) else None


def _free_name(path):
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return aside
