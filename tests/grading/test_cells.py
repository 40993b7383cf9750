"""Cells of notebooks and of Python files in percent format."""

import json

import pytest

from minidet.grading.cells import Cell, read_notebook, read_percent

TEXT = """# ---
# jupyter:
#   a: b
# ---

# %% [markdown]
# # Title
#
# A line.
#No space.

# %% A name tags=["one", "variant:q4=reflect"] jupyter={"source_hidden": true}
x = 1


y = "# %% not here"
# %%

# %% [raw]
# as it is
"""


def test_percent():
    assert read_percent(TEXT) == [
        Cell("markdown", "# Title\n\nA line.\nNo space."),
        Cell("code", 'x = 1\n\n\ny = "# %% not here"', ("one", "variant:q4=reflect"), True),
        Cell("raw", "as it is"),
    ]


def test_percent_without_a_marker_is_one_cell():
    assert read_percent("# answer: q1\r\nx = 1\r\n") == [Cell("code", "# answer: q1\nx = 1")]


def test_percent_agrees_with_jupytext():
    jupytext = pytest.importorskip("jupytext")
    theirs = jupytext.reads(TEXT, fmt="py:percent").cells
    ours = read_percent(TEXT)
    theirs = [cell for cell in theirs if cell.source]
    assert [(cell.kind, cell.source) for cell in ours] == [(cell.cell_type, cell.source) for cell in theirs]


@pytest.mark.parametrize(
    "line, question",
    [
        ("# answer: q3", "q3"),
        ("#answer:q3 ", "q3"),
        ("\n# answer: q3", "q3"),
        ("# answer: q3 and more", None),
        ("# Answer: q3", None),
        ("x = 1  # answer: q3", None),
        ("x = 1\n# answer: q3", None),
    ],
)
def test_an_answer_cell_says_so_in_its_first_line(line, question):
    assert Cell("code", f"{line}\nx = 1").question == question
    assert Cell("markdown", f"{line}\nx = 1").question is None


def test_variant():
    assert Cell("code", "x", ("a", "variant:q4=reflect")).variant == ("q4", "reflect")
    assert Cell("code", "x", ("a",)).variant is None


def test_tags_that_are_no_list():
    with pytest.raises(ValueError, match=r"read_percent: tags of a cell is \[one\], expected JSON"):
        read_percent("# %% tags=[one]\nx = 1")


def test_notebook():
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "metadata": {"tags": ["one", 2]}, "outputs": []},
        {"cell_type": "code", "source": "z", "metadata": {"jupyter": {"source_hidden": True}}},
        {"cell_type": "markdown", "source": "text"},
    ]
    assert read_notebook(json.dumps({"cells": cells})) == [
        Cell("code", "x = 1\ny = 2", ("one",)),
        Cell("code", "z", (), True),
        Cell("markdown", "text"),
    ]


@pytest.mark.parametrize(
    "cell", [None, 3, "x", [], {}, {"cell_type": "code", "source": 5}, {"cell_type": "code", "source": ["x", 5]},
             {"cell_type": ["code"], "source": "x"}, {"cell_type": "heading", "source": "x"}]
)  # fmt: skip
def test_a_broken_cell_does_not_cost_the_others(cell):
    good = {"cell_type": "code", "source": "x = 1", "metadata": "none"}
    assert read_notebook(json.dumps({"cells": [cell, good]})) == [Cell("code", "x = 1")]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "3" * 10_000, '{"cells": 3}', "[]", '{"worksheets": []}'])
def test_a_broken_notebook_is_said_in_words(text):
    with pytest.raises(ValueError, match=r"read_notebook: the file .*, expected "):
        read_notebook(text)
