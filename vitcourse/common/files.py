"""Files that are whole or not there, and sentences for those that could not be written."""

import os
from pathlib import Path


def replace_file(path, write):
    """Write a file beside `path`, then put it in place in one step, so that no torn file is ever seen there.

    Args:
        path: of the file.
        write: called with the path of the file beside it, whose content it makes.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def replace_text(path, text):
    """Write a text file in one step; UTF-8, with the line ends that the text has."""
    replace_file(path, lambda partial: partial.write_text(text, encoding="utf-8", newline=""))


def cannot_write(folder, error):
    """Return the sentence for a folder in which a file could not be written."""
    cause = getattr(error, "strerror", None) or first_line(error)
    return f"Cannot write into {folder} ({cause}): free some space there or choose another folder."


def first_line(error, index=0):
    """Return a line of an error's message that is not empty, or the error's name."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[min(index, len(lines) - 1)] if lines else type(error).__name__
