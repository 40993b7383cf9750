"""An edit that a reader is asked to make, and what has to come out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

from notebooks import __main__ as runner
from notebooks import blanks


@dataclass(frozen=True)
class Edit:
    """One edit of a notebook, run in quick mode, in a process of its own.

    Attributes
    ----------
    changes : tuple of (old, new)
        Each ``old`` stands exactly once in the notebook's code (solutions are in); all are replaced.
    add : str
        Code for a cell of its own, behind the last one that is run.
    until : str
        A text that stands in exactly one code cell, the last that is run; default: the last one that is changed.
    without : tuple of str
        Texts; code cells that contain one are left out, to save time (a training that the edit does not need).
    prints : str
        A regular expression that has to be found in what is printed from the first changed cell on.
    raises : str
        A regular expression for ``"AssertionError: ..."``, which the last cell has to raise; none may be raised if empty.
    """

    changes: tuple[tuple[str, str], ...] = ()
    add: str = ""
    until: str = ""
    without: tuple[str, ...] = ()
    prints: str = ""
    raises: str = ""


def cells_of(name: str, edit: Edit) -> tuple[list[str], int]:
    """Return the code cells to run, changed, and the number of the first that is changed; raise if a text is not unique."""
    notebook = runner.read(name)
    blanks.fill(notebook)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    touched = []
    for old, new in edit.changes:
        places = [number for number, source in enumerate(sources) if old in source]
        if len(places) != 1 or sources[places[0]].count(old) != 1:
            raise ValueError(f"{name}: {old!r} stands {sum(source.count(old) for source in sources)} times in the code")
        sources[places[0]] = sources[places[0]].replace(old, new)
        touched += places
    if edit.until:
        ends = [number for number, source in enumerate(sources) if edit.until in source]
        if len(ends) != 1:
            raise ValueError(f"{name}: {edit.until!r} stands in {len(ends)} code cells")
        last = ends[0]
    elif touched:
        last = max(touched)
    else:
        raise ValueError(f"{name}: an edit without changes needs until=")
    chosen = [number for number in range(last + 1) if number in touched or number == last
              or not any(text in sources[number] for text in edit.without)]  # fmt: skip
    cells = [sources[number] for number in chosen] + ([edit.add] if edit.add else [])
    first = chosen.index(min(touched)) if touched else len(cells) - 1
    return cells, first


def run(name: str, edit: Edit, folder) -> dict:
    """Run the cells in a new process: ``{"printed": ..., "raised": ..., "cell": ..., "cells": ...}``."""
    cells, first = cells_of(name, edit)
    environment = {**os.environ, "MINIDET_QUICK": "1", "MPLBACKEND": "Agg", "MINIDET_BLANKS": "1"}
    command = [sys.executable, "-m", "tests.notebooks.try_its.edit"]
    text = json.dumps({"cells": cells, "first": first, "folder": str(folder)})
    root = runner.FOLDER.parent
    done = subprocess.run(command, input=text, cwd=root, env=environment, capture_output=True, text=True,
                          timeout=runner.TIMEOUT, check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout) | {"cells": len(cells)}


def assert_comes_out(name: str, edit: Edit, folder) -> None:
    """Run an edit; raise ``AssertionError`` unless what has to come out does."""
    result = run(name, edit, folder)
    where = f"{name}, {edit.changes or edit.add}"
    if edit.raises:
        assert re.search(edit.raises, result["raised"]), f"{where}: raised {result['raised']!r}, not {edit.raises!r}"
        assert result["cell"] == result["cells"] - 1, f"{where}: a cell before the last one raised {result['raised']!r}"
    else:
        assert not result["raised"], f"{where}: cell {result['cell']} raised {result['raised']}"
    if edit.prints:
        assert re.search(edit.prints, result["printed"]), f"{where}: printed {result['printed']!r}, not {edit.prints!r}"


def main() -> None:
    """Execute the cells that come in; print what they printed, and what was raised."""
    task = json.load(sys.stdin)
    os.chdir(task["folder"])
    sys.path.insert(0, str(runner.FOLDER.parent))
    names, printed, raised, number = {"__name__": "__main__", "display": print}, io.StringIO(), "", 0
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        for number, source in enumerate(task["cells"]):
            if number == task["first"]:
                stream.seek(0)
                stream.truncate()
            try:
                exec(compile(source, f"cell {number}", "exec"), names)
            except BaseException as error:  # noqa: BLE001 -- an edit may break anything
                raised = f"{type(error).__name__}: {error}"
                break
        printed.write(stream.getvalue())
    print(json.dumps({"printed": printed.getvalue(), "raised": raised, "cell": number}))


if __name__ == "__main__":
    main()
