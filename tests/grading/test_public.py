"""Students' own checks: what they say of right answers, of wrong ones, and of those that do not end."""

import re
import time

import numpy as np
import pytest

from minidet.grading import checks
from minidet.grading.public import check_question, count, find_cases
from minidet.grading.public_cases import read_public
from minidet.grading.release import release

from .toy import load_toy


@pytest.fixture
def toy(tmp_path):
    return load_toy(tmp_path)


@pytest.fixture
def public(toy, tmp_path):
    return read_public(release(toy, tmp_path))


def said(capsys, public, number, **names):
    """Check a question; return what is printed, each line without its indent."""
    counts = check_question(public.questions[number], names)
    return counts, [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_a_right_answer(capsys, public, toy):
    counts, lines = said(capsys, public, 0, **toy.reference)
    assert counts == (2, 2)
    assert lines == ["q1  Scale", "passed  values", "passed  negative",
                     "q1: public checks passed (2 of 2). The grader uses other inputs."]  # fmt: skip


def test_a_wrong_answer(capsys, public):
    def scale(x, factor):
        return abs(factor) * x, (abs(factor) * x).sum()

    counts, lines = said(capsys, public, 0, scale=scale)
    assert counts == (1, 2)
    assert lines[2:4] == ["wrong   negative", "a negative factor: scale(x 2x2, factor=-1)"]
    assert lines[4].startswith("item 0 of the result: 4 of 4 numbers are wrong, the worst at [1, 0]: yours is ")
    assert lines[-1] == "q1: 1 of 2 public checks passed."
    assert "wrong sign" in " ".join(lines)


def test_names_and_hints(capsys, public):
    _, lines = said(capsys, public, 0, scale=lambda x, factor: (factor * x, 0.0))
    assert lines[3].startswith("total is 0, expected ")
    assert lines[4] == "Hint: Multiply."


def test_an_exception_shows_its_line(capsys, public):
    def scale(x, factor):
        rows, columns, channels = x.shape
        return rows * columns * channels

    _, lines = said(capsys, public, 0, scale=scale)
    assert "it raised ValueError: not enough values to unpack (expected 3, got 2)" in lines
    (where,) = [line for line in lines if "of the cell" in line][:1]
    assert re.fullmatch(r"in line \d+ of the cell:  rows, columns, channels = x.shape", where)


def test_an_exception_below_shows_the_line_that_called_it(capsys, public):
    def scale(x, factor):
        return np.linalg.inv(x)

    _, lines = said(capsys, public, 0, scale=scale)
    assert any(re.fullmatch(r"in line \d+ of the cell:  return np.linalg.inv\(x\)", line) for line in lines)


def test_an_input_that_is_changed(capsys, public):
    def scale(x, factor):
        x *= factor
        return x, x.sum()

    _, lines = said(capsys, public, 0, scale=scale)
    assert "your function changed its input x: work on a copy" in lines


def test_the_stored_inputs_stay_as_they_were(capsys, public, toy):
    said(capsys, public, 0, scale=lambda x, factor: x.fill(0))
    assert said(capsys, public, 0, **toy.reference)[0] == (2, 2)


def test_an_error_that_is_asked_for(capsys, public):
    _, lines = said(capsys, public, 1, peak=lambda x: int(np.argmax(x)) if len(x) else -1)
    assert "none: peak(x 0)" in lines
    assert "it returned a result, expected a ValueError" in lines


def test_what_is_not_written_yet(capsys, public):
    def peak(x):
        raise NotImplementedError("q2: write this function")

    counts, lines = said(capsys, public, 1, peak=peak)
    assert counts == (0, 2)
    assert lines == ["q2  Peak", "not written yet", "q2: 0 of 2 public checks passed."]


def test_a_function_that_is_not_there(capsys, public):
    _, lines = said(capsys, public, 1)
    assert "there is no function peak yet: run the cell that defines it" in lines


@pytest.mark.parametrize("careless", [True, False])
def test_a_loop_without_end_is_stopped(capsys, public, monkeypatch, careless):
    """Also one that catches every exception; and then the other parts of the question are not tried."""
    monkeypatch.setattr("minidet.grading.public.LIMIT", 0.2)

    def peak(x):
        while True:
            try:
                sum(range(100))
            except Exception:
                if not careless:
                    raise

    started = time.monotonic()
    counts, lines = said(capsys, public, 1, peak=peak)
    assert time.monotonic() - started < 2
    assert counts == (0, 2)
    assert "stopped after 0.2 seconds: is there a loop without end?" in lines
    assert "not tried, because the call above did not end" in lines


def test_ctrl_c_is_for_the_student(public):
    def peak(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_question(public.questions[1], {"peak": peak})


def test_never_all_correct():
    assert count(3, 3) == "public checks passed (3 of 3). The grader uses other inputs."
    assert count(2, 3) == "2 of 3 public checks passed."


def test_check_in_a_notebook(capsys, toy, tmp_path, monkeypatch):
    folder = release(toy, tmp_path)
    monkeypatch.chdir(folder)
    notebook = dict(toy.reference, checks=checks)
    exec('check = checks("a0_toy")\ncheck("q1")', notebook)
    assert capsys.readouterr().out.endswith("q1: public checks passed (2 of 2). The grader uses other inputs.\n")
    notebook["scale"] = lambda x, factor: None
    exec("check()", notebook)
    printed = capsys.readouterr().out
    assert "is there a return?" in printed
    assert printed.endswith("\nAll together: 2 of 4 public checks passed.\n")
    with pytest.raises(ValueError, match="check: the question is 'q9', expected one of q1, q2, or nothing for all"):
        notebook["check"]("q9")


def test_the_cases_are_found_beside_and_above(toy, tmp_path):
    folder = release(toy, tmp_path / "assignments")
    (folder / "deeper").mkdir()
    for place in (folder, folder / "deeper", tmp_path / "assignments", tmp_path):
        assert find_cases("a0_toy", place) == folder
    with pytest.raises(FileNotFoundError, match="has no assignment.json of a1_other, expected one: it comes with"):
        find_cases("a1_other", folder)
