"""A limit for a call in this process: for students' own checks."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


class TookTooLong(BaseException):
    """The time is over. Not an ``Exception``, so that ``except Exception`` in a loop does not go on."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TookTooLong` in the block after some seconds, and again every half second until it gets through.

    Where that cannot be done (on Windows, and outside the main thread) there is no limit: interrupt the kernel, or
    press Ctrl-C, which works everywhere.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
