"""Bad calls that end the process, hang it or raise without a name are reported; the others are not."""

import random
import sys

import pytest

from minidet.nn import functional as F
from tests.fuzz import __main__, bad_calls
from tests.fuzz.bad import bad, digitless, is_named
from tests.test_table import public_operations, vision_operations

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")


@on_linux
@pytest.mark.slow
def test_reports_what_ends_hangs_or_has_no_name(capsys):
    assert bad(0, 900, 4, "tests.fuzz_itself.planted") == 3
    out = capsys.readouterr().out
    assert "minidet.exp ends the process (3)" in out
    assert "minidet.log takes more than" in out
    assert "planted.py" in out, "where it hangs"
    assert """F.relu: KeyError without the operation's name: "'x'\"""" in out
    assert "minidet.abs" not in out
    assert "seed 0: 4 bad calls, 3 kinds of failures" in out


@on_linux
@pytest.mark.slow
def test_the_command_makes_bad_calls(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fuzz", "--bad", "--count", "40", "--minutes", "20"])
    status = __main__.main()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("seed 0: 40 bad calls, ")
    assert status == (0 if last.endswith(" 0 kinds of failures") else 1)


def test_every_operation_is_called():
    assert not {*public_operations(), *vision_operations()} - set(bad_calls.callables()) - {"minidet.pad"}


def test_calls_are_python_and_the_same_each_time():
    for name in bad_calls.callables():
        for i in range(5):
            text = bad_calls.bad_call(name, random.Random(i))
            compile(text, "call", "eval")
            assert text == bad_calls.bad_call(name, random.Random(i))


def test_a_call_runs():
    assert bad_calls.run("F.relu(Array((2, 3))).shape") == (2, 3)
    with pytest.raises(TypeError, match="relu: input"):
        bad_calls.run("F.relu('x')")
    assert F.relu is bad_calls.NAMESPACE["F"].relu


@pytest.mark.parametrize(
    "name, message, expected",
    [
        ("F.relu", "relu: input has dtype int64, expected floats.", True),
        ("nn.Conv2d", "conv2d: weight has shape (1,)", True),
        ("F.relu", "relu() missing 1 required positional argument: 'input'", True),
        ("optim.SGD", "SGD: lr is -1", True),
        ("F.relu", "tuple index out of range", False),
        ("F.relu", "'x'", False),
        ("minidet.zeros", "Unable to allocate 16.0 GiB", False),
    ],
)
def test_what_names_an_operation(name, message, expected):
    assert is_named(name, message) == expected


def test_messages_that_differ_in_numbers_or_types_only_are_one_kind():
    assert digitless("axis 3 of 7") == digitless("axis 12 of 70")
    assert digitless("'int' object is not iterable") == digitless("'float' object is not iterable")
    assert digitless("'int' object is not iterable") != digitless("'int' object is not callable")
