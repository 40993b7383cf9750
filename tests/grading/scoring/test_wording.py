"""What students are told."""

import inspect
import re

import pytest

from minidet.grading.scoring import compare
from minidet.grading.scoring.points import KINDS, PartScore
from minidet.grading.scoring.wording import PHRASES, for_students, grouped, plain


def score(kind, reason=""):
    return PartScore("q1", "values", 10, 0 if kind else 10, kind, reason)


def test_words_and_hint():
    assert for_students(score("")) == "right"
    assert (
        for_students(score("wrong shape", "(3, 4) secret"), "Count.") == "the result has the wrong shape. Hint: Count."
    )
    assert for_students(score("raised ZeroDivisionError")) == "the function raised ZeroDivisionError"


@pytest.mark.parametrize("kind", ["raised Input_3_1_4_1_5", "raised print", "raised A\n3.14", "3.14159", "<b>bold</b>"])
def test_nothing_that_a_student_chose_gets_through(kind):
    assert for_students(score(kind, "3.14159")) == "the function raised an error"


def test_every_kind_of_verdict_has_its_words():
    source = inspect.getsource(compare)
    kinds = set(re.findall(r'_wrong\("([^"]+)"', source)) | set(re.findall(r'kind = "([a-zN][^"]+)"', source))
    assert len(kinds) >= 9
    assert kinds | set(KINDS.values()) <= set(PHRASES)


def test_what_holds_for_many_parts_is_said_once():
    parts = [PartScore(f"q{number}", name, 1, 0, kind) for number, name, kind in
             [(1, "a", "x"), (1, "b", "x"), (2, "a", "x"), (3, "a", "x"), (3, "b", "x"), (4, "a", ""), (5, "a", "x"),
              (6, "a", "x"), (6, "b", "y"), (6, "c", "x"), (7, "a", "y"), (7, "b", "y")]]  # fmt: skip
    wrong = [part for part in parts if part.kind]
    said = grouped(wrong, lambda part: part.kind, parts)
    assert said == [("q1 to q3, q5", "x"), ("q6 a, c", "x"), ("q6 b", "y"), ("q7", "y")]
    assert grouped([], str, parts) == []


@pytest.mark.parametrize("name", ["print", "Input_3", "", "3.14"])
def test_of_cells_that_do_not_run_only_a_known_exception_is_named(name):
    score = PartScore("q1", "a", 1, 0, "could not be loaded", f"it could not be loaded: {name}: 3.14")
    assert for_students(score, "Count.") == "the cells of this question could not be run"


def test_plain():
    assert (
        plain("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x00\u202ex\udc80\nnext\x9b")
        == "red link x?\nnext"
    )
    assert len(plain("y" * 10_000, 50)) == 52
