"""Ctrl-C while a kernel is compiled: it waits until the kernel is whole.

LLVM calls Python back through C. An interrupt that arrives there is printed and lost, and numba then fails with an
error that says nothing of it. So the interrupt is kept for the second or two that one kernel takes. A second one goes
through.
"""

import contextlib
import functools
import signal
import threading


@contextlib.contextmanager
def waits():
    """Deliver an interrupt at the end of the block, to whoever handled interrupts before it."""
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()  # the only one in which Python runs handlers
    if not is_main or not callable(before) or hasattr(before, "keeps_interrupts"):
        yield
        return
    caught = []

    def keep(*arguments):
        caught.append(arguments)
        if len(caught) > 1:
            before(*arguments)

    keep.keeps_interrupts = True  # what a kernel calls is compiled in a block inside its own
    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            before(*caught[0])


def waits_for(function):
    """Let interrupts wait for every call of ``function``."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        with waits():
            return function(*args, **kwargs)

    return call
