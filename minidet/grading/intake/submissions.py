"""Who handed in what: one :class:`Submission` per student, from an exported folder, whatever else lies in it.

A submission that cannot be read, or that tries to reach out of its folder, has a ``problem`` instead of a file; it
never stops the others. Nothing is passed over: every entry of the folder has a row, or stands among the ignored ones;
and where two entries have one name, both have a row and a note.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import bad_argument
from .exports import GRADESCOPE_METADATA, MOODLE, Person, canvas_name, format_of, read_people
from .file_choice import ATTEMPT, NUMBER, Wanted, choose
from .untrusted_files import Found, is_hidden, printable

#: Formats that ``--format`` can name.
FORMATS = ("canvas", "moodle", "gradescope", "plain")
#: What a file at the top of a plain folder ends in. A notebook that was saved as text is one.
ENDINGS = re.compile(r"(\.ipynb|\.py)(\.txt|\.json)?$|\.zip$", re.IGNORECASE)
#: What programs and people add to the names of copies.
COPY = re.compile(r"|(copy|of|final|version|attempt|try|v)\d{0,3}", re.IGNORECASE)
#: A file that was changed before this, or is to be changed in the future, has no date worth anything.
FIRST_DATE = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


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
        if plain and plain.lower() == self.student and not TAKEN.search(plain):
            return plain
        return f"{plain}-{hashlib.sha256(self.student.encode()).hexdigest()[:16]}".lstrip("-_")


#: Names that systems or reports use; and no student's own name may look like another's with its digest.
TAKEN = re.compile(r"^(index|con|nul|prn|aux|com\d|lpt\d)$|(^|-)[0-9a-f]{16}$")


@dataclass
class Export:
    """What was found in a folder.

    Attributes
    ----------
    format : str
        One of :data:`FORMATS`.
    submissions : list of Submission
        By student.
    ignored : list of (str, str)
        Names of entries that are no submission, and why.
    foreign : dict of str to int
        How many submissions hold files of the course's other assignments.
    """

    format: str
    submissions: list[Submission]
    ignored: list[tuple[str, str]] = field(default_factory=list)
    foreign: Counter = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """Say what was not graded, in lines for the instructor."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.ignored:
            reasons.setdefault(reason, []).append(printable(name))
        said = [f"Ignored, {reason}: {', '.join(names[:20])}" + f" and {len(names) - 20} more" * (len(names) > 20)
                for reason, names in reasons.items()]  # fmt: skip
        said += [f"Files of {other} lie here too ({count} submission{'s' * (count > 1)}): this run does not grade them"
                 for other, count in sorted(self.foreign.items())]  # fmt: skip
        return said


def find_submissions(folder: Path, wanted: Wanted, form: str | None = None, out: Path | None = None) -> Export:
    """Return what a folder holds.

    Parameters
    ----------
    folder : Path
        As the platform exported it, unpacked; or a folder with a folder or a file per student.
    wanted : Wanted
        The file that the assignment declares.
    form : str, optional
        One of :data:`FORMATS`; else what most entries look like.
    out : Path, optional
        Where reports go: no submission, also if it lies in the folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise bad_argument("grade", "SUBMISSIONS", f"is {folder}", "a folder, as the platform exported it, unpacked")
    with os.scandir(folder) as entries:
        entries = sorted(entries, key=lambda entry: entry.name)
    ignored = [(entry.name, reason) for entry in entries if (reason := _left_out(entry, out))]
    left = {name for name, _ in ignored}
    entries = [entry for entry in entries if entry.name not in left]
    kind = form or format_of([entry.name for entry in entries], [entry.name for entry in entries if _is_plain(entry)])
    people = read_people(folder, kind)
    alone = folder.resolve().name if sum(map(_is_plain, entries)) == 1 else ""  # one student's folder, not a class's
    handed_in: dict[str, tuple[list[Person], list[os.DirEntry], bool]] = {}
    for entry in entries:
        key, persons, strange = _whose(entry, kind, wanted, people, alone)
        if not persons:
            ignored.append((entry.name, key))
            continue
        handed_in.setdefault(key, (persons, [], strange))[1].append(entry)
        if persons[0].late:
            handed_in[key][0][0].late = True
    export = Export(kind, [], ignored)
    export.submissions = _unique([
        (_submission(person, own, kind, wanted, strange, export.foreign), own[0].name)
        for persons, own, strange in handed_in.values() for person in persons])  # fmt: skip
    return export


def _left_out(entry: os.DirEntry, out: Path | None) -> str:
    """Return why an entry is no submission in any format; nothing if it may be one."""
    if is_hidden(entry.name):
        return "hidden, or left behind by a program"
    if entry.is_symlink():
        return ""
    if entry.is_dir():
        report = all(os.path.isfile(os.path.join(entry.path, name)) for name in ("report.html", "grades.csv"))
        if report or (out is not None and Path(entry.path).resolve() in (out.resolve(), *out.resolve().parents)):
            return "a report of minidet grade"
        return ""
    return "" if entry.is_file() else "neither a file nor a folder"


def _is_plain(entry: os.DirEntry) -> bool:
    """Tell whether an entry could be a student's in a plain folder. Links are: they have a row that says so."""
    return entry.is_symlink() or entry.is_dir() or ENDINGS.search(entry.name) is not None


def _whose(entry: os.DirEntry, kind: str, wanted: Wanted, people: dict, alone: str) -> tuple[str, list[Person], bool]:
    """Return whose an entry is: the student that ``alone`` names if it is a file that names nobody.

    Returns
    -------
    key : str
        Of the submission that it belongs to; if it is none, why.
    students : list of Person
        Nobody, if it is none.
    strange : bool
        It is named otherwise than the format says.
    """
    name = entry.name
    if kind == "gradescope":
        if entry.is_dir(follow_symlinks=False):
            return name, people.get(name) or [Person(name)], name not in people
        if name == GRADESCOPE_METADATA:
            return "the platform's own file", [], False
    elif kind == "moodle" and (found := MOODLE.fullmatch(name)):
        person = people.get(found["user"]) or Person(found["user"], found["who"])
        return f"{found['user']}/{found['who']}", [person], False
    elif kind == "moodle" and name.startswith("Grades") and name.endswith(".csv"):
        return "the platform's own file", [], False
    elif kind == "canvas" and (found := canvas_name(name)):
        person = Person(found["user"], found["who"], late=bool(found["late"]))
        return f"{found['user']}/{found['who']}", [person], False
    if not _is_plain(entry):
        return "no folder, notebook, Python or zip file", [], False
    student = name if entry.is_dir(follow_symlinks=False) else _named(name, wanted) or alone or ENDINGS.sub("", name)
    return f"/{name}", [Person(student or name)], kind != "plain"


def _named(name: str, wanted: Wanted) -> str:
    """Return the student that a file at the top of a plain folder is named after; nothing if it names nobody."""
    assignments = "|".join(re.escape(item) for item in sorted((wanted.name, *wanted.others), key=len, reverse=True))
    student = re.sub(rf"[-_ ]*({assignments}){NUMBER}{{0,3}}[-_ ]*", "", ENDINGS.sub("", name))
    return "" if all(map(COPY.fullmatch, re.split(r"[-_ ()]+", student))) else student


def _submission(
    person: Person, entries: list[os.DirEntry], kind: str, wanted: Wanted, strange: bool, foreign: Counter
) -> Submission:
    """Return a student's submission, with the file that is graded or the reason why there is none."""
    choice = choose(entries, wanted, lambda found: _without_prefix(found, kind, wanted))
    foreign.update(choice.foreign)
    notes = [f"not named as in an export of {kind}"] if strange else []
    submitted = person.submitted
    if submitted is None and choice.file and kind != "canvas":  # Canvas dates the files of its archive itself
        submitted, note = read_date(choice.file.modified)
        notes += [note] if note else []
    return Submission(
        printable(person.student) or "no name", printable(person.name), printable(person.email), choice.file,
        choice.problem, "; ".join([*choice.notes, *notes]), submitted, person.late,
        tuple(printable(name) for name in person.partners))  # fmt: skip


def read_date(seconds: float) -> tuple[datetime.datetime | None, str]:
    """Return a file's date; none, and a note, if nobody can have changed it then. Time zones may differ by a day."""
    now = datetime.datetime.now(datetime.UTC)
    try:
        date = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        words = f"{date:%Y-%m-%d}"
        if FIRST_DATE <= date <= now + datetime.timedelta(days=2):
            return date.astimezone(), ""
    except (ValueError, OverflowError, OSError):
        words = f"about {1970 + seconds / 31_556_952:.6g}"
    return None, f"the file's date is not used: {words}"


def _without_prefix(found: Found, kind: str, wanted: Wanted) -> Found:
    """Take off a file's name what a platform put in front. What stands at the top of a plain folder is named freely."""
    match = {"canvas": canvas_name, "moodle": MOODLE.fullmatch}.get(kind, lambda name: None)(found.name)
    if match:
        # Canvas numbers files as they arrive: the larger number is the newer file.
        number = match.groupdict().get("file") or ""
        return replace(found, name=match["rest"], folders=(number,) if number else ())
    suffix = os.path.splitext(found.name)[1].lower()
    if suffix in (".ipynb", ".py") and not wanted.foreign(found.name):
        return replace(found, name=f"{wanted.name}{suffix}")
    return found


def _unique(found: list[tuple[Submission, str]]) -> list[Submission]:
    """Return submissions sorted by student. None replaces another: those of one name keep their rows, and are told."""
    count, used = Counter(submission.student for submission, _ in found), set()
    everyone = []
    for submission, entry in found:
        key, notes = submission.student, [submission.notes]
        if count[key] > 1:
            beside = sorted({name for other, name in found if other.student == key and name != entry})
            notes.append(f"{count[key]} submissions of this name, each with a row of its own: this is "
                         f"{printable(entry)}, beside {printable(', '.join(beside) or entry, 200)}")  # fmt: skip
        while key in used or (key != submission.student and key in count):
            key += "+"
        used.add(key)
        everyone.append(replace(submission, student=key, notes="; ".join(filter(None, notes))))
    names = {submission.student for submission in everyone}
    for place, submission in enumerate(everyone):
        base = ATTEMPT.sub("", submission.student)
        if base != submission.student and base in names:
            note = f"perhaps another attempt of {base}: look which one counts"
            everyone[place] = replace(submission, notes="; ".join(filter(None, (submission.notes, note))))
    return sorted(everyone, key=lambda item: item.student)
