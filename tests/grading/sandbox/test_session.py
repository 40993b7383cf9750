"""Sessions with honest code, and with code that fails."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from minidet.grading.sandbox import choice as sandboxes
from minidet.grading.sandbox import process
from minidet.grading.sandbox.session import Limits, Reply, Session

ANSWERS = {
    "q1": "def double(x):\n    print('doubling')\n    return 2 * x\ndef change(x):\n    x[:] = 0",
    "q2": "def broken(:",
    "q3": "import os\ncount = [0]\ndef up():\n    count[0] += 1\n    return count[0]\ndef leave(): os._exit(7)\ndef sleep():\n    import time\n    time.sleep(60)",
}


@pytest.fixture
def session(sandbox):
    with Session(ANSWERS, limits=Limits(), sandbox=sandbox) as session:
        yield session


def test_calls_return_what_the_functions_return(session):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    reply = session.call("q1", "double", (x,))
    assert (reply.kind, reply.words, reply.output) == ("value", "", "doubling\n")
    np.testing.assert_array_equal(reply.value, 2 * x, strict=True)
    assert reply.value.dtype == np.float32
    args, kwargs = reply.inputs_after
    np.testing.assert_array_equal(args[0], x)
    assert kwargs == {}
    assert session.call("q1", "double", kwargs={"x": 3}).value == 6


def test_changed_inputs_come_back_and_the_callers_stay(session):
    x = np.ones(3)
    assert session.call("q1", "change", (x,)).inputs_after[0][0].tolist() == [0, 0, 0]
    assert x.tolist() == [1, 1, 1]


def test_an_error_in_one_question_hurts_no_other(session):
    assert session.call("q2", "broken").words.startswith("SyntaxError")
    assert session.call("q1", "double", (1,)).value == 2
    assert session.call("q1", "triple").words == "NameError: triple is not defined in an answer cell of q1"
    assert session.call("q9", "none").words == "NameError: none is not defined in an answer cell of q9"


def test_a_worker_that_died_is_replaced(session):
    assert [session.call("q3", "up").value for _ in range(3)] == [1, 2, 3]
    reply = session.call("q3", "leave")
    assert (reply.kind, reply.words) == ("died", "the process ended itself with status 7")
    assert session.call("q3", "up").value == 1


def test_large_arrays_go_both_ways(namespaces):
    x = np.random.default_rng(0).standard_normal(1_000_000)
    with Session(ANSWERS, limits=Limits(call=20.0), sandbox=namespaces) as session:
        np.testing.assert_array_equal(session.call("q1", "double", (x,)).value, 2 * x)


def test_time_has_an_end_for_one_call_and_for_all_of_a_question(namespaces):
    """Whatever a question takes is not taken from another."""
    with Session(ANSWERS, limits=Limits(call=0.3, question=0.5), sandbox=namespaces) as session:
        assert session.call("q3", "sleep").words == "no result after 0.3 seconds"
        assert session.call("q3", "sleep").kind == "timeout"
        reply = session.call("q3", "up")
        assert (reply.kind, reply.words) == ("untried", "the calls of q3 took 0.5 seconds together")
        assert session.call("q1", "double", (1,)).value == 2


def test_running_the_cells_is_no_call(namespaces):
    """A benchmark below the function takes its time, and not the function's."""
    slow = "import time\ndef f(): return 1\ndef hang(): time.sleep(60)\ntime.sleep(0.6)"
    limits = Limits(call=0.3, load=20.0, question=0.5)
    with Session({"q1": ["def f(): return 0", slow]}, limits=limits, sandbox=namespaces) as session:
        assert [session.call("q1", "f").value for _ in range(3)] == [1, 1, 1]
        assert session.call("q1", "hang").kind == "timeout"
        assert session.call("q1", "f").value == 1  # run once more: that counts
        assert session.call("q1", "f").kind == "untried"


def test_cells_that_do_not_end_are_given_up(namespaces):
    limits = Limits(load=0.5)
    answers = {
        "q1": ["def f(): return 1", "while True: pass"],
        "q2": "import os\nos._exit(3)",
        "q3": "def f(): return 1",
    }
    with Session(answers, limits=limits, sandbox=namespaces) as session:
        reply = session.call("q1", "f")
        assert (reply.kind, reply.words) == ("timeout", "running its cells: no result after 0.5 seconds")
        assert session.call("q1", "f").kind == "untried"
        reply = session.call("q2", "f")
        assert (reply.kind, reply.words) == ("died", "running its cells: the process ended itself with status 3")
        assert session.call("q2", "f") == Reply("untried", words=reply.words)
        assert session.call("q3", "f").value == 1


def test_a_worker_that_has_worked_long_is_not_given_the_next_question(namespaces):
    """Its limit of computing time is for one question."""
    source = "def f(): return 1"
    with Session({"q1": source, "q2": source, "q3": source}, sandbox=namespaces) as session:
        first = session._worker
        session.call("q1", "f")
        first.worked += 60
        session.call("q1", "f")
        assert session._worker is first
        session.call("q2", "f")
        assert session._worker is not first
        second = session._worker
        session.call("q3", "f")
        assert session._worker is second


def test_time_in_which_the_grader_was_stopped_is_not_the_workers(namespaces, monkeypatch):
    """Ctrl-Z in the terminal stops the grader and no worker: then the clock shows hours."""
    real, steps = process.time.monotonic, iter([0.0] * 3 + [7.0] * 10_000)
    with Session(ANSWERS, limits=Limits(call=5.0), sandbox=namespaces) as session:
        assert session.call("q1", "double", (1,)).value == 2
        monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: real() + next(steps)))
        assert session.call("q1", "double", (1,)).value == 2
        assert session._worker.worked < 5


def test_what_lies_in_the_pipe_when_the_time_is_over_is_taken(namespaces, monkeypatch):
    """All the seconds passed between two looks, and the reply came meanwhile."""
    real, late = process.Worker._write, []

    def write(self, left):
        left = real(self, left)
        if not left and not late:
            late.append(time.sleep(0.6))
        return left

    with Session(ANSWERS, limits=Limits(call=0.4), sandbox=namespaces) as session:
        assert session.call("q1", "double", (1,)).value == 2
        monkeypatch.setattr(process.Worker, "_write", write)
        assert session.call("q1", "double", (1,)).value == 2
    assert late


def test_a_session_can_be_interrupted(namespaces, monkeypatch):
    with Session(ANSWERS, limits=Limits(), sandbox=namespaces) as session:
        assert session.call("q1", "double", (1,)).value == 2

        def interrupt(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr(session._worker, "_exchange", interrupt)
        with pytest.raises(KeyboardInterrupt):
            session.call("q1", "double", (1,))
        assert session.call("q1", "double", (2,)).value == 4


def test_without_a_sandbox_only_when_asked(tmp_path):
    if sys.platform == "win32":
        pytest.skip("workers cannot be started on Windows")
    with Session(
        {**ANSWERS, "q4": "import os\ndef where(): return os.getcwd()"}, sandbox=sandboxes.unsafe()
    ) as session:
        assert not session.sandbox.safe
        assert session.call("q1", "double", (4,)).value == 8
        folder = session.call("q4", "where").value
        assert session.call("q3", "leave").kind == "died"
    assert not __import__("os").path.exists(folder)
