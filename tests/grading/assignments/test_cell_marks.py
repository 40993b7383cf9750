"""Marks in a cell's text."""

import pytest

from minidet.grading.assignments import cell_marks
from minidet.grading.assignments.cell_marks import Mark, comment_marks, is_idle, undo_nbconvert


def test_marks_with_their_lines():
    source = "\ufeff\n  # Answer: Q1\nx = 1\n# answer: q2 (done)\n  # answer: q3\n"
    assert comment_marks(source) == [Mark(1, "q1"), Mark(3, "q2")]


def test_a_mark_inside_a_string_is_none():
    source = "def f():\n    '''Text\n# answer: q1\n'''\n# answer: q2\n%magic 'it\n# answer: q3"
    assert comment_marks(source) == [Mark(4, "q2"), Mark(6, "q3")]


@pytest.mark.parametrize("text", ["(" * 3000, "'''\n# answer: q1", "\0'''\n# answer: q1\n'''", "  x\n y\n", "f'{"])
def test_what_cannot_be_read_raises_nothing(text):
    assert Mark(0, "q1") in comment_marks("# answer: q1\n" + text + "\n" + 3 * "'")


def test_a_long_cell_is_read_by_lines(monkeypatch):
    monkeypatch.setattr(cell_marks, "LONG", 10)
    assert comment_marks("x = '''\n# answer: q1\n'''") == [Mark(1, "q1")]


@pytest.mark.parametrize("line, idle", [("", True), ("  # a", True), ("%matplotlib inline", True), ("!ls", True), ("\ufeff", True),
                                        ("import os", False), ("x %= 2", False)])  # fmt: skip
def test_idle(line, idle):
    assert is_idle(line) is idle


@pytest.mark.parametrize("line, magic", [
    ("get_ipython().run_line_magic('matplotlib', 'inline')", ["%matplotlib inline"]),
    ("get_ipython().run_line_magic('ls', '')", ["%ls"]),
    ("    get_ipython().system('ls *.py')", ["    !ls *.py"]),
    ("files = get_ipython().getoutput('ls')", ["files = !ls"]),
    ("get_ipython().run_cell_magic('time', '', '# answer: q1\\nx = 1\\n')", ["%%time", "# answer: q1", "x = 1", ""]),
])  # fmt: skip
def test_calls_become_magic_words_again(line, magic):
    assert undo_nbconvert(["y = 2", line]) == ["y = 2", *magic]


@pytest.mark.parametrize("line", ["get_ipython().system(f(", "get_ipython().system(x)", "get_ipython().system()", "get_ipython()",
                                  "get_ipython().system(3)", f"get_ipython().system({'(' * 3000})"])  # fmt: skip
def test_other_lines_stay(line):
    assert undo_nbconvert([line]) == [line]
