"""Where the course lies, and whether somebody looks at a notebook."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]  # the folder vitcourse/
REPO = PACKAGE.parent  # the checkout; of an installed package the folder that holds the packages


def in_notebook():
    """Return whether this code runs in a notebook's kernel: only there can an output be shown, and replaced."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
