"""vitcourse: an interactive course on Vision Transformers. These are the learner's verbs.

They are loaded when they are first used, so that the command line answers at once, also where torch is missing.
"""

import os

# torch's threads wait for each other by spinning. Where other programs want the cores too, that costs four fifths of
# the speed (a training step of 4.8 s against 1.0 s, two threads on two busy cores). Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
__all__ = ["check", "hint", "mine", "progress", "solution"]


def __getattr__(name):
    if name in __all__:
        from .workbook import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
