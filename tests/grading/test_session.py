"""Sessions with honest code, and with code that fails."""

import sys

import numpy as np
import pytest

from minidet.grading import sandbox as sandboxes
from minidet.grading.session import Limits, Session

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


def test_time_has_an_end_for_one_call_and_for_all(namespaces):
    with Session(ANSWERS, limits=Limits(call=0.3, total=0.5), sandbox=namespaces) as session:
        assert session.call("q3", "sleep").words == "no result after 0.3 seconds"
        assert session.call("q3", "sleep").kind == "timeout"
        reply = session.call("q1", "double", (1,))
        assert reply.kind == "timeout"
        assert "0.5 seconds together" in reply.words


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
