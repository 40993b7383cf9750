"""The time limit of students' own checks."""

import signal
import threading
import time

import pytest

from minidet.grading.patience import TookTooLong, time_limit

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
