"""Ctrl-C while a kernel is compiled: kept for a moment, never lost."""

import signal
import threading

import pytest

from minidet.kernels.launch import interrupt


@pytest.fixture
def handled(monkeypatch):
    """Return the list of interrupts that arrived."""
    arrived = []
    before = signal.signal(signal.SIGINT, lambda *arguments: arrived.append(arguments))
    yield arrived
    signal.signal(signal.SIGINT, before)


def test_it_arrives_at_the_end(handled):
    handler = signal.getsignal(signal.SIGINT)
    with interrupt.waits():
        with interrupt.waits():
            signal.raise_signal(signal.SIGINT)
        assert handled == []
    assert len(handled) == 1
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_one_goes_through(handled):
    with interrupt.waits():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert len(handled) == 1
    assert len(handled) == 2


def test_it_is_not_lost_when_the_block_fails():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), interrupt.waits():
            signal.raise_signal(signal.SIGINT)
            raise RuntimeError
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_python_handles_no_interrupts_nothing_changes(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with interrupt.waits():
            assert signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes(handled):
    handler = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with interrupt.waits():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler]


def test_a_function_that_makes_interrupts_wait(handled):
    @interrupt.waits_for
    def add(a, b=0):
        signal.raise_signal(signal.SIGINT)
        assert handled == []
        return a + b

    assert add(1, b=2) == 3
    assert len(handled) == 1
