"""Cells of notebooks and of Python files in percent format."""

import json
import random

import pytest

from minidet.grading.assignments.cells import Cell, answer_cells, read_notebook, read_percent

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


@pytest.mark.parametrize(
    "mark", ["#%%", "# %%", "#  %% a title", "#%% [code]", "# %%%", "# In[3]:", "# In[ ]:", "# In [12]"]
)
def test_marks_of_other_programs(mark):
    text = f"import os\n{mark}\n# answer: q1\nx = 1\n\n{mark}\ny = 2\n"
    assert read_percent(text) == [Cell("code", "import os"), Cell("code", "# answer: q1\nx = 1"), Cell("code", "y = 2")]


@pytest.mark.parametrize("line", ["# %%timeit f(x)", "#%%time", "# In [3] we saw", "x = 1  # %%"])
def test_what_is_no_mark(line):
    assert read_percent(f"x = 1\n{line}\ny = 2") == [Cell("code", f"x = 1\n{line}\ny = 2")]


def test_a_comment_like_nbconverts_is_no_mark_where_cells_are_marked_otherwise():
    assert read_percent("# %%\nx = 1\n# In[3]:\ny = 2") == [Cell("code", "x = 1\n# In[3]:\ny = 2")]


@pytest.mark.slow
def test_nbconvert_itself():
    exporter = pytest.importorskip("nbconvert").PythonExporter
    nbformat = pytest.importorskip("nbformat").v4
    sources = [
        "%matplotlib inline\nimport numpy as np",
        "%%time\n# answer: q1\ndef f(x):\n    return 'a\\n'",
        "!ls\nf(1)",
    ]
    cells = [nbformat.new_markdown_cell("# Title\n\nText"), *map(nbformat.new_code_cell, sources)]
    text, _ = exporter().from_notebook_node(nbformat.new_notebook(cells=cells))
    (answer,) = [cell for cell in read_percent(text) if cell.question]
    assert answer.source == "%%time\n# answer: q1\ndef f(x):\n    return 'a\\n'"


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
        ("\n \n  # answer: q3", "q3"),
        ("# Answer: Q3", "q3"),
        ("## ANSWER : q3.", "q3"),
        ("# answer: q3  (finished!)", "q3"),
        ("import numpy as np\n# answer: q3", "q3"),
        ("# Ann\n\n%matplotlib inline\n# answer: q3", "q3"),
        ("x = 1\n# answer: q3", "q3"),
        ("x = 1  # answer: q3", None),
        ("def f():\n    # answer: q3", None),
        ("# my answer: q3", None),
        ("# answer", None),
        ("'# answer: q3'", None),
        ("x = '''\n# answer: q3\n'''", None),
        ("x = '''\n# answer: q2\n'''\n# answer: q3", "q3"),
        ("x = '''\n# answer: q2\n'''\ny = 'broken\n# answer: q3", "q3"),
    ],
)
def test_an_answer_cell_says_so(line, question):
    assert Cell("code", f"{line}\nx = 1").question == question
    assert Cell("markdown", f"{line}\nx = 1").question is None


def pieces(source):
    return [(cell.question, cell.source) for cell in answer_cells(Cell("code", source))]


def test_an_answer_cell_is_its_own_piece():
    assert pieces("x = 1") == []
    assert pieces("\n# Ann\n# answer: q3\nx = 1") == [("q3", "\n# Ann\n# answer: q3\nx = 1")]
    again = answer_cells(Cell("code", "# answer: q3\nx = 1"))
    assert [answer_cells(cell) for cell in again] == [again]


def test_what_stands_above_the_mark_is_a_piece_of_its_own():
    """So that an import that the grader does not have costs nothing; and lines keep their numbers."""
    assert pieces("import tqdm\n# answer: q3\nx = 1") == [("q3", "import tqdm"), ("q3", "\n# answer: q3\nx = 1")]
    future = "from __future__ import annotations"
    assert pieces(f"import tqdm\n{future}\n# answer: q3\nx = 1") == [
        ("q3", f"import tqdm\n{future}"), ("q3", f"\n{future}\n# answer: q3\nx = 1")]  # fmt: skip


def test_merged_cells_are_taken_apart():
    assert pieces("# answer: q1\nx = 1\n\n# answer: q2\ny = 2\n# answer: q1\nz = 3\n") == [
        ("q1", "# answer: q1\nx = 1"), ("q2", "\n\n\n# answer: q2\ny = 2"), ("q1", "\n" * 5 + "# answer: q1\nz = 3")
    ]  # fmt: skip
    assert pieces("import os\n# answer: q1\nx = 1\n# answer: q2\n# answer: q1") == [
        ("q1", "import os"), ("q1", "\n# answer: q1\nx = 1"), ("q2", "import os"), ("q2", "\n" * 3 + "# answer: q2"),
        ("q1", "\n" * 4 + "# answer: q1")]  # fmt: skip


def test_variant():
    assert Cell("code", "x", ("a", "variant:q4=reflect")).variant == ("q4", "reflect")
    assert Cell("code", "x", ("a",)).variant is None


def test_tags_that_are_no_list():
    with pytest.raises(ValueError, match=r"read_percent: tags of a cell is \[one\], expected JSON"):
        read_percent("# %% tags=[one]\nx = 1")
    for title in ("tags=[one]", "y=x", f"tags={'[' * 100_000}"):  # a student's title costs nothing
        assert read_percent(f"# %% {title}\nx = 1", strict=False) == [Cell("code", "x = 1")]


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
    "lines", [["x = 1", "", "y = 2"], ["x = 1\n", "\n", "y = 2"], ["x = 1", "\n", "y = 2"], ["x = 1\r\n", "\r\n", "y = 2"]]
)  # fmt: skip
def test_lines_without_ends(lines):
    cells = [{"cell_type": "code", "source": lines}]
    assert read_notebook(json.dumps({"cells": cells})) == [Cell("code", "x = 1\n\ny = 2")]


def test_a_form_feed_ends_no_line_of_python():
    cells = [{"cell_type": "code", "source": ["x = '\x0c", "'\n", "y = 2"]}]  # as nbformat cuts it
    assert read_notebook(json.dumps({"cells": cells})) == [Cell("code", "x = '\x0c'\ny = 2")]


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


LINES = ["# answer: q1", "#Answer:Q2 x", "x = 1", "'''", '"""', "\\", "(", ")", "%time x", "!ls", "  ", "import os", "f'{", "# %%",
         "from __future__ import annotations", "#%% a=b", "# In[3]:", "get_ipython().system('a')", "def f():", "    y", "\0"]  # fmt: skip


@pytest.mark.parametrize("seed", range(100))
def test_pieces_keep_the_lines_of_their_cell(seed):
    text = "\n".join(random.Random(seed).choices(LINES, k=12))
    for cell in [Cell("code", text), *read_percent(text, strict=False)]:
        found = answer_cells(cell)
        assert bool(found) == (cell.question is not None)
        for piece in found:
            assert answer_cells(piece) == [piece]
            for ours, whole in zip(piece.source.split("\n"), cell.source.split("\n"), strict=False):
                assert ours in ("", whole, whole.rstrip())
