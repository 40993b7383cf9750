"""Marks in a cell's text: ``# answer: q3``, and what other programs leave there instead of a plain line."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import NamedTuple

#: ``# answer: q3``; also ``#Answer : Q3 (finished!)``.
ANSWER = re.compile(r"#+\s*answers?\s*[:：]\s*(\w+).*", re.IGNORECASE)
#: Longer cells are not split into tokens, which takes seconds: there a mark inside a string is taken for one.
LONG = 300_000


class Mark(NamedTuple):
    """A line (counted from 0) that says which question the lines below it answer."""

    line: int
    question: str


def comment_marks(source: str) -> list[Mark]:
    """Return the marks in a cell: comments that begin their lines, and never a line of a string.

    Small and capital letters are the same, and whatever follows the question's name is passed over. Only the first line
    that is not blank may have blanks in front.
    """
    lines = source.lstrip("\ufeff").split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    found = {number: ANSWER.fullmatch(line.strip() if number == first else line.rstrip())
             for number, line in enumerate(lines) if "#" in line}  # fmt: skip
    marks = [Mark(number, match[1].lower()) for number, match in found.items() if match]
    if marks and len(source) < LONG and ("'''" in source or '"""' in source):
        inside = _strings(source.lstrip("\ufeff"))
        marks = [mark for mark in marks if mark.line not in inside]
    return marks


def is_idle(line: str) -> bool:
    """Tell whether a line above a mark does nothing in the grader: blank, a comment, a magic word of IPython."""
    return line.strip().lstrip("\ufeff")[:1] in ("", "#", "%", "!")


def undo_nbconvert(lines: list[str]) -> list[str]:
    """Return the lines with IPython's magic words as they stood in the notebook, as far as the grader needs it.

    ``jupyter nbconvert --to script`` writes a cell below ``%%time`` as one string, and ``%matplotlib`` as a call.
    """
    undone = []
    for line in lines:
        if not line.startswith("get_ipython()."):
            undone.append(line)
            continue
        try:
            call = ast.parse(line.strip()).body[0].value
            words = [ast.literal_eval(argument) for argument in call.args]
        except (SyntaxError, ValueError, AttributeError, IndexError, RecursionError, MemoryError):
            words = []
        if line.startswith("get_ipython().run_cell_magic(") and len(words) == 3 and isinstance(words[2], str):
            undone += words[2].split("\n")
        else:
            undone.append(f"# {line}")
    return undone


def _strings(source: str) -> set[int]:
    """Return the lines (counted from 0) that lie inside strings of several lines, as far as the text can be read."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.STRING:
                inside.update(range(token.start[0], token.end[0]))
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError):
        pass  # a line only IPython understands, or a mistake: what follows is read by lines
    return inside
