"""One submission: points per part."""

import functools
import warnings
from dataclasses import replace

import numpy as np
import pytest

from minidet.grading.sandbox import choice as sandbox
from minidet.grading.sandbox.session import Limits, Session
from minidet.grading.scoring.score import score, student_seed

from ..handed_in import LAST, RIGHT, HereSession


def earned(result):
    return {(part.question, part.part): part.earned for part in result.parts}


def test_right_answers_have_all_points(toy):
    result = score(toy, RIGHT, 1, open_session=HereSession)
    assert sum(earned(result).values()) == 100
    assert [part.kind for part in result.parts] == ["", "", "", ""]


def test_an_unanswered_question_costs_its_points_and_no_others(toy):
    for answers in ({"q2": RIGHT["q2"]}, {"q1": " \n", "q2": RIGHT["q2"]}):
        result = score(toy, answers, 1, open_session=HereSession)
        assert [part.earned for part in result.parts] == [0, 0, 20, 20]
        assert result.parts[0].kind == "no answer"
        assert result.parts[0].reason == "the file has no cell whose first line is '# answer: q1'"


def test_a_broken_answer_costs_nothing_elsewhere(toy):
    result = score(toy, {"q1": "def scale(:\n", "q2": RIGHT["q2"]}, 1, open_session=HereSession)
    assert [part.earned for part in result.parts] == [0, 0, 20, 20]
    assert result.parts[0].kind == "could not be loaded"
    assert result.parts[0].reason.startswith("it could not be loaded: SyntaxError: ")


def test_only_what_is_to_do_is_tried(toy):
    HereSession.ran.clear()
    result = score(toy, RIGHT, 1, todo={("q2", "ties")}, open_session=HereSession)
    assert earned(result) == {("q2", "ties"): 20}
    assert {question for question, _ in HereSession.ran} == {"q2"}


def test_every_student_gets_other_inputs_and_the_same_again(toy):
    seen = []

    class Watching(HereSession):
        def call(self, question, function, args, kwargs):
            seen.append(np.array(args[0]))
            return super().call(question, function, args, kwargs)

    def inputs(student, seed=0):
        seen.clear()
        score(
            toy, RIGHT, student_seed(seed, "2026s", toy.name, student), todo={("q1", "values")}, open_session=Watching
        )
        return np.stack(seen)

    ann = inputs("ann")
    assert len({array.tobytes() for array in ann}) == len(ann) == 3  # drawn anew every time
    np.testing.assert_array_equal(inputs("ann"), ann)
    for other in (inputs("bob"), inputs("ann", seed=1)):
        assert not np.isclose(other, ann).any()


@pytest.mark.slow
def test_in_the_sandbox_warnings_and_prints_cost_nothing(toy):
    """Code that is right and noisy: on stdout, on stderr, by warnings of Python's and NumPy's."""
    noisy = """# answer: q1
import sys, warnings
def scale(x, factor):
    print("scale of", x, "\\x1b[31mred")
    print("careful", file=sys.stderr)
    warnings.warn("deprecated since yesterday", DeprecationWarning)
    np.log(np.zeros(2)) / 0
    return factor * x, (factor * x).sum()
"""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = score(toy, {"q1": noisy, "q2": LAST}, 7, sandbox.probe())
    assert earned(result) == {("q1", "values"): 40, ("q1", "negative"): 20, ("q2", "place"): 20, ("q2", "ties"): 0}
    assert result.parts[3].kind == "wrong values"


@pytest.mark.slow
def test_questions_that_hang_lose_themselves_and_no_other(toy, namespaces):
    """Six of them, in three ways; what is right has its points, in whatever order they come."""
    ways = {"q1": "def scale(x, factor):\n    while True: pass", "q2": "while True: pass",
            "q3": "import time\ndef scale(x, factor):\n    time.sleep(99)"}  # fmt: skip
    ways |= {"q4": ways["q1"], "q5": ways["q2"], "q6": ways["q3"]}
    q1, q2 = toy.questions
    hanging = [replace(q1, id=name) for name in ways]
    asked = replace(toy, questions=[*hanging[:3], replace(q1, id="q7"), *hanging[3:], replace(q2, id="q8")])
    answers = ways | {"q7": RIGHT["q1"], "q8": ["# answer: q8", RIGHT["q2"]]}
    limited = functools.partial(Session, limits=Limits(call=0.3, load=0.6, question=0.5))
    result = score(asked, answers, 1, namespaces, open_session=limited)
    points = {name: sum(part.earned for part in result.parts if part.question == name) for name in answers}
    assert points == dict.fromkeys(ways, 0) | {"q7": 60, "q8": 40}
    assert {part.kind for part in result.parts if not part.earned} == {"did not end in time", "was not tried"}


@pytest.mark.slow
def test_what_a_question_takes_is_not_taken_from_another(toy, namespaces):
    """A right function that is slow loses no part as long as each call is within its limit; nor does another question."""
    slow = RIGHT["q1"].replace("    return", "    import time\n    time.sleep(0.2)\n    return")
    limited = functools.partial(Session, limits=Limits(call=2.0, question=0.9))
    result = score(toy, {"q1": slow, "q2": RIGHT["q2"]}, 1, namespaces, open_session=limited)
    assert [part.earned for part in result.parts] == [40, 0, 20, 20]  # three calls a part: the sixth comes too late
    assert result.parts[1].reason == "it was not tried: the calls of q1 took 0.9 seconds together"


@pytest.mark.slow
def test_whoever_changes_the_graders_copy_of_the_inputs_loses_the_part_only(toy, namespaces):
    """The reply's inputs are the student's to write: as ragged lists they once stopped the grader."""
    source = """def scale(x, factor):
    import sys
    result = factor * x, (factor * x).sum()
    if factor == -1:
        sys._getframe(1).f_locals["args"][0] = [[1.0], [1.0, 2.0]]
    return result
"""
    result = score(toy, {"q1": source, "q2": RIGHT["q2"]}, 1, namespaces)
    assert [part.earned for part in result.parts] == [40, 0, 20, 20]
    assert result.parts[1].kind == "changed its input"


@pytest.mark.slow
def test_a_small_reply_that_would_become_eight_gigabytes(toy, namespaces):
    huge = "def scale(x, factor): return ['a' * 1_000_000] + [''] * 2000, 1"
    result = score(toy, {"q1": huge, "q2": RIGHT["q2"]}, 1, namespaces)
    assert [part.earned for part in result.parts] == [0, 0, 20, 20]
    assert result.parts[0].reason == "scaled is a list of 2001, expected an array of shape (3, 4)"
