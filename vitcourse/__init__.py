"""vitcourse: an interactive course on Vision Transformers. These are the learner's verbs."""

from .workbook.verbs import check, hint, mine, progress, solution

__version__ = "0.1.0"
__all__ = ["check", "hint", "mine", "progress", "solution"]
