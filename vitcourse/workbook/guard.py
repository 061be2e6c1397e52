"""Run a learner's code so that nothing it does outlives the check: output, random state, torch's settings, time."""

import contextlib
import io
import random
import signal
import threading
import warnings

import numpy as np
import torch


class OutOfTime(BaseException):
    """The time limit is over. A BaseException, so that a learner's `except Exception` does not swallow it."""


class _Bounded(io.TextIOBase):
    """A text stream that keeps the first few thousand characters and drops the rest."""

    def __init__(self, limit=5000):
        self.text, self.limit = "", limit

    def writable(self):
        return True

    def write(self, text):
        if len(self.text) < self.limit:
            self.text += text[: self.limit - len(self.text)]
        return len(text)


@contextlib.contextmanager
def quarantine(time_limit=30.0):
    """Restore the global state afterwards and stop what does not return.

    Restored: the random states of torch, NumPy and Python, the default dtype and device, the grad mode. Prints and
    warnings are held back (the first 5,000 characters are kept in the stream that is yielded).

    Args:
        time_limit: seconds, or None; kept where the platform has SIGALRM and this is the main thread.

    Raises:
        OutOfTime: in the guarded code, when the limit is over.
    """
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    printed = _Bounded()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            _alarm(time_limit),
        ):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        torch.set_grad_enabled(grad)


@contextlib.contextmanager
def _alarm(seconds):
    if seconds is None or not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum, frame):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again each second, in case a bare `except:` swallowed one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
