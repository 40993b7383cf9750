"""Cells: read from a notebook, or from a Python file that marks them with ``# %%`` (jupytext's percent format).

Assignments are written, and answers may be handed in, in either form. Neither jupytext nor nbformat is needed for it.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from ..errors import bad_argument

MARKER = re.compile(r"# %%(?:\s+\[(?P<kind>markdown|md|raw)\])?(?P<rest>.*)")
OPTION = re.compile(r"(?:^|\s)([\w.]+)=")
ANSWER = re.compile(r"\s*#\s*answer:\s*(\w+)\s*")


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
    """

    kind: str
    source: str
    tags: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def question(self) -> str | None:
        """The question that this cell answers: its first line is ``# answer: q3``. None if it is no answer."""
        if self.kind != "code":
            return None
        found = ANSWER.fullmatch(self.source.lstrip("\ufeff\n").partition("\n")[0])
        return found[1] if found else None

    @property
    def variant(self) -> tuple[str, str] | None:
        """The question and the variant that this cell belongs to, from a tag ``variant:q4=reflect``; else None."""
        for tag in self.tags:
            if tag.startswith("variant:"):
                question, _, variant = tag.removeprefix("variant:").partition("=")
                return question, variant
        return None


def read_percent(text: str) -> list[Cell]:
    """Return the cells of a Python file in percent format. What stands before the first marker is a code cell."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0] == "# ---":  # jupytext's header
        end = next((number for number, line in enumerate(lines[1:], 1) if line == "# ---"), 0)
        lines = lines[end + 1 :]
    cells, kind, options, body = [], "code", {}, []
    for line in lines:
        marker = MARKER.fullmatch(line)
        if not marker:
            body.append(line)
            continue
        cells.append(_cell(kind, body, options))
        kind = {"md": "markdown", None: "code"}.get(marker["kind"], marker["kind"])
        options, body = _options(marker["rest"]), []
    cells.append(_cell(kind, body, options))
    return [cell for cell in cells if cell.source]


def read_notebook(text: str) -> list[Cell]:
    """Return the cells of a notebook (nbformat 4). Raises ``ValueError`` in words if it is broken."""
    try:
        notebook = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise bad_argument("read_notebook", "the file", "is no JSON", "a notebook", str(error)[:200]) from None
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
        source = "".join(source)
    if not isinstance(source, str) or kind not in ("code", "markdown", "raw"):
        return None
    return _made(kind, source.replace("\r\n", "\n"), metadata if isinstance(metadata, dict) else {})


def _made(kind: str, source: str, metadata: dict) -> Cell:
    tags, jupyter = metadata.get("tags"), metadata.get("jupyter")
    tags = tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    return Cell(kind, source, tags, isinstance(jupyter, dict) and jupyter.get("source_hidden") is True)


def _cell(kind: str, body: list[str], options: dict) -> Cell:
    if kind != "code":
        body = [line.removeprefix("#").removeprefix(" ") if line.startswith("#") else line for line in body]
    return _made(kind, "\n".join(body).strip("\n").rstrip(), options)


def _options(rest: str) -> dict:
    """Return a cell's metadata from its marker: ``name=JSON`` after the title."""
    options, place = {}, 0
    while option := OPTION.search(rest, place):
        try:
            options[option[1]], place = json.JSONDecoder().raw_decode(rest, option.end())
        except ValueError:
            was = f"is {rest[option.end() :]}"
            raise bad_argument("read_percent", f"{option[1]} of a cell", was, 'JSON, as ["one", "two"]') from None
    return options
