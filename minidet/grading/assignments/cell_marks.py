"""Marks in a cell's text: ``# answer: q3``, and what other programs leave there instead of a plain line."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import NamedTuple

#: ``# answer: q3``; also ``#Answer : Q3 (finished!)``.
ANSWER = re.compile(r"#+\s*answers?\s*[:：]\s*(\w+).*", re.IGNORECASE)
#: A call that nbconvert made of a magic word.
CALL = re.compile(r"(?P<before>\s*(?:[\w., ]+=\s*)?)get_ipython\(\)\."
                  r"(?P<method>run_line_magic|run_cell_magic|system|getoutput)\((?P<words>.*)\)\s*")  # fmt: skip
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
    """Return the lines with IPython's magic words as they stood in the notebook.

    ``jupyter nbconvert --to script`` writes ``%matplotlib inline`` and ``files = !ls`` as calls, and a cell below
    ``%%time`` as one string.
    """
    undone = []
    for line in lines:
        call = CALL.fullmatch(line)
        words = _literals(call["words"]) if call else None
        if not words:
            undone.append(line)
        elif call["method"] in ("system", "getoutput"):
            undone.append(f"{call['before']}!{words[0]}")
        else:
            mark = "%%" if call["method"] == "run_cell_magic" else "%"
            undone.append(f"{call['before']}{mark}{' '.join(words[:2])}".rstrip())
            undone += words[2].split("\n") if len(words) > 2 else []
    return undone


def _literals(text: str) -> list[str]:
    """Return the strings that stand in a call; nothing if anything else does."""
    try:
        words = ast.literal_eval(f"[{text}]")
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return []
    return words if all(isinstance(word, str) for word in words) else []


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
