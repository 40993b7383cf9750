"""Submissions as students really hand them in: in other forms, with cells that fail, and hostile ones.

Each is written into a folder of its own; ``benchmarks.grading`` puts them among the others.
"""

from __future__ import annotations

import io
import json
import os
import pathlib
import re
import zipfile
from collections.abc import Iterable
from typing import NamedTuple

from minidet.grading.assignments.assignment import Assignment

#: The first line of an answer's cell, which is written anew.
MARK = re.compile(r"^# answer:.*\n", re.MULTILINE)
#: Seconds since 1970 of the year 59960.
FAR_FUTURE = 1_830_000_000_000


class Odd(NamedTuple):
    """Files by name, what they are worth, and the date of the files if it matters."""

    name: str
    files: dict[str, bytes]
    points: int
    date: float | None = None


def odd_submissions(assignment: Assignment, answers: dict[str, str]) -> list[Odd]:
    """Return them, made of the reference's answers.

    What is done to a single answer is done to the first question with one function, so that it costs just that one.
    """
    name, answers = assignment.name, {key: MARK.sub("", source) for key, source in answers.items()}
    question = next(question for question in assignment.questions if len(question.functions) == 1)
    left, function, right = 100 - question.points, question.functions[0], answers[question.id]

    def changed(*cells: str) -> dict[str, bytes]:
        return {f"{name}.ipynb": notebook((answers | {question.id: list(cells)}).items())}

    plain = notebook(answers.items())
    lines = [(key, source.splitlines()) for key, source in answers.items()]  # without the ends of lines
    calls = f"{right}\n_right = {function}\ndef {function}(*args, **kwargs):\n    result = _right(*args, **kwargs)\n"
    ragged = "    sys._getframe(1).f_locals['args'][0] = [[1.0], [1.0, 2.0]]\n"
    percent = "".join(f"#%%\n# Answer: {key.upper()}  (finished!)\n{source}\n" for key, source in answers.items())
    exported = "".join(f"# In[3]:\n\n\n# answer: {key}\n{source}\n\n" for key, source in answers.items())
    windows = {f"work\\{name}.ipynb": plain, "work\\notes.txt": b"done"}
    return [
        Odd("copy_of_colab", {f"Copy of {name}.ipynb": plain}, 100),
        Odd("percent_of_an_editor", {f"{name}.py": percent.encode()}, 100),
        Odd("exported_by_nbconvert", {f"{name}.py": exported.encode()}, 100),
        Odd("zip_of_windows", {"work.zip": zipped(windows)}, 100),
        Odd("lines_without_ends", {f"{name}.ipynb": notebook(lines, whole=True)}, 100),
        Odd("year_59960", {f"{name}.ipynb": plain}, 100, FAR_FUTURE),
        Odd("cells_that_fail", changed("1 +", f"from __future__ import annotations\n{right}", "1 / 0", "exit(0)"), 100),
        Odd("measures_when_loaded", changed(f"{right}\nimport time\ntime.sleep(6)"), 100),
        Odd("imports_matplotlib", changed(f"import matplotlib.pyplot as plt\n{right}"), left),
        Odd("huge_strings", changed(f"{calls}    return ['a' * 1_000_000] + [''] * 2000"), left),
        Odd("callers_frame", changed(f"import sys\n{calls}{ragged}    return result"), left),
    ]  # fmt: skip


def notebook(cells: Iterable[tuple[str, str | list[str]]], *, whole: bool = False) -> bytes:
    """Return a notebook with answers: one cell each, or one per item of a list; ``whole``: a list is a cell's lines."""
    made = []
    for question, sources in cells:
        for source in [sources] if whole or isinstance(sources, str) else sources:
            mark = f"# answer: {question}"
            text = [mark, *source] if isinstance(source, list) else f"{mark}\n{source}"
            made.append({"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text})
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip file; backslashes in names stay, as some programs on Windows write them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def write(odd: Odd, folder: pathlib.Path) -> None:
    """Write the files into a folder."""
    folder.mkdir(parents=True)
    for name, data in odd.files.items():
        (folder / name).write_bytes(data)
        if odd.date is not None:
            os.utime(folder / name, (odd.date, odd.date))
