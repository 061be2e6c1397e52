"""`python -m vitcourse` is the `vitcourse` command, also where the package is not installed."""

import sys

from .cli import main

sys.exit(main())
