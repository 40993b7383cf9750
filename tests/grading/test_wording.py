"""What students are told."""

import inspect
import re

import pytest

from minidet.grading import compare
from minidet.grading.scoring import KINDS, PartScore
from minidet.grading.wording import PHRASES, for_students, plain


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


def test_plain():
    assert (
        plain("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x00\u202ex\udc80\nnext\x9b")
        == "red link x?\nnext"
    )
    assert len(plain("y" * 10_000, 50)) == 52
