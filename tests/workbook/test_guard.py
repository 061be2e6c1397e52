"""Nothing that a learner types outlives its check, and no setting of the notebook's disturbs one."""

import importlib
import os
import threading
import warnings

import pytest
import torch

from vitcourse.exercises import exercise_ids, get_exercise
from vitcourse.reference.patches import patchify
from vitcourse.workbook import child
from vitcourse.workbook.answers import mistake_answer, reference_answer
from vitcourse.workbook.check import Status, run_check
from vitcourse.workbook.guard import OutOfTime, quarantine
from vitcourse.workbook.picture import picture_of


def calls(x):
    return x + 1


def endless():
    while True:
        pass


def swallows():
    while True:
        try:
            calls(1)
        except:  # noqa: E722
            continue


def swallows_an_inner_loop():
    while True:
        try:
            while True:
                pass
        except:  # noqa: E722
            pass


def swallows_by_base_exception():
    x = 0
    while True:
        try:
            for _ in range(1000):
                x = calls(x)
        except BaseException:
            continue


@pytest.mark.parametrize("loop", [swallows, swallows_an_inner_loop, swallows_by_base_exception])
def test_a_loop_that_swallows_every_exception_is_stopped(loop):
    with pytest.raises(OutOfTime), quarantine(0.1):
        loop()


def in_a_thread(function):
    found = []
    worker = threading.Thread(target=lambda: found.append(function()), daemon=True)
    worker.start()
    worker.join()
    return found[0]


@pytest.mark.parametrize("loop", [endless, swallows])
def test_a_loop_in_a_thread_and_where_there_is_no_alarm_is_stopped(loop):
    def run():
        with pytest.raises(OutOfTime), quarantine(0.1):
            loop()
        return "stopped"

    assert in_a_thread(run) == "stopped"


def test_a_check_in_a_thread_tries_the_answer_in_a_child():
    if not hasattr(os, "fork") or torch.cuda.is_initialized():
        pytest.skip("no child process here")
    result = in_a_thread(lambda: run_check("patchify", lambda *sizes: swallows_an_inner_loop(), time_limit=0.3))
    assert "did not return within 0.3 seconds" in result.message
    assert in_a_thread(lambda: run_check("patchify", patchify)).status is Status.PASS


@pytest.mark.parametrize("thread", [False, True], ids=["main", "thread"])
def test_an_import_is_not_cut_short(thread, tmp_path, monkeypatch):
    """torch's optimizers import for seconds at their first use: a right answer is not to blame for that."""
    name = f"slow_module_{thread}".lower()
    (tmp_path / f"{name}.py").write_text("import time\nfor _ in range(50):\n    time.sleep(0.01)\ndone = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def run():
        with quarantine(0.2):
            return importlib.import_module(name).done

    assert in_a_thread(run) if thread else run()


def test_nothing_is_stopped_after_the_guarded_code_is_left():
    for _ in range(20):
        with pytest.raises(OutOfTime), quarantine(0.001):
            swallows_an_inner_loop()
        sum(calls(i) for i in range(20_000))  # a late exception would land here


def test_a_loop_inside_c_is_stopped_where_a_child_can_be_made(monkeypatch):
    if not hasattr(os, "fork") or torch.cuda.is_initialized():
        pytest.skip("no child process here")

    def answer(images, patch_size):
        return sum(range(10**15))

    result = run_check("patchify", answer, time_limit=0.3)
    assert result.status is Status.ERROR and "did not return within 0.3 seconds" in result.message


def test_only_answers_that_may_loop_in_c_cost_a_child():
    assert not child.may_loop_in_c(reference_answer("patchify"))
    assert not child.may_loop_in_c(print)
    assert child.may_loop_in_c(lambda: sum(range(3)))
    assert not child.never_returns(lambda: None, 5.0)


def test_an_answer_that_counts_with_range_still_passes():
    def answer(images, patch_size):
        assert sum(list(range(3))) == 3
        return patchify(images, patch_size)

    assert run_check("patchify", answer).status is Status.PASS


def test_settings_are_restored(tmp_path):
    def answer(images, patch_size):
        torch.autograd.set_detect_anomaly(True)
        torch.set_num_threads(3)
        os.chdir(tmp_path)
        warnings.simplefilter("error")
        threading.Thread(target=endless, daemon=True, name="left behind").start()
        return patchify(images, patch_size)

    before = torch.is_anomaly_enabled(), torch.get_num_threads(), os.getcwd(), list(warnings.filters)
    run_check("patchify", answer)
    assert before == (torch.is_anomaly_enabled(), torch.get_num_threads(), os.getcwd(), list(warnings.filters))
    for thread in threading.enumerate():
        if thread.name == "left behind":
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("name", exercise_ids())
def test_a_wrong_answer_leaves_the_random_state_alone(name):
    for mistake in get_exercise(name).mistakes[:2]:
        answer = mistake_answer(name, mistake.id)
        torch.manual_seed(3)
        before = torch.get_rng_state()
        picture_of(run_check(name, answer), answer)
        assert torch.equal(torch.get_rng_state(), before), mistake.id


@pytest.mark.parametrize("name", exercise_ids())
def test_a_check_works_with_another_default_device_under_autocast_and_in_inference_mode(name):
    with torch.device("meta"):
        assert run_check(name, reference_answer(name)).status is Status.PASS
    with torch.autocast("cpu"), torch.inference_mode():
        assert run_check(name, reference_answer(name)).status is Status.PASS


def test_the_default_device_that_a_notebook_sets_stays():
    torch.set_default_device("meta")
    try:
        assert run_check("PatchEmbed", reference_answer("PatchEmbed")).status is Status.PASS
        assert torch.get_default_device().type == "meta" and torch.zeros(2).device.type == "meta"
    finally:
        torch.set_default_device(None)


class Shy(type):
    """A metaclass that does not tell the name."""

    __name__ = property(lambda cls: 1 / 0)


class Nameless(Exception, metaclass=Shy):
    pass


class Hidden(Exception):
    @property
    def __class__(self):
        raise ZeroDivisionError

    @property
    def __traceback__(self):
        raise ZeroDivisionError

    def __str__(self):
        raise SystemExit(3)


class Text(str):
    def split(self, *args):
        raise ZeroDivisionError

    strip = encode = replace = __contains__ = __eq__ = split
    __hash__ = None


class Wordy(Exception):
    def __str__(self):
        return Text("half a sign \ud83d and more")


EVIL = {"nameless": Nameless, "hidden": Hidden, "wordy": Wordy, "surrogate": lambda: ValueError("\udc80")}


@pytest.mark.parametrize("kind", EVIL)  # pytest itself could not show these exceptions
def test_an_exception_that_raises_when_it_is_asked_gets_a_sentence(kind):
    def answer(images, patch_size):
        raise EVIL[kind]()

    result = run_check("patchify", answer)
    assert result.status is Status.ERROR and result.message
    result.message.encode("utf-8")  # no lone surrogate is left


@pytest.mark.parametrize("kind", ["nameless", "hidden", "wordy"])
def test_such_an_exception_in_a_call_that_must_raise(kind):
    def answer(images, patch_size):
        if images.shape[2] % patch_size:
            raise EVIL[kind]()
        return patchify(images, patch_size)

    assert run_check("patchify", answer).status is Status.FAIL
