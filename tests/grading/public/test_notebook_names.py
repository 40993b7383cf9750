"""An answer that would not run alone is noticed without running it."""

import pytest

from minidet.grading.assignments.assignment import Question
from minidet.grading.public.notebook_names import defined, from_outside

QUESTION = Question("q1", "One", ("f",), [])
OTHERS = {"math", "helper", "x", "len", "np", "check", "plt", "Base"}
F = "# answer: q1\ndef f(x):\n    return "


@pytest.mark.parametrize("cells", [
    [F + "np.sum(x) + len(x)"],
    ["# answer: q1\nEPS = 1e-5\ndef helper(x):\n    return x\ndef f(x):\n    return helper(x) + EPS"],
    ["# answer: q1\ndef helper(x):\n    return x", F + "helper(x)"],
    ["# answer: q1\nimport math\ndef f(x):\n    return math.sqrt(x)"],
    [F + "[len(y) for y in x if x.math]"],
    [F + "not_defined_anywhere(x)"],
    [F + "x\ncheck('q1')"],
    [F + "x\ndef trial():\n    plt.plot(f(3))"],
])  # fmt: skip
def test_an_answer_that_runs_alone(cells):
    assert from_outside(QUESTION, cells, OTHERS) == []


@pytest.mark.parametrize("cell", [
    F + "[helper(y) for y in x] + math.pi",
    "# answer: q1\ndef g(x):\n    return helper(x) + math.pi\n" + F + "g(x)",
    "# answer: q1\nclass G:\n    def __call__(self, x):\n        return helper(x) + math.pi\n" + F + "G()(x)",
    "# answer: q1\nclass G:\n    def a(self):\n        def inner():\n            return helper + math.pi\n" + F + "G",
])  # fmt: skip
def test_names_from_elsewhere(cell):
    """Also where a helper, a class or a function in it uses them."""
    assert from_outside(QUESTION, [cell], OTHERS) == [
        "f uses helper, math from outside its cell: the grader runs the answer cells of q1 alone, with np only"
    ]


def test_an_answer_that_is_not_marked():
    assert from_outside(QUESTION, [], {"f"}) == [
        "f stands in a cell whose first line is not '# answer: q1': the grader does not find it"
    ]


def test_names_that_cells_define():
    cells = [
        "import a.b\nfrom c import d as e\ndef f(): g = 1\nclass H: i = 1\nfor j in (): pass",
        "k = = 1",
        "l\0 = 1",
    ]
    assert defined(cells) == {"a", "e", "f", "H", "j"}
