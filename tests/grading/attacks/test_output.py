"""Code that prints: too much, to the wrong place, or in colour. And honest code that warns."""

import tracemalloc

import pytest

from minidet.grading.sandbox.session import OUTPUT


@pytest.mark.parametrize("stream", [1, 2])
def test_10_gigabytes_of_output_go_nowhere(play, stream):
    source = f"import os\ndef f(x):\n    for _ in range(10_000): os.write({stream}, b'a' * 10**6)\n    return x"
    tracemalloc.start()
    end = play(source, call=0.7, output=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert end.reply.kind == "timeout"
    assert set(end.reply.output) == {"a"}
    assert len(end.reply.output) <= OUTPUT
    assert peak < 20_000_000
    assert not end.gained
    assert end.honest_right


def test_much_output_of_honest_code_costs_nothing(play):
    end = play(
        """
        def f(x):
            for _ in range(20_000):
                print("my array is now", x.shape, "and that is a lot to print so often")
            return np.cumsum(x, axis=1) ** 2 + 0.25
        """,
        output=10_000,
    )
    assert end.gained
    assert end.reply.output.startswith("my array is now (3, 4)")
    assert len(end.reply.output) <= 10_000


def test_warnings_and_errors_printed_by_honest_code_cost_nothing(play):
    end = play(
        """
        import logging, sys, warnings
        warnings.warn("while it is read")
        def f(x):
            warnings.warn("deprecated, they say")
            print("to stderr", file=sys.stderr)
            logging.error("logged")
            np.array([1.0]) / np.array([0.0])
            return np.cumsum(x, axis=1) ** 2 + 0.25
        """
    )
    assert end.gained
    for text in ("while it is read", "deprecated, they say", "to stderr", "logged", "divide by zero"):
        assert text in end.reply.output


def test_colours_and_markup_come_back_as_data(play):
    text = "\x1b[2J\x1b]0;title\x07<script>alert(1)</script>\x00é\udcff"
    end = play(f"def f(x):\n    print({text!r})\n    raise ValueError({text!r})")
    assert end.reply.kind == "error"
    assert "\x1b[2J\x1b]0;title\x07<script>alert(1)</script>\x00é" in end.reply.words
    assert "\x1b[2J\x1b]0;title\x07<script>alert(1)</script>\x00é" in end.reply.output
    end.reply.words.encode("utf-8")  # and can be written to a file
    end.reply.output.encode("utf-8")


def test_a_long_message_is_cut(play):
    end = play("def f(x):\n    raise ValueError('a' * 10**7)")
    assert end.reply.kind == "error"
    assert len(end.reply.words) <= 2000


def test_closed_and_replaced_streams_cost_nothing(play):
    end = play(
        """
        import io, os, sys
        def f(x):
            sys.stdout.close()
            sys.stderr = None
            sys.__stdout__ = io.StringIO()
            os.close(1)
            return np.cumsum(x, axis=1) ** 2 + 0.25
        """
    )
    assert end.gained
