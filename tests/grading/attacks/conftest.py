"""The stage of every attack: a question with a hidden right answer, which only the grader's process knows."""

import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from minidet.grading.assignments.assignment import Call
from minidet.grading.sandbox.session import Limits, Session
from minidet.grading.scoring.points import judge

from ..machine import alive_in, space_of

#: What f has to return for the inputs below. It is in no file and in no message to a worker.
INPUT = np.arange(12, dtype=np.float32).reshape(3, 4)
RIGHT = np.cumsum(INPUT, axis=1) ** 2 + 0.25
#: In the same submission, a question that is answered honestly.
HONEST = "def g(x):\n    return np.cumsum(x, axis=1) ** 2 + 0.25"


@pytest.fixture
def play(namespaces):
    """Run a submission: ``play(source, **limits)`` calls its f, then the honest g; nothing may be alive afterwards.

    Returns the replies, and whether f and g earned their points. In the sandbox that needs nothing to be installed.
    """
    return player(namespaces)


@pytest.fixture
def play_everywhere(sandbox):
    """The same in every kind of sandbox."""
    return player(sandbox)


def player(sandbox):
    def run(source, **limits):
        answers = {"q1": textwrap.dedent(source), "q2": HONEST}
        with Session(answers, limits=Limits(**{"call": 3.0, **limits}), sandbox=sandbox) as session:
            space = space_of(session)
            assert alive_in(space)
            replies = [session.call("q1", "f", (INPUT,)), session.call("q2", "g", (INPUT,))]
        won = [judge(reply, Call("f", (INPUT,)), RIGHT).ok for reply in replies]
        assert alive_in(space) == []
        return SimpleNamespace(reply=replies[0], honest=replies[1], gained=won[0], honest_right=won[1])

    return run
