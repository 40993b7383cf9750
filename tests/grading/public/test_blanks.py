"""What a reader is told about a function that they wrote in a notebook."""

import numpy as np
import pytest

from minidet.grading import check_blank

CASES = (((np.array([1.0, 2.0]), 3), np.array([3.0, 6.0]), "two numbers"), ((np.zeros((2, 2)), 0.5), np.zeros((2, 2))))


def times(x, factor):
    return x * factor


def printed(capsys, function, *cases, **options):
    check_blank(function, *(cases or CASES), **options)
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    monkeypatch.delenv("MINIDET_BLANKS", raising=False)


def test_a_right_function_passes(capsys):
    assert printed(capsys, times) == "times: passed (2 of 2)\n"


def test_an_empty_function_is_not_wrong(capsys):
    def times(x, factor):
        raise NotImplementedError

    assert printed(capsys, times) == "times: not written yet\n"


def test_a_wrong_result_is_described_in_words(capsys):
    def times(x, factor):
        return x + factor

    text = printed(capsys, times, hint="every number is multiplied")
    assert text.startswith(
        "times: not right yet\n  times(x 2, factor=3): two numbers\n  the result: 2 of 2 numbers are wrong"
    )
    assert "Hint: every number is multiplied" in text


def test_changing_the_input_and_raising_are_said(capsys):
    def in_place(x, factor):
        x *= factor
        return x

    def broken(x, factor):
        return x.nothing

    assert "changed its input x: work on a copy" in printed(capsys, in_place)
    assert "it raised AttributeError: 'numpy.ndarray' object has no attribute 'nothing'" in printed(capsys, broken)
    assert "is there a return?" in printed(capsys, lambda x, factor: None)
    assert CASES[0][0][0].tolist() == [1, 2]


def test_strict_mode_fails_for_what_is_wrong_or_empty(monkeypatch, capsys):
    monkeypatch.setenv("MINIDET_BLANKS", "1")
    check_blank(times, *CASES)
    with pytest.raises(AssertionError, match="numbers are wrong"):
        check_blank(lambda x, factor: x, *CASES)

    def empty(x, factor):
        raise NotImplementedError

    with pytest.raises(AssertionError, match="empty: not written yet"):
        check_blank(empty, *CASES)


def test_no_function_and_no_case_are_refused():
    with pytest.raises(TypeError, match="check_blank: function is a int"):
        check_blank(3, *CASES)
    with pytest.raises(ValueError, match="check_blank: cases are none"):
        check_blank(times)
