"""`python -m benchmarks [PART …]`: measure, and write docs/benchmarks.md."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait burn no CPU seconds; torch reads it when loaded

from .command import main

raise SystemExit(main())
