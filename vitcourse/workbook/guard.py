"""Run a learner's code so that nothing it does outlives the check: output, random state, torch's settings, time."""

import contextlib
import ctypes
import io
import os
import random
import signal
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import torch

OWN = (str(Path(__file__).parent), contextlib.__file__, threading.__file__)  # code that must never be stopped


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

    Restored: the random states of torch, NumPy and Python; torch's default dtype and device, grad mode, anomaly mode,
    deterministic algorithms and number of threads; the working folder; the filters of warnings. Inside, tensors are
    made on the CPU, in float32 and with gradients, whatever the notebook has set. Prints and warnings are held back
    (the first 5,000 characters are kept in the stream that is yielded). Threads that were begun inside are ended.

    Args:
        time_limit: seconds, or None. An import is never cut short: the limit begins anew after it.

    Raises:
        OutOfTime: in the guarded code, when the limit is over.
    """
    printed = _Bounded()
    before = set(threading.enumerate())
    with _random_states(), _torch_settings(), _working_folder(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), _neutral_torch():
            try:
                with _limit(time_limit):
                    yield printed
            finally:
                _end_threads(before)


@contextlib.contextmanager
def _random_states():
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


@contextlib.contextmanager
def _torch_settings():
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    anomaly = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    (deterministic, warn_only), threads = _determinism(), torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        torch.set_grad_enabled(grad)
        torch.autograd.set_detect_anomaly(*anomaly)
        if (deterministic, warn_only) != _determinism():  # only then: the call imports for seconds
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _determinism():
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


@contextlib.contextmanager
def _working_folder():
    try:
        folder = os.getcwd()
    except OSError:  # it was deleted
        folder = None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if folder is not None:
                os.chdir(folder)


@contextlib.contextmanager
def _neutral_torch():
    """The settings in which a check runs, out of any mode of the notebook's."""
    with contextlib.ExitStack() as stack:
        if torch.get_default_device().type != "cpu":  # each call passes through the mode: only where there is need
            stack.enter_context(torch.device("cpu"))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        if torch.is_autocast_enabled("cpu"):
            stack.enter_context(torch.autocast("cpu", enabled=False))
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        yield


def _end_threads(before):
    for thread in threading.enumerate():
        if thread not in before and thread.ident is not None and not thread.name.startswith("vitcourse"):
            _raise_in(thread.ident)


def _raise_in(thread_id):
    """Raise OutOfTime in a thread as soon as it runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(OutOfTime))


@contextlib.contextmanager
def _limit(seconds):
    """Raise OutOfTime in the code inside, again and again until it leaves: a bare `except:` swallows one, not all."""
    if seconds is None:
        yield
        return
    main = threading.current_thread() is threading.main_thread()
    with (_alarm if main and hasattr(signal, "SIGALRM") else _watchdog)(seconds):
        yield


def _importing(frame):
    """Whether a module is being imported in a frame or in one that called it: half of a module would stay behind."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def _alarm(seconds):
    armed = True
    delays = 0

    def stop(signum, frame):
        nonlocal delays
        if not armed:
            return
        if frame.f_code.co_filename.startswith(OWN):  # on its way out, or not the learner's code
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            return
        if not delays and _importing(frame):  # torch imports for seconds at some first calls: that is not the answer's
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return
        # Python looks for signals at calls and at the end of a loop's round: a short and changing delay finds the one
        # between an `except:` and the next `try:`, where nothing swallows it
        delays += 1
        signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + delays * 37 % 400))
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _watchdog(seconds):
    """The same from another thread: in a thread of the learner's, and on Windows, there is no alarm."""
    guarded, done, lock = threading.get_ident(), threading.Event(), threading.Lock()

    def watch():
        wait = seconds
        while not done.wait(wait):
            if wait == seconds and _importing(sys._current_frames().get(guarded)):
                continue
            wait = 1e-6 if wait == seconds else min(1.1 * wait, 1e-3)
            sys.setswitchinterval(1e-6)  # so that the next one comes soon after a bare `except:` swallowed this one
            with lock:
                frame = sys._current_frames().get(guarded)
                if not done.is_set() and frame is not None and not frame.f_code.co_filename.startswith(OWN):
                    _raise_in(guarded)

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=watch, name="vitcourse watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with lock:
            done.set()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(guarded), None)  # one that is still on its way
        thread.join()
        sys.setswitchinterval(interval)
