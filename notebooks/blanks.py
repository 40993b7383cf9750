"""The functions that readers write: where they are in a notebook, and their folded solutions.

A blank is a function in a code cell whose body ends with ``raise NotImplementedError``. Its
solution stands in one of the next Markdown cells: a fold whose summary begins with "Solution",
with the whole function in a block of Python.
"""

import ast
import re

FOLD = re.compile(r"<details>\s*<summary>Solution.*?</summary>(.*?)</details>", re.DOTALL)
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _functions(source):
    """Return the functions of a cell, or of a solution: their nodes by name."""
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _is_blank(node):
    last = node.body[-1]
    raised = last.exc if isinstance(last, ast.Raise) else None
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def find(notebook):
    """Return the blanks in their order: ``(number of the cell, name of the function)``."""
    return [(number, name) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"
            for name, node in _functions(cell.source).items() if _is_blank(node)]  # fmt: skip


def solution_of(notebook, number, name):
    """Return the text of a blank's solution; raise ``ValueError`` if there is none below it."""
    for cell in notebook.cells[number + 1 :]:
        if cell.cell_type != "markdown":
            continue
        for fold in FOLD.findall(cell.source):
            for code in CODE.findall(fold):
                if name in _functions(code):
                    return code.rstrip()
    raise ValueError(
        f"{name} has no solution: a fold '<details><summary>Solution' with the function in it"
    )


def fill(notebook):
    """Put every solution in the place of its blank."""
    for number, name in find(notebook):
        cell = notebook.cells[number]
        node, lines = _functions(cell.source)[name], cell.source.split("\n")
        first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) - 1
        cell.source = "\n".join(
            [*lines[:first], solution_of(notebook, number, name), *lines[node.end_lineno :]]
        )
