"""What a student handed in: the answer cells of a notebook or of a Python file, and nothing else of it."""

from __future__ import annotations

import stat
from pathlib import Path

from ...errors import bad_argument
from ..assignments.cells import Cell, answer_cells, read_notebook, read_percent
from ..assignments.magics import without_magics


def read_answers(path: Path, limit_bytes: int = 20_000_000) -> dict[str, list[str]]:
    """Return the answers in a file, each as the sources of its cells.

    Parameters
    ----------
    path : Path
        A notebook (``.ipynb``) or a Python file in percent format (``.py``). It is read, never run.
    limit_bytes : int
        A larger file is refused unread: pictures and outputs belong to no answer.

    Returns
    -------
    dict of str to list of str
        ``{"q3": [source, source]}``: the cells of each question, in their order. Lines that only IPython understands
        are left out.

    Raises
    ------
    ValueError
        If the file is too large, not a plain file, not text, or not a notebook.
    """
    return answers_of(read_cells(path, limit_bytes))


def read_cells(path: Path, limit_bytes: int = 20_000_000) -> list[Cell]:
    """Return all cells of a notebook or a Python file; see :func:`read_answers`."""
    path = Path(path)
    if path.suffix not in (".ipynb", ".py"):
        raise bad_argument("read_answers", "the file", f"is {path.name!r}", "a notebook (.ipynb) or a .py file")
    text = _read(path, limit_bytes)
    return read_notebook(text) if path.suffix == ".ipynb" else read_percent(text, strict=False)


def answers_of(cells: list[Cell]) -> dict[str, list[str]]:
    """Return the sources of each question's answer cells."""
    answers: dict[str, list[str]] = {}
    for cell in (piece for whole in cells for piece in answer_cells(whole)):
        if cell.question is not None:
            answers.setdefault(cell.question, []).append(without_magics(cell.source))
    return answers


def _read(path: Path, limit_bytes: int) -> str:
    """Return a file's text; never more of it than is allowed, and never from a pipe or a device."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise bad_argument("read_answers", "the file", f"{path.name!r} is a folder or a device", "a plain file")
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise bad_argument("read_answers", "the file", f"{path.name!r} cannot be read", "a file", reason) from None
    if len(data) > limit_bytes:
        why = "in Jupyter, Edit / Clear Outputs of All Cells makes it smaller"
        raise bad_argument("read_answers", "the file", f"is larger than {limit_bytes / 1e6:g} MB", "less", why)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_argument("read_answers", "the file", "is not text", "UTF-8", str(error)) from None
