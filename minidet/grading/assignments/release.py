"""What students get: the notebook without solutions, and the public checks with their results."""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import bad_argument
from .assignment import Assignment, blank_solutions, load
from .cells import Cell
from .public_cases import CASES, NUMBERS, pack, same_numbers, write_npz, write_zip

#: In the folder of the sources: the term that the released versions are drawn for.
TERM = "term.txt"


def release(assignment: Assignment, out: Path) -> Path:
    """Write the released version of an assignment to ``out/NAME/``, and return that folder.

    Files that are right already are not touched. Numbers count as right if they differ by rounding only.
    """
    folder = Path(out) / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    cases, arrays = pack(assignment)
    _replace(folder / f"{assignment.name}.ipynb", notebook(assignment).encode())
    _replace(folder / CASES, cases.encode())
    numbers = folder / NUMBERS
    if not (numbers.is_file() and same_numbers(numbers.read_bytes(), arrays)):
        _replace(numbers, write_npz(arrays))
    return folder


def released_files(folder: Path) -> list[Path]:
    """Return the files that a released assignment consists of; what else lies in the folder is no part of it."""
    names = (f"{folder.name}.ipynb", CASES, NUMBERS)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise bad_argument("release", "the folder", f"{folder} has no {missing[0]}", "a released assignment")
    return [folder / name for name in names]


def release_zip(folder: Path, out: Path) -> Path:
    """Pack a released assignment for a course page: ``out/NAME.zip``, with one folder in it."""
    contents = {f"{folder.name}/{path.name}": path.read_bytes() for path in released_files(folder)}
    Path(out).mkdir(parents=True, exist_ok=True)
    path = Path(out) / f"{folder.name}.zip"
    _replace(path, write_zip(contents))
    return path


def notebook(assignment: Assignment, *, solved: bool = False) -> str:
    """Return the notebook as JSON: without solutions, or with all of them (``solved=True``, for tests)."""
    cells = [cell if solved else blank_solutions(cell) for cell in assignment.cells]
    content = {
        "cells": [_notebook_cell(cell, number) for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def sources(assignments: Path) -> list[Path]:
    """Return the source folders in a folder of assignments: each that has a ``questions.py``."""
    return sorted(path.parent for path in (Path(assignments) / "source").glob("*/questions.py"))


def term_of(assignments: Path) -> str:
    """Return the term that the released versions in a folder of assignments are drawn for."""
    return (Path(assignments) / "source" / TERM).read_text(encoding="utf-8").strip()


def release_all(assignments: Path, term: str) -> list[Path]:
    """Write the released versions of all sources in their place, and note the term."""
    folders = [release(load(source, term), assignments) for source in sources(assignments)]
    _replace(Path(assignments) / "source" / TERM, f"{term}\n".encode())
    return folders


def _notebook_cell(cell: Cell, number: int) -> dict:
    content = {
        "cell_type": cell.kind,
        "id": f"cell-{number}",
        "metadata": {"jupyter": {"source_hidden": True}} if cell.hidden else {},
        "source": cell.source.splitlines(keepends=True),
    }
    return content | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, unless it holds just that."""
    if path.is_file() and path.read_bytes() == content:
        return
    beside = path.with_name(path.name + ".partial")
    beside.write_bytes(content)
    beside.replace(path)
