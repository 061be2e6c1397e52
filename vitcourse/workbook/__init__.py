"""The engine behind the verbs: cut source, run a check, compare, report, remember."""

from .check import CheckResult, Status, run_check

__all__ = ["CheckResult", "Status", "run_check"]
