"""An answer that would not run alone is noticed in the notebook."""

import numpy as np
import pytest

from minidet.grading.assignment import Question
from minidet.grading.notebook_names import from_outside

QUESTION = Question("q1", "One", ("f",), [])


def notes(*cells):
    """Run cells as IPython does, and look at the answer of q1."""
    names = {"np": np, "In": ["", *cells]}
    for cell in cells:
        exec(compile(cell.replace("%matplotlib inline", ""), "cell", "exec"), names)
    return from_outside(QUESTION, names)


@pytest.mark.parametrize(
    "cells",
    [
        ["# answer: q1\ndef f(x):\n    return np.sum(x)"],
        ["# answer: q1\nEPS = 1e-5\ndef helper(x):\n    return x\ndef f(x):\n    return helper(x) + EPS"],
        ["# answer: q1\ndef helper(x):\n    return x", "# answer: q1\ndef f(x):\n    return helper(x)"],
        ["import math", "# answer: q1\n%matplotlib inline\nimport math\ndef f(x):\n    return math.sqrt(x)"],
        ["x = 3", "# answer: q1\ndef f(x):\n    return [len(y) for y in x if x.math]"],
        ["def f(x):\n    return 1", "# answer: q1\ndef f(x):\n    return not_defined_anywhere(x)"],
        ["# answer: q2\ndef g(x):\n    return other(x)"],
    ],
)
def test_an_answer_that_runs_alone(cells):
    assert notes(*cells) == []


def test_names_from_elsewhere():
    (note,) = notes("import math\ndef helper(x):\n    return x",
                    "# answer: q1\ndef f(x):\n    return [helper(y) for y in x] + math.pi")  # fmt: skip
    assert note == ("f uses helper, math from outside its cell: the grader runs the answer cells of q1 alone, "
                    "with np only")  # fmt: skip


def test_a_function_of_another_question():
    (note,) = notes("# answer: q2\ndef g(x):\n    return x", "# answer: q1\ndef f(x):\n    return g(x)")
    assert note.startswith("f uses g from outside its cell")


def test_an_answer_that_is_not_marked():
    (note,) = notes("def f(x):\n    return x")
    assert note == "f stands in a cell whose first line is not '# answer: q1': the grader does not find it"


def test_outside_of_a_notebook_nothing_is_said():
    assert from_outside(QUESTION, {"f": lambda x: undefined(x)}) == []  # noqa: F821
