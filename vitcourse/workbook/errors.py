"""What an exception of a learner's code says, read so that nothing in it can raise again."""

import linecache
import sysconfig
import traceback
from dataclasses import dataclass

from ..common.places import PACKAGE

LIBRARIES = (str(PACKAGE), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


@dataclass(frozen=True)
class Crash:
    """An exception that ended a probe, as plain texts: the object itself may do anything when it is asked.

    Attributes:
        kinds: the names of its class and of the class's bases, nearest first.
        text: its message.
        where: the learner's line that raised, "" when no line of theirs did.
        called: in words, what the answer was called with; "" when nothing was noted.
    """

    kinds: tuple[str, ...]
    text: str
    where: str = ""
    called: str = ""

    @property
    def kind(self):
        """The name of the exception's class."""
        return self.kinds[0]


def crash_of(error, called=""):
    """The Crash that an exception is."""
    return Crash(kinds_of(error), text_of(error), _where(error), called)


def kinds_of(error):
    """The names of an exception's class and its bases, `BaseException` and `object` left out."""
    bases = type.__dict__["__mro__"].__get__(type(error))
    return tuple(plain(type.__dict__["__name__"].__get__(base)) for base in bases[:-2]) or ("BaseException",)


def text_of(error):
    """What `str` makes of an exception, "" where that raises."""
    try:
        return plain(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:  # a learner's exception may have a __str__ that does anything
        return ""


def plain(text):
    """An exact str that every encoding of Unicode can hold: lone surrogates become question marks."""
    return str.encode(text, "utf-8", "replace").decode("utf-8")


def _where(error):
    """The innermost line that is neither the course's nor a library's, in words."""
    found = None
    for frame, line in traceback.walk_tb(BaseException.__dict__["__traceback__"].__get__(error)):
        filename = frame.f_code.co_filename
        if not filename.startswith(LIBRARIES) and not filename.startswith("<frozen"):
            found = filename, line
    if found is None:
        return ""
    text = plain(linecache.getline(*found).strip())
    return f"line {found[1]} of its cell: {text}" if text else f"line {found[1]} of its cell"
