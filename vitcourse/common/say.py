"""Print to any terminal: a sign that its encoding does not have is written in plain letters, never raised for."""

import codecs
import sys

PLAIN = {
    **{"✔": "+", "✘": "x", "○": "o", "⚠": "!", "×": "x", "√": "sqrt", "…": "...", "·": "*", "±": "+-", "°": " degrees"},
    **{
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "–": "-",
        "—": "-",
        "−": "-",
        "→": "->",
        "≤": "<=",
        "≥": ">=",
        "²": "^2",
    },
}


def _readable(error):
    """The error handler `readable`: each character that cannot be encoded in plain letters, "?" for an unknown one."""
    missing = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in missing), error.end


codecs.register_error("readable", _readable)


def say(text, **options):
    """Print a text; `options` are those of `print`."""
    stream = options.get("file") or sys.stdout
    try:
        print(text, **options)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        print(text.encode(encoding, "readable").decode(encoding), **options)


def make_readable():
    """Let the standard streams of a command write every character, those of progress bars and libraries too."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="readable")
