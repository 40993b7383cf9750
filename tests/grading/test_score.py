"""One submission: points per part."""

import warnings

import numpy as np
import pytest

from minidet.grading import sandbox
from minidet.grading.score import score, student_seed

from .handed_in import LAST, RIGHT, HereSession


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
