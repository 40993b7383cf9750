"""Code that does not end."""

import time

import pytest


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    while True: pass",
        "def f(x):\n    import time\n    time.sleep(1000)",
        "def f(x):\n    return len('a' * 40) and __import__('re').match('(a+)+$', 'a' * 40 + 'b')",  # never lets go
        "while True: pass\ndef f(x): return x",
    ],
    ids=["loop", "sleep", "one C function", "not even a function"],
)
def test_an_infinite_loop_is_stopped(play, source):
    started = time.monotonic()
    end = play(source, call=0.5, load=0.5)
    assert end.reply.kind == "timeout"
    assert "0.5 seconds" in end.reply.words
    assert not end.gained
    assert end.honest_right
    assert time.monotonic() - started < 8


def test_a_loop_that_ignores_signals_is_stopped(play):
    end = play(
        """
        def f(x):
            import signal
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.Signals)
            while True:
                try:
                    while True: pass
                except BaseException:
                    pass
        """,
        call=0.5,
    )
    assert end.reply.kind == "timeout"
    assert not end.gained
    assert end.honest_right


def test_a_loop_without_pipes_is_stopped(play):
    """An end of its pipes is no end of a process."""
    end = play("import os\ndef f(x):\n    os.closerange(0, 64)\n    while True: pass", call=0.5)
    assert end.reply.kind in ("died", "timeout")  # bubblewrap keeps them open too
    assert not end.gained
    assert end.honest_right


@pytest.mark.slow
def test_computing_time_has_an_end_too(play):
    end = play("def f(x):\n    while True: pass", call=20.0, cpu=1)
    assert end.reply.kind == "died"
    assert "computing time" in end.reply.words
    assert end.honest_right
