"""Answers run on a student's own machine: in a guarded child, else in this process."""

import sys

import numpy as np
import pytest

from minidet.grading.sandbox import own_machine
from minidet.grading.sandbox.choice import SandboxError
from minidet.grading.sandbox.guarded_worker import allowed
from minidet.grading.sandbox.limits import Limits
from minidet.grading.sandbox.own_machine import Child, InThisProcess, running
from minidet.grading.sandbox.session import Session


def test_which_modules_are_there():
    assert all(map(allowed, ("numpy", "numpy.linalg", "math", "concurrent.futures", "__future__")))
    assert not any(map(allowed, ("scipy", "minidet.nn", "matplotlib", "tkinter", "readline", "numpy_financial")))


def test_a_child_where_there_can_be_one():
    with running({"q1": ["def f(x):\n    return x + 1"]}, Limits()) as runs:
        assert isinstance(runs, Session)
        reply = runs.call("q1", "f", [np.arange(3)])
    assert reply.value.tolist() == [1, 2, 3]


@pytest.mark.parametrize("error", [SandboxError("no"), OSError("no")])
def test_this_process_where_no_child_can_be_started(monkeypatch, error):
    def start(*args):
        raise error

    monkeypatch.setattr(Child, "start", start)
    with running({"q1": ["def f(x):\n    return x + 1"]}, Limits()) as runs:
        assert isinstance(runs, InThisProcess)
        assert runs.call("q1", "f", [np.arange(3)]).value.tolist() == [1, 2, 3]


@pytest.mark.parametrize("system, program", [("nt", sys.executable), ("posix", "")])
def test_systems_on_which_no_child_is_tried(monkeypatch, system, program):
    monkeypatch.setattr(own_machine.os, "name", system)
    monkeypatch.setattr(own_machine.sys, "executable", program)
    with pytest.raises(SandboxError, match="workers cannot be started on"):
        Child.find()


def test_this_process_keeps_its_modules_from_answers():
    runs = InThisProcess({"q1": ["import scipy", "def f():\n    import math\n    return quit", "def g():\n    import minidet"]},
                         Limits())  # fmt: skip
    assert runs.call("q1", "f").words.startswith("NameError: name 'quit' is not defined")
    assert runs.call("q1", "g").words.startswith("ModuleNotFoundError: No module named 'minidet'")
    assert runs.call("q1", "h").words.startswith("ModuleNotFoundError: No module named 'scipy'")
    assert runs.call("q2", "f").kind == "unloaded"


def test_what_cannot_be_sent_is_no_result_in_this_process_either():
    reply = InThisProcess({"q1": ["def f():\n    return {1, 2}"]}, Limits()).call("q1", "f")
    assert reply.kind == "protocol"
    assert "a set" in reply.words


def test_time_limits_of_this_process():
    endless = "while True:\n    pass"
    runs = InThisProcess(
        {"q1": ["def f():\n    while True:\n        pass"], "q2": [endless]}, Limits(call=0.3, load=0.3)
    )
    assert runs.call("q1", "f").kind == "timeout"
    assert runs.call("q2", "f").kind == "timeout"


def test_a_child_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(own_machine.tempfile, "tempdir", str(tmp_path))
    with running({"q1": ["def f(x):\n    open('mine', 'w').close()\n    return x"]}, Limits()) as runs:
        assert runs.call("q1", "f", [1]).value == 1
        assert [path.name for path in tmp_path.glob("*/*")] == ["mine"]
    assert list(tmp_path.iterdir()) == []
