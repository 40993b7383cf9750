"""Blanks are found, and their solutions put in their places."""

import pytest

from notebooks import __main__ as runner
from notebooks import blanks

CELL = '''import math


def half(x):
    """Return half of x."""
    # your line
    raise NotImplementedError


y = 3'''
ANSWER = """Halves.

<details><summary>Solution</summary>

```python
def half(x):
    return x / 2
```

</details>"""


def notebook(*cells):
    v4 = pytest.importorskip("nbformat").v4
    return v4.new_notebook(cells=[make(source) for make, source in
                                  zip((v4.new_code_cell, v4.new_markdown_cell), cells, strict=False)])  # fmt: skip


@pytest.mark.slow
def test_a_solution_takes_the_place_of_its_blank():
    book = notebook(CELL, ANSWER)
    assert blanks.find(book) == [(0, "half")]
    blanks.fill(book)
    assert book.cells[0].source == "import math\n\n\ndef half(x):\n    return x / 2\n\n\ny = 3"
    assert blanks.find(book) == []


def test_a_blank_without_a_solution_is_an_error():
    with pytest.raises(ValueError, match="half has no solution"):
        blanks.fill(notebook(CELL, ANSWER.replace("half(", "third(")))


def test_a_function_that_may_raise_is_no_blank():
    code = "def half(x):\n    if x:\n        raise NotImplementedError\n    return x"
    assert blanks.find(notebook(code)) == []


@pytest.mark.parametrize("name", runner.names())
def test_every_blank_is_checked_and_short(name):
    pytest.importorskip("jupytext")
    book = runner.read(name)
    for number, function in blanks.find(book):
        code = "\n".join(cell.source for cell in book.cells[number:] if cell.cell_type == "code")
        assert f"check_blank({function}," in code.replace("\n    ", ""), f"{function} is never checked"
        lines = [line for line in blanks.solution_of(book, number, function).splitlines()[1:]
                 if line.strip() and not line.strip().startswith(("#", '"""'))]  # fmt: skip
        assert len(lines) <= 12, f"{function} takes {len(lines)} lines"
