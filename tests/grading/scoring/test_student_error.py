"""Errors of answers: the place, in the student's own lines, and which of them a hint can help with."""

from minidet.grading.scoring.student_error import hint_helps, missing_name, split_place

CELLS = ["# answer: q1\nx = 1", "# answer: q1\ndef f(x):\n    return y\n"]


def test_the_place():
    words = "NameError: name 'y' is not defined"
    assert split_place(f"{words} (line 3 of q1, cell 2)", CELLS) == (words, "in line 3 of answer cell 2:  return y")
    assert split_place(f"{words} (line 2 of q1)", CELLS) == (words, "in line 2 of the cell:  x = 1")


def test_a_place_that_is_not_there():
    assert split_place("ValueError: no", CELLS) == ("ValueError: no", "")
    assert split_place("ValueError (line 90 of q1)", CELLS) == ("ValueError", "in line 90 of the cell")
    assert split_place("ValueError (line 1 of q1, cell 7)", CELLS) == ("ValueError", "in line 1 of answer cell 7")
    assert split_place("E: (line 1 of q1) (line 2 of q1)", CELLS)[0] == "E: (line 1 of q1)"


def test_the_name_that_is_missing():
    assert missing_name("NameError: name 'y' is not defined. Did you mean: 'x'?") == "y"
    assert missing_name("NameError: f is not defined in an answer cell of q1") == ""


def test_hints_are_for_the_subject():
    assert all(map(hint_helps, ("wrong values", "wrong shape", "NaN or infinity", "raised IndexError", "wrong result")))
    assert not any(map(hint_helps, ("raised NameError", "raised TypeError", "returned None", "changed its input")))
