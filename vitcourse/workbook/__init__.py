"""The engine behind the verbs: cut source, run a check, compare, report, remember.

`CheckResult`, `Status` and `run_check` are loaded when they are first used: the build works on texts alone and need not
wait for torch.
"""

__all__ = ["CheckResult", "Status", "run_check"]


def __getattr__(name):
    if name in __all__:
        from . import check

        return getattr(check, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
