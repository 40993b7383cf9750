"""Which of a student's files is graded: the declared one, by whatever name copies and platforms gave it.

A browser makes ``a2 (1).ipynb`` of it, Colab ``Copy of a2.ipynb``, Jupyter ``a2-Copy1.ipynb``, Windows
``a2.ipynb.txt``. So where no file has the declared name, the files are opened: the only one with answer cells of this
assignment is graded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ..assignments.cells import answer_cells, read_notebook, read_percent
from .untrusted_files import Found, Refused, list_files, list_links, list_zip, printable, read_file

ATTEMPT = re.compile(r"(?:^|[-_ ])(?:attempt|try|version|v)[-_ ]?(\d{1,4})$", re.IGNORECASE)
#: What programs append to the names of copies: `(2)`, `-1`, `_3`.
NUMBER = r"(?:[-_ ]?\(?\d{1,3}\)?(?!\d))"
#: Names of files that are opened to look for answers, and how many of one student.
OPENED, MOST_OPENED = ("", ".ipynb", ".py", ".txt", ".json"), 40
DEFINED = re.compile(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=", re.MULTILINE)


class Wanted(NamedTuple):
    """The file that an assignment asks for.

    Attributes
    ----------
    name : str
        ``name.ipynb`` or ``name.py``, also numbered.
    functions : frozenset of str
        What answers define; without it, any answer cell will do.
    others : tuple of str
        Names of the course's other assignments.
    of_others : tuple of (str, frozenset of str)
        What answers of those define, as far as it is known. Two assignments may ask for a function of one name.
    """

    name: str
    functions: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    of_others: tuple[tuple[str, frozenset[str]], ...] = ()

    def is_declared(self, name: str) -> bool:
        """Tell whether a file has the declared name, perhaps with numbers at its end."""
        pattern = rf"{re.escape(self.name)}{NUMBER}{{0,3}}\.(ipynb|py)"
        return re.fullmatch(pattern, name, re.IGNORECASE) is not None

    def foreign(self, name: str) -> str:
        """Return the other assignment that a file is named after; nothing if none."""
        named = [other for other in (self.name, *self.others) if other.lower() in name.lower()]
        longest = max(named, key=len, default=self.name)
        return "" if longest == self.name else longest

    def fits_better(self, defined: set[str]) -> str:
        """Return the other assignment of which answers define more functions than of this one; nothing if none."""
        counts = [(len(defined & functions), other) for other, functions in self.of_others]
        most, other = max(counts, default=(0, ""))
        return other if most > len(defined & self.functions) else ""


@dataclass
class Choice:
    """The file that is graded, or the ``problem``; what to say about it; other assignments that there are files of."""

    file: Found | None = None
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)


def choose(entries: Iterable[os.DirEntry], wanted: Wanted, rename: Callable[[Found], Found]) -> Choice:
    """Choose the newest declared file of a student; say why if there is none.

    Parameters
    ----------
    entries : iterable of os.DirEntry
        The student's files and folders. No link is followed.
    wanted : Wanted
    rename : callable
        Takes off a file's name what a platform put in front.
    """
    try:
        files, links, trouble = _gather(entries, rename)
        inside, closed = _open_zips(files) if not _declared(files, wanted) else ([], "")
    except OSError as error:
        return Choice(problem=f"refused: a folder or file cannot be read: {error.strerror}")
    trouble, files = trouble or closed, files + inside
    choice = Choice(foreign={other for found in files if (other := wanted.foreign(found.name))})
    if links:
        choice.notes.append(f"links are not followed: {printable(', '.join(links), 200)}")
    candidates = _declared(files, wanted)
    if candidates:
        choice.file = max(candidates, key=_newness)
        if len(candidates) > 1:
            choice.notes.append(f"{len(candidates)} attempts, the newest is graded")
        beside = [found.name for found in files if found.name.lower().endswith(".ipynb") and found not in candidates
                  and not wanted.foreign(found.name)]  # fmt: skip
        if beside:
            choice.notes.append(f"not graded: {printable(', '.join(beside), 200)}")
    else:
        _look_inside(choice, files, wanted)
    if choice.file is None:
        choice.problem = _problem(choice, files, links, trouble, wanted)
        choice.notes = []
    elif trouble:
        choice.notes.append(f"not everything was read: {printable(trouble, 200)}")
    return choice


def _gather(entries: Iterable[os.DirEntry], rename: Callable) -> tuple[list[Found], list[str], str]:
    """Return a student's files, the names of links, and why there may be more files."""
    files, links, trouble = [], [], ""
    for entry in entries:
        if entry.is_symlink():
            links.append(entry.name)
        elif entry.is_dir(follow_symlinks=False):
            links += list_links(Path(entry.path))
            try:
                for found in list_files(Path(entry.path)):  # what came before the trouble stays
                    files += [replace(found, folders=(entry.name, *found.folders))]
            except Refused as error:
                trouble = str(error)
        elif entry.is_file(follow_symlinks=False):
            files.append(rename(Found(Path(entry.path), entry.name, entry.stat(follow_symlinks=False).st_mtime)))
    return files, links, trouble


def _open_zips(files: list[Found]) -> tuple[list[Found], str]:
    """Return what lies in the zip files, and why something could not be read."""
    inside, trouble = [], ""
    for found in files:
        if found.name.lower().endswith(".zip"):
            try:
                inside += list_zip(found)
            except Refused as error:
                trouble = str(error)
    return inside, trouble


def _declared(files: list[Found], wanted: Wanted) -> list[Found]:
    return [found for found in files if wanted.is_declared(found.name)]


def _look_inside(choice: Choice, files: list[Found], wanted: Wanted) -> None:
    """Choose the file with answer cells, whatever its name."""
    answering: list[tuple[Found, str]] = []
    for found in [found for found in files if os.path.splitext(found.name.lower())[1] in OPENED][:MOST_OPENED]:
        try:
            suffix, defined = _answers(read_file(found))
        except Refused:
            continue
        other = wanted.fits_better(defined) if suffix else ""
        if other:
            choice.foreign.add(other)
        elif suffix and (defined & wanted.functions or not wanted.functions):
            answering.append((found, suffix))
    if not answering:
        return
    graded, suffix = max(answering, key=lambda pair: _newness(pair[0]))
    choice.file = replace(graded, name=f"{wanted.name}{suffix}")
    if len(answering) == 1:
        choice.notes.append(f"named {printable(graded.name)}: graded as the only file with answer cells")
    else:
        names = printable(", ".join(found.name for found, _ in answering), 200)
        choice.notes.append(f"{len(answering)} files with answer cells ({names}): the newest, "
                            f"{printable(graded.name)}, is graded")  # fmt: skip


def _answers(data: bytes) -> tuple[str, set[str]]:
    """Return the ending that a file should have, and the names that its answers define; no ending: no answers."""
    if b"answer" not in data.lower():
        return "", set()
    text = data.decode("utf-8-sig", "replace")
    suffix = ".ipynb" if text.lstrip().startswith("{") else ".py"
    try:
        cells = read_notebook(text) if suffix == ".ipynb" else read_percent(text, strict=False)
    except ValueError:
        return "", set()
    sources = [piece.source for cell in cells for piece in answer_cells(cell)]
    return (suffix if sources else ""), defined_names("\n".join(sources))


def defined_names(source: str) -> set[str]:
    """Return the names of the functions and variables that answers define, without running them."""
    return {name for found in DEFINED.findall(source) for name in found if name}


def _problem(choice: Choice, files: list[Found], links: list[str], trouble: str, wanted: Wanted) -> str:
    if trouble:
        return f"refused: {printable(trouble, 300)}"
    if links:
        return f"refused: {choice.notes[0]}"
    there = printable(", ".join(found.name for found in files[:5]), 200) or "nothing"
    of = f" (of {', '.join(sorted(choice.foreign))})" if choice.foreign else ""
    return f"no file {wanted.name}.ipynb or {wanted.name}.py; there is: {there}{of}"


def _newness(found: Found) -> tuple:
    """Order attempts: by the number that a platform or a folder's name gives, the file's date, its copy's number."""
    numbers = [int(part) for part in found.folders if part.isdecimal() and part.isascii() and len(part) < 20]
    attempts = [int(match[1]) for part in found.folders if (match := ATTEMPT.search(part))]
    copy = re.search(r"(\d{1,3})\)?\.\w+$", found.name)
    return (max(numbers, default=0), max(attempts, default=0), int(found.modified), int(copy[1]) if copy else 0,
            found.name.lower().endswith(".ipynb"))  # fmt: skip
