"""Who writes alike."""

import pytest

from minidet.grading.intake.submissions import Submission
from minidet.grading.reports.similar import own_files, runs, similar_students, similar_to_files, tokens
from minidet.grading.scoring.batch import Graded

LOOP = """
def scale(x, factor):
    # every number
    total = 0.0
    result = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            result[i, j] = x[i, j] * factor
            total += result[i, j]
    return result, total
"""
RENAMED = '''
def scale(x, factor):
    """A docstring of my own."""
    s = 0.0
    out = np.empty_like( x )
    for row in range(x.shape[0]):

        for column in range(x.shape[1]):
            out[row, column] = x[row, column] * factor   # ha
            s += out[row, column]
    return out, s
'''
OTHER = """
def scale(x, factor):
    scaled = np.multiply(x, factor)
    if not scaled.size:
        return scaled, 0.0
    rows = [np.sum(row) for row in scaled]
    return scaled.copy(), float(np.add.reduce(rows))
"""


def graded(student, source, partners=()):
    return Graded(Submission(student, partners=partners), answers={"q1": [source]})


def test_names_comments_and_layout_do_not_count():
    assert tokens(LOOP) == tokens(RENAMED)
    assert runs(LOOP) != runs(OTHER)
    assert tokens("x.sum('a') + 0x1F # c") == ["n", ".sum", "(", "s", ")", "+", "0x1F"]


@pytest.mark.parametrize("source", ["'''", '"""' * 10_001, "\\", "\x00\udc80", "(" * 10_000, "'" * 99_999])
def test_no_python_is_cut_too(source):
    assert isinstance(runs(source), frozenset)


def test_a_renamed_copy_is_listed_first(toy):
    pairs = similar_students([graded("ann", LOOP), graded("bob", OTHER), graded("cy", RENAMED)], toy)
    assert [(pair.one, pair.other, pair.questions) for pair in pairs] == [("ann", "cy", ("q1",))]
    assert pairs[0].share > 0.9


def test_a_group_is_no_pair(toy):
    assert similar_students([graded("ann", LOOP, ("cy",)), graded("cy", LOOP, ("ann",))], toy) == []


def test_what_everybody_was_given_does_not_count(toy):
    given = toy.cells[2].source  # the answer of q1; its solution is not given
    everyone = [graded("ann", given.replace("factor * x", "x * factor")), graded("bob", given)]
    assert toy.cells[2].question == "q1"
    assert similar_students(everyone, toy) == []


def test_in_a_large_class_the_common_way_does_not_count(toy):
    everyone = [graded(f"s{number}", OTHER) for number in range(30)]
    assert similar_students(everyone, toy) == []
    assert len(similar_students(everyone[:5], toy)) == 10


def test_answers_are_compared_with_files(toy):
    files = {"minidet/other.py": OTHER + LOOP.replace("result", "r"), "minidet/none.py": "x = 1\n"}
    pairs = similar_to_files([graded("ann", LOOP), graded("bob", "def scale(x):\n    return x\n")], toy, files)
    assert [(pair.one, pair.other, pair.questions) for pair in pairs] == [("ann", "minidet/other.py", ("q1",))]


def test_minidets_files_notebooks_and_solutions_are_among_them(toy):
    files = own_files(toy)
    assert {"minidet/nn/layers/conv.py", "minidet/kernels/reference/conv.py", "the solution of this assignment"} <= set(
        files
    )
    assert "np.argmax" in files["the solution of this assignment"]
