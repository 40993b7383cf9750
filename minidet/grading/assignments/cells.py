"""Cells: read from a notebook, or from a Python file that marks them with ``# %%`` (jupytext's percent format).

Assignments are written, and answers may be handed in, in either form. Neither jupytext nor nbformat is needed for it.
Which cells answer what is read as generously as it can be: :func:`answer_cells`.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from ...errors import bad_argument
from .cell_marks import Mark, comment_marks, is_idle, undo_nbconvert

#: jupytext's, VS Code's and Spyder's line between two cells; and what `jupyter nbconvert --to script` writes there.
MARKER = re.compile(r"#\s*%%+(?:\s*\[(?P<kind>markdown|md|raw)\]|(?=\s|$))(?P<rest>.*)")
NBCONVERT = re.compile(r"#\s*In\s?\[[\d ]*\]:?\s*")
OPTION = re.compile(r"(?:^|\s)([\w.]+)=")


class Cell(NamedTuple):
    """One cell.

    Attributes
    ----------
    kind : str
        ``"code"``, ``"markdown"`` or ``"raw"``.
    source : str
        Its text, without blank lines around it; of Markdown, without the ``#`` in front of each line.
    tags : tuple of str
    hidden : bool
        A notebook shows its output, not its source: metadata ``jupyter={"source_hidden": true}``.
    belongs_to : str
        The question that it answers, where it is a piece of a cell: see :func:`answer_cells`.
    """

    kind: str
    source: str
    tags: tuple[str, ...] = ()
    hidden: bool = False
    belongs_to: str = ""

    @property
    def question(self) -> str | None:
        """The question that this cell answers: it has a line ``# answer: q3``, best the first. Else None."""
        if self.kind != "code":
            return None
        marks = [] if self.belongs_to else comment_marks(self.source)
        return self.belongs_to or (marks[0].question if marks else None)

    @property
    def variant(self) -> tuple[str, str] | None:
        """The question and the variant that this cell belongs to, from a tag ``variant:q4=reflect``; else None."""
        for tag in self.tags:
            if tag.startswith("variant:"):
                question, _, variant = tag.removeprefix("variant:").partition("=")
                return question, variant
        return None


def answer_cells(cell: Cell) -> list[Cell]:
    """Return the pieces of a cell that answer a question, each with its question; nothing if it is no answer cell.

    Mostly that is the cell. What stands above the mark (an import, or a constant) is a piece of its own, so that an
    error in it costs nothing else; and where several questions were merged into one cell, or a file has no cells,
    each has what stands between its mark and the next one, after what stands above the first. Lines keep their numbers.
    """
    if cell.question is None:
        return []
    marks = [Mark(0, cell.belongs_to)] if cell.belongs_to else comment_marks(cell.source)
    lines = cell.source.split("\n")
    above = lines[: marks[0].line]
    if all(is_idle(line) for line in above):
        if len(marks) == 1:
            return [cell._replace(belongs_to=marks[0].question)]
        above = []
    # What __future__ changes, it changes for the whole cell.
    future = [line if line.startswith("from __future__ import ") else "" for line in lines[: marks[0].line]]
    pieces, met = [], set()
    for mark, after in zip(marks, [*marks[1:], Mark(len(lines), "")], strict=True):
        if above and mark.question not in met:
            pieces.append(cell._replace(source="\n".join(above), belongs_to=mark.question))
        met.add(mark.question)
        blank = future + [""] * (mark.line - len(future))
        source = "\n".join(blank + lines[mark.line : after.line]).rstrip()
        pieces.append(cell._replace(source=source, belongs_to=mark.question))
    return pieces


def read_percent(text: str, *, strict: bool = True) -> list[Cell]:
    """Return the cells of a Python file. What stands before the first marker is a code cell.

    Parameters
    ----------
    text : str
        In percent format (``# %%`` or ``#%%``), or as nbconvert writes a notebook (``# In[3]:``).
    strict : bool
        Metadata that is no JSON is an error; else it is passed over.
    """
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0] == "# ---":  # jupytext's header
        end = next((number for number, line in enumerate(lines[1:], 1) if line == "# ---"), 0)
        lines = lines[end + 1 :]
    if any(map(NBCONVERT.fullmatch, lines)) and not any(map(MARKER.fullmatch, lines)):
        lines = ["# %%" if NBCONVERT.fullmatch(line) else line for line in undo_nbconvert(lines)]
    cells, kind, options, body = [], "code", {}, []
    for line in lines:
        marker = MARKER.fullmatch(line)
        if not marker:
            body.append(line)
            continue
        cells.append(_cell(kind, body, options))
        kind = {"md": "markdown", None: "code"}.get(marker["kind"], marker["kind"])
        options, body = _options(marker["rest"], strict), []
    cells.append(_cell(kind, body, options))
    return [cell for cell in cells if cell.source]


def read_notebook(text: str) -> list[Cell]:
    """Return the cells of a notebook (nbformat 4). Raises ``ValueError`` in words if it is broken."""
    try:
        notebook = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        why = f"Jupyter saves notebooks as JSON, so this one is cut off, or something else ({str(error)[:200]})"
        raise bad_argument("read_notebook", "the file", "is no JSON", "a notebook", why) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        why = "a notebook of format 3 or older becomes one of format 4 when Jupyter saves it"
        raise bad_argument("read_notebook", "the file", "has no list of cells", "a notebook of format 4", why)
    return [cell for cell in map(_notebook_cell, cells) if cell is not None]


def _notebook_cell(cell) -> Cell | None:
    """Return a cell of a notebook; None for what is none, which never is worth the rest."""
    if not isinstance(cell, dict):
        return None
    source, kind, metadata = cell.get("source", ""), cell.get("cell_type"), cell.get("metadata")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = _joined(source)
    if not isinstance(source, str) or kind not in ("code", "markdown", "raw"):
        return None
    return _made(kind, source.replace("\r\n", "\n"), metadata if isinstance(metadata, dict) else {})


def _joined(lines: list[str]) -> str:
    """Join the lines of a cell; some programs leave out the line ends."""
    bare = [line.splitlines() in ([line], []) for line in lines]
    return "".join(
        line + "\n" * (end and place < len(lines)) for place, (line, end) in enumerate(zip(lines, bare, strict=True), 1)
    )


def _made(kind: str, source: str, metadata: dict) -> Cell:
    tags, jupyter = metadata.get("tags"), metadata.get("jupyter")
    tags = tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    return Cell(kind, source, tags, isinstance(jupyter, dict) and jupyter.get("source_hidden") is True)


def _cell(kind: str, body: list[str], options: dict) -> Cell:
    if kind != "code":
        body = [line.removeprefix("#").removeprefix(" ") if line.startswith("#") else line for line in body]
    return _made(kind, "\n".join(body).strip("\n").rstrip(), options)


def _options(rest: str, strict: bool) -> dict:
    """Return a cell's metadata from its marker: ``name=JSON`` after the title."""
    options, place = {}, 0
    while option := OPTION.search(rest, place):
        try:
            options[option[1]], place = json.JSONDecoder().raw_decode(rest, option.end())
        except (ValueError, RecursionError):
            if not strict:
                return options
            was = f"is {rest[option.end() :]}"
            raise bad_argument("read_percent", f"{option[1]} of a cell", was, 'JSON, as ["one", "two"]') from None
    return options
