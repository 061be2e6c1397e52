"""Try an answer in a child process first, where no signal could stop it in this one.

`sum(range(10**15))` is a single call into C: Python looks for signals only when it returns. The child is stopped by the
operating system. It is a fork, so it costs milliseconds, and it is made only for an answer whose code has both what
makes numbers without end and what eats them in C, and outside the main thread, where no alarm rings. Windows has no
fork, and macOS none that is safe: there such an answer holds the kernel until it is restarted.
"""

import os
import signal
import sys
import time
import types

import torch

MAKERS = {"range", "count", "repeat", "cycle", "itertools"}
EATERS = {
    "sum",
    "list",
    "tuple",
    "set",
    "frozenset",
    "sorted",
    "min",
    "max",
    "any",
    "all",
    "bytes",
    "bytearray",
    "deque",
}

WAITING = 5.0  # seconds without any computing: then the child waits for something that never comes


def may_loop_in_c(answer):
    """Whether an answer's code names a maker of endless numbers and an eater of them."""
    names = set()
    members = vars(answer).values() if isinstance(answer, type) else [answer]
    todo = [code for member in members if isinstance(code := getattr(member, "__code__", None), types.CodeType)]
    while todo:
        code = todo.pop()
        names |= set(code.co_names)
        todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return bool(names & MAKERS) and bool(names & EATERS)


def never_returns(run, seconds):
    """Whether `run()` uses up that many seconds of computing time in a child process; False where none can be made.

    A child that only waits (for a lock that the fork left closed) proves nothing about the answer.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin" or torch.cuda.is_initialized():
        return False
    child = os.fork()
    if child == 0:
        _in_the_child(run, seconds)
    used, seen = 0, time.monotonic()
    while time.monotonic() < seen + WAITING:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
        now = _ticks(child)
        if now > used:  # a busy machine may give it little time
            used, seen = now, time.monotonic()
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _ticks(process):
    """The computing time that a process has used, in the system's ticks; 0 where it is not told."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _in_the_child(run, seconds):
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the operating system ends the process
        signal.setitimer(signal.ITIMER_PROF, seconds)
        torch.set_num_threads(1)  # the threads of the parent's pool are not there
        run()
    finally:
        os._exit(0)
