"""Who handed in what: one :class:`Submission` per student, from an exported folder, whatever else lies in it.

A submission that cannot be read, or that tries to reach out of its folder, has a ``problem`` instead of a file; it
never stops the others.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import bad_argument
from .exports import CANVAS, MOODLE, Person, format_of, read_people
from .untrusted_files import Found, Refused, is_hidden, list_files, list_links, list_zip

ATTEMPT = re.compile(r"(?:^|[-_ ])(?:attempt|try|version|v)[-_ ]?(\d{1,4})$", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
        The number of the learning platform, or the folder's name; unique, printable.
    name, email : str
        As far as the export says.
    file : Found or None
        The one file that is graded.
    problem : str
        Why there is none.
    notes : str
        What else the instructor should know.
    submitted : datetime or None
        When, if the export or the file's date says so.
    late : bool
        Marked late by the platform.
    partners : tuple of str
        Students who handed in the same submission as a group.
    """

    student: str
    name: str = ""
    email: str = ""
    file: Found | None = None
    problem: str = ""
    notes: str = ""
    submitted: datetime.datetime | None = None
    late: bool = False
    partners: tuple[str, ...] = field(default=())

    @property
    def slug(self) -> str:
        """The student as the name of a file: letters that every system allows, and never that of another student."""
        plain = re.sub(r"[^A-Za-z0-9-]+", "_", self.student).strip("_")[:40]
        if plain.lower() == self.student and plain.lower() not in RESERVED:
            return plain
        return f"{plain}-{hashlib.sha256(self.student.encode()).hexdigest()[:8]}".lstrip("-_")


RESERVED = {"index", "con", "nul", "prn", "aux"}


def find_submissions(folder: Path, declared: str) -> tuple[str, list[Submission]]:
    """Return the format of a folder (``"canvas"``, ``"moodle"``, ``"gradescope"``, ``"plain"``) and its submissions.

    Parameters
    ----------
    folder : Path
        As the platform exported it, unpacked; or a folder with a folder or a file per student.
    declared : str
        The assignment's name: ``declared.ipynb`` or ``declared.py`` is read, also when a browser or a platform has
        numbered it (``declared-1.ipynb``), and nothing else.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise bad_argument("grade", "SUBMISSIONS", f"is {folder}", "a folder, as the platform exported it, unpacked")
    with os.scandir(folder) as entries:
        entries = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
    kind = format_of([entry.name for entry in entries])
    people = read_people(folder, kind)
    handed_in: dict[str, tuple[list[Person], list[os.DirEntry]]] = {}
    for entry in entries:
        for key, persons in _whose(entry, kind, declared, people, folder):
            handed_in.setdefault(key, (persons, []))[1].append(entry)
            if persons[0].late:
                handed_in[key][0][0].late = True
    pairs = [(person, found) for persons, found in handed_in.values() for person in persons]
    return kind, _unique([_submission(person, found, kind, declared) for person, found in pairs])


def _whose(entry: os.DirEntry, kind: str, declared: str, people: dict, folder: Path) -> list[tuple[str, list[Person]]]:
    """Return the key of the submission that an entry belongs to, and its students; nothing if it is none."""
    name = entry.name
    if kind == "gradescope":
        if entry.is_file(follow_symlinks=False):
            return []
        return [(name, people.get(name) or [Person(name)])]
    if kind == "moodle" and (found := MOODLE.fullmatch(name)):
        return [(found["user"], [people.get(found["user"]) or Person(found["user"], found["who"])])]
    if kind == "canvas" and (found := CANVAS.fullmatch(name)):
        return [(found["user"], [Person(found["user"], found["who"], late=bool(found["late"]))])]
    if kind != "plain":
        return []
    if entry.is_dir(follow_symlinks=False):
        student = ATTEMPT.sub("", name)
    else:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in (".ipynb", ".py", ".zip") and not entry.is_symlink():
            return []
        student = re.sub(rf"[-_ ]*{re.escape(declared)}(?:[-_ ]?\(?\d{{1,3}}\)?)?[-_ ]*", "", ATTEMPT.sub("", stem))
        student = ATTEMPT.sub("", student) or folder.resolve().name
    return [(student or name, [Person(student or name)])]


def _submission(person: Person, entries: list[os.DirEntry], kind: str, declared: str) -> Submission:
    """Choose the newest declared file of a student; say why if there is none."""
    base = Submission(printable(person.student) or "no name", printable(person.name), printable(person.email),
                      late=person.late, submitted=person.submitted,
                      partners=tuple(printable(name) for name in person.partners))  # fmt: skip
    candidates, others, links = [], [], []
    try:
        for entry in entries:
            if entry.is_symlink():
                links.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                links += list_links(Path(entry.path))
                files = [replace(found, folders=(entry.name, *found.folders)) for found in list_files(Path(entry.path))]
                _sort_out(files, declared, candidates, others)
            elif entry.is_file(follow_symlinks=False):
                found = Found(Path(entry.path), entry.name, entry.stat(follow_symlinks=False).st_mtime)
                _sort_out([_without_prefix(found, kind, declared)], declared, candidates, others)
        if not candidates:
            for found in others:
                if found.name.lower().endswith(".zip"):
                    _sort_out(list_zip(found), declared, candidates, [])
    except Refused as error:
        return replace(base, problem=f"refused: {printable(str(error), 300)}")
    except OSError as error:
        return replace(base, problem=f"refused: a folder or file cannot be read: {error.strerror}")
    notes = f"links are not followed: {printable(', '.join(links), 200)}" if links else ""
    if not candidates:
        if links:
            return replace(base, problem=f"refused: {notes}")
        there = printable(", ".join(found.name for found in others[:5]), 200) or "nothing"
        return replace(base, problem=f"no file {declared}.ipynb or {declared}.py; there is: {there}")
    newest = max(candidates, key=_newness)
    if len(candidates) > 1:
        notes = "; ".join(filter(None, (notes, f"{len(candidates)} attempts, the newest is graded")))
    submitted = person.submitted
    if submitted is None and kind != "canvas":  # Canvas dates the files of its archive itself
        submitted = datetime.datetime.fromtimestamp(newest.modified).astimezone()
    return replace(base, file=newest, notes=notes, submitted=submitted)


def _without_prefix(found: Found, kind: str, declared: str) -> Found:
    """Take off a file's name what a platform put in front. What stands at the top of a plain folder is named freely."""
    for platform, pattern in (("canvas", CANVAS), ("moodle", MOODLE)):
        if kind == platform and (match := pattern.fullmatch(found.name)):
            # Canvas numbers files as they arrive: the larger number is the newer file.
            number = (match.groupdict().get("file") or "",)
            return replace(found, name=match["rest"], folders=number if number[0] else ())
    stem, suffix = os.path.splitext(found.name)
    attempt = ATTEMPT.search(stem)
    if suffix.lower() in (".ipynb", ".py"):
        copy = re.search(r"[-_ ]?\(?(\d{1,3})\)?$", stem.partition(declared)[2]) if declared in stem else None
        number = f" ({copy[1]})" if copy else ""
        folders = (f"attempt {attempt[1]}",) if attempt else ()
        return replace(found, name=f"{declared}{number}{suffix.lower()}", folders=folders)
    return found


def _sort_out(files: list[Found], declared: str, candidates: list[Found], others: list[Found]) -> None:
    for found in files:
        (candidates if _is_declared(found.name, declared) else others).append(found)


def _is_declared(name: str, declared: str) -> re.Match | None:
    return re.fullmatch(rf"{re.escape(declared)}(?:[-_ ]?\(?(\d{{1,3}})\)?)?\.(ipynb|py)", name, re.IGNORECASE)


def _newness(found: Found) -> tuple:
    """Order attempts: by the number that a platform or a folder's name gives, the file's date, its copy's number."""
    numbers = [int(part) for part in found.folders if part.isdecimal() and part.isascii()]
    attempts = [int(match[1]) for part in found.folders if (match := ATTEMPT.search(part))]
    copy = re.search(r"(\d{1,3})\)?\.\w+$", found.name)
    return (max(numbers, default=0), max(attempts, default=0), int(found.modified), int(copy[1]) if copy else 0,
            found.name.lower().endswith(".ipynb"))  # fmt: skip


def _unique(submissions: list[Submission]) -> list[Submission]:
    """Return them sorted, the newest of each student; two names that print alike keep their rows."""
    found: dict[str, Submission] = {}
    for submission in submissions:
        key = submission.student
        other = found.get(key)
        if other is not None and other.submitted and submission.submitted:
            newer = max(other, submission, key=lambda item: item.submitted)
            found[key] = replace(newer, notes="; ".join(filter(None, (newer.notes, "several submissions: the newest"))))
            continue
        while key in found:
            key += "+"
        found[key] = replace(submission, student=key)
    return sorted(found.values(), key=lambda item: item.student)


def printable(text: str, length: int = 100) -> str:
    """Return text that neither breaks a table nor hides what it says: no control or direction marks."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join("?" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in text)
    return text if len(text) <= length else text[: length - 1] + "…"
