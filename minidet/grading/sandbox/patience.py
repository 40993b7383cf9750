"""A limit for a call in this process: for students' own checks."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator


class TookTooLong(BaseException):
    """The time is over. Not an ``Exception``, so that ``except Exception`` in a loop does not go on."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TookTooLong` in the block after some seconds, and again every half second until it gets through.

    A limit inside another one ends no later than that; what is left of the outer one goes on behind it.

    Where that cannot be done (on Windows, and outside the main thread) there is no limit: interrupt the kernel, or
    press Ctrl-C, which works everywhere.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise TookTooLong

    started, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    if 0 < left < seconds:
        signal.setitimer(signal.ITIMER_REAL, left, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left > 0:  # a timer whose time came in here rings at once
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 1e-3), interval)
