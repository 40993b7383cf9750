"""Exceptions of answer cells, in the student's own lines."""

import pytest

from minidet.grading.student_error import StudentError, run_for_check, where_it_happened


def test_an_answer_that_runs():
    functions = run_for_check("# answer: q1\ndef f(x):\n    return np.sum(x)\nhelper = 3\n", "q1", ("f", "g"))
    assert set(functions) == {"f"}
    assert functions["f"]([1, 2]) == 3


@pytest.mark.parametrize("source, words", [
    ("# answer: q1\nimport numpy as np\n1 / 0\n", "the cell cannot be run: ZeroDivisionError: division by zero, in line 3:  1 / 0"),
    ("# answer: q1\ndef f(:\n", "the cell cannot be run: SyntaxError: "),
    ("# answer: q1\nhelper\n", "NameError: name 'helper' is not defined, in line 2:  helper"),
])  # fmt: skip
def test_an_answer_that_does_not_run_says_so_when_it_is_called(source, words):
    functions = run_for_check(source, "q1", ("f",))
    with pytest.raises(StudentError) as caught:
        functions["f"](1)
    assert words in str(caught.value)


def test_the_line_of_an_error():
    function = run_for_check("# answer: q1\ndef f(x):\n    y = 1\n    return y + x\n", "q1", ("f",))["f"]
    with pytest.raises(TypeError) as caught:
        function("a")
    assert where_it_happened(caught.value, function) == ["in line 4 of the cell:  return y + x"]
    assert where_it_happened(caught.value, len) == []
