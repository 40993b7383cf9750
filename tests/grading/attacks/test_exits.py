"""Code that ends the process in the hope that an end without an error is a success."""

import pytest


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(x):\n    import os\n    os._exit(0)", "status 0"),
        ("def f(x):\n    import os\n    os.abort()", "signal"),
        ("def f(x):\n    import ctypes\n    ctypes.string_at(0)", "signal 11"),
        ("import os\nos._exit(0)\ndef f(x): return x", "status 0"),
        ("def f(x):\n    import os\n    os.close(1); os.close(2); os._exit(0)", "status 0"),
    ],
    ids=["_exit", "abort", "segmentation fault", "while it is read", "without a word"],
)
def test_a_process_that_ends_earns_nothing(play, source, words):
    end = play(source)
    assert end.reply.kind == "died"
    assert words in end.reply.words
    assert not end.gained
    assert end.honest_right


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(x):\n    import sys\n    sys.exit(0)", "SystemExit: 0"),
        ("import sys\nsys.exit(0)\ndef f(x): return x", "SystemExit: 0"),
        ("def f(x):\n    raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(x):\n    raise GeneratorExit", "GeneratorExit"),
        ("def f(x):\n    return f(x)", "RecursionError"),
    ],
    ids=["sys.exit", "sys.exit while it is read", "KeyboardInterrupt", "GeneratorExit", "recursion"],
)
def test_an_exit_is_an_exception(play, source, words):
    end = play(source)
    assert end.reply.kind == ("unloaded" if source.startswith("import sys") else "error")
    assert end.reply.words.startswith(words)
    assert not end.gained
    assert end.honest_right


def test_a_signal_to_its_own_process_earns_nothing(play):
    end = play(
        "def f(x):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n    os.kill(-1, 9)", call=0.5
    )
    assert end.reply.kind in ("value", "died", "error")
    assert not end.gained
    assert end.honest_right


def test_exit_handlers_are_not_run_by_the_grader(play):
    end = play("import atexit, os\ndef f(x):\n    atexit.register(os._exit, 0)\n    return x")
    assert end.reply.kind == "value"
    assert not end.gained
    assert end.honest_right
