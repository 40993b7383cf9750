"""Points for parts."""

import numpy as np
import pytest

from minidet.grading.assignments.assignment import Call, Part, Question
from minidet.grading.scoring.points import Reply, in_process, score_calls, score_functions

from ..toy import load_toy


@pytest.fixture
def toy(tmp_path):
    return load_toy(tmp_path)


def earned(scores):
    return {(score.question, score.part): score.earned for score in scores}


def test_the_reference_has_all_points(toy):
    assert earned(score_functions(toy.reference, toy)) == {
        ("q1", "values"): 40, ("q1", "negative"): 20, ("q2", "place"): 20, ("q2", "ties"): 20,
    }  # fmt: skip


def test_a_part_is_lost_alone(toy):
    last = {"peak": lambda x: len(x) - 1 - int(np.argmax(x[::-1]))}
    scores = score_functions(toy.reference | last, toy)
    assert earned(scores)["q2", "place"] == 20
    (lost,) = [score for score in scores if not score.earned]
    assert (lost.question, lost.part, lost.points) == ("q2", "ties", 20)
    assert (lost.kind, lost.text) == ("wrong values", "two are equal")
    assert lost.reason == "the result is 3, expected 1"


def test_an_input_that_is_changed_costs_the_part(toy):
    def scale(x, factor):
        x *= factor
        return x, x.sum()

    (first, _) = score_calls(in_process({"scale": scale}), toy, toy.questions[0], seed=0)
    assert first.reason == "your function changed its input x: work on a copy"


def test_an_exception_costs_the_part_and_a_missing_function_too(toy):
    scores = score_functions({"scale": lambda x, factor: x / None}, toy)
    assert scores[0].reason.startswith("it raised TypeError: unsupported operand")
    assert scores[2].reason == "it could not be loaded: NameError: peak is not defined in an answer cell of q2"
    assert sum(score.earned for score in scores) == 0


def test_each_seed_has_its_own_inputs_and_each_part_its_own_stream(toy):
    seen = {}

    def spy(seed, parts):
        question = toy.questions[0]
        inputs = []

        def call_function(question, function, args, kwargs):
            inputs.append(args[0].copy())
            return Reply("value", toy.reference[function](*args, **kwargs))

        limited = type(question)(question.id, question.title, question.functions, question.parts[parts])
        score_calls(call_function, toy, limited, seed)
        return inputs

    seen[1], seen[2], seen["second"] = spy(1, slice(None)), spy(2, slice(None)), spy(1, slice(1, None))
    assert not np.array_equal(seen[1][0], seen[2][0])
    assert not np.array_equal(seen[1][0], seen[1][1])
    assert np.array_equal(seen["second"][0], seen[1][3]), "whatever the other parts draw"


@pytest.mark.parametrize("kind, reason", [
    ("timeout", "it did not end in time: 5 s"),
    ("died", "it ended the process: 5 s"),
    ("forbidden", "it did what is not allowed: 5 s"),
    ("protocol", "it returned what cannot be sent: 5 s"),
    ("unloaded", "it could not be loaded: 5 s"),
    ("untried", "it was not tried: 5 s"),
])  # fmt: skip
def test_other_replies(toy, kind, reason):
    scores = score_calls(lambda *call: Reply(kind, words="5 s"), toy, toy.questions[0], seed=0)
    assert [score.reason for score in scores] == [reason, reason]
    assert not any(score.earned for score in scores)


def test_parts_are_judged_by_themselves(toy):
    """A function that hangs for one option loses the parts that ask for it."""

    def call_function(question, function, args, kwargs):
        if kwargs.get("factor") == -1:
            return Reply("timeout")
        return in_process(toy.reference)(question, function, args, kwargs)

    question = toy.questions[0]
    longer = type(question)(
        question.id, question.title, question.functions, [*question.parts[::-1] * 3, *question.parts]
    )
    scores = score_calls(call_function, toy, longer, seed=0)
    assert [score.earned for score in scores] == [0, 40] * 3 + [40, 0]


def test_cells_that_raise_are_no_function_that_raises(toy):
    """A call that has to raise a ValueError is not right because the answer could not be loaded for a ValueError."""
    question = toy.questions[1]
    only_error = Part("error", 20, lambda rng, variant: [Call("peak", (np.zeros(0),), error="ValueError")])
    asked = Question(question.id, question.title, question.functions, [only_error])
    (lost,) = score_calls(lambda *call: Reply("unloaded", words="ValueError: in line 1"), toy, asked, seed=0)
    assert lost.earned == 0
    (right,) = score_calls(lambda *call: Reply("error", words="ValueError: none"), toy, asked, seed=0)
    assert right.earned == 20
