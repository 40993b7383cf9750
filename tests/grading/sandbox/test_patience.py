"""The time limit of students' own checks."""

import contextlib
import signal
import threading
import time

import pytest

from minidet.grading.sandbox.patience import TookTooLong, time_limit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no setitimer")


def test_what_takes_too_long_is_stopped():
    started = time.monotonic()
    with pytest.raises(TookTooLong), time_limit(0.1):
        time.sleep(5)
    assert time.monotonic() - started < 1


def test_it_comes_again_until_it_gets_through():
    stopped = 0
    with pytest.raises(TookTooLong), time_limit(0.1):
        while True:
            try:
                time.sleep(5)
            except BaseException:
                stopped += 1
                if stopped == 2:
                    raise
    assert stopped == 2


def test_nothing_is_left_behind():
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(0.1):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.15)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_limit_inside_another_leaves_the_outer_one_in_force():
    with pytest.raises(TookTooLong), time_limit(0.3):
        with time_limit(5):
            time.sleep(0.01)
        time.sleep(5)


def test_a_limit_inside_another_ends_no_later_than_that():
    started = time.monotonic()
    with pytest.raises(TookTooLong), time_limit(0.1), time_limit(5):
        time.sleep(3)
    assert time.monotonic() - started < 2


def test_a_limit_that_is_over_inside_another_ends_only_its_own_block():
    ended = []
    with time_limit(5):
        with contextlib.suppress(TookTooLong), time_limit(0.05):
            time.sleep(3)
        ended.append(signal.getitimer(signal.ITIMER_REAL)[0])
    assert 0 < ended[0] < 5


def test_in_another_thread_there_is_no_limit():
    done = []

    def work():
        with time_limit(0.05):
            time.sleep(0.1)
        done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
