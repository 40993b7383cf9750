"""An exception in an answer: in words, with the student's own line, and whether a hint can help."""

from __future__ import annotations

import re

WHERE = re.compile(r" \(line (\d+) of \w+(?:, cell (\d+))?\)$")
#: Mistakes of Python, not of the subject: a part's hint would lead away from them.
OF_PYTHON = {
    *("NameError", "UnboundLocalError", "SyntaxError", "IndentationError", "TabError", "TypeError", "UFuncTypeError"),
    *("AttributeError", "ImportError", "ModuleNotFoundError", "NotImplementedError", "RecursionError", "StopIteration"),
    *("AssertionError", "KeyboardInterrupt", "SystemExit", "PermissionError", "FileNotFoundError"),
}
#: Kinds of verdicts that say themselves what has to be done.
PLAIN_KINDS = ("returned None", "changed its input", "wrong kind of result", "wrong length", "wrong keys")


def split_place(words: str, cells: list[str]) -> tuple[str, str]:
    """Return an error's words without the place at their end, and that place with its line of the cell.

    Parameters
    ----------
    words : str
        From the worker: ``"ValueError: message (line 3 of q3, cell 2)"``.
    cells : list of str
        The sources of the question's cells.
    """
    match = WHERE.search(words)
    if match is None:
        return words, ""
    number, cell = int(match[1]), int(match[2] or 1)
    lines = cells[cell - 1].splitlines() if cell <= len(cells) else []
    which = f"answer cell {cell}" if match[2] else "the cell"
    text = f":  {lines[number - 1].strip()}" if 0 < number <= len(lines) else ""
    return words[: match.start()], f"in line {number} of {which}{text}"


def missing_name(words: str) -> str:
    """Return the name that a NameError is about, or nothing."""
    match = re.match(r"(?:NameError|UnboundLocalError): name '(\w+)' is not defined", words)
    return match[1] if match else ""


def hint_helps(kind: str) -> bool:
    """Tell whether a part's hint fits a verdict of this kind."""
    return kind.removeprefix("raised ") not in OF_PYTHON and kind not in PLAIN_KINDS
