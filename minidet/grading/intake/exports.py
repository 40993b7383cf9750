"""How Canvas, Moodle and Gradescope name what they export: who handed in which file, and whether it was late."""

from __future__ import annotations

import csv
import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path

from .untrusted_files import Found, Refused, read_file

#: smithbob_LATE_340934_208490284_a2-1.ipynb: user, late or not, user's number, file's number, name.
CANVAS = re.compile(r"(?P<who>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
#: What was typed into Canvas instead of handed in as a file has no file's number: wu_444_text.html
CANVAS_TEXT = re.compile(r"(?P<who>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<rest>.+\.html)", re.DOTALL)
#: Bob Smith_123456_assignsubmission_file_: a folder; or a file, whose name follows.
MOODLE = re.compile(r"(?P<who>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)", re.DOTALL)
GRADESCOPE_METADATA = "submission_metadata.yml"
MOODLE_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y, %H:%M")


@dataclass
class Person:
    """What an export says about one submission of one student."""

    student: str
    name: str = ""
    email: str = ""
    late: bool = False
    submitted: datetime.datetime | None = None
    partners: tuple[str, ...] = field(default=())


def format_of(names: list[str], alike: list[str]) -> str:
    """Return which export a folder is, by majority; ``"plain"`` if none.

    Parameters
    ----------
    names : list of str
        Of all entries.
    alike : list of str
        Of those that could be a student's in a plain folder: folders, notebooks, Python and zip files.
    """
    if GRADESCOPE_METADATA in names:
        return "gradescope"
    for kind, match in (("moodle", MOODLE.fullmatch), ("canvas", canvas_name)):
        if sum(bool(match(name)) for name in names) > sum(not match(name) for name in alike):
            return kind
    return "plain"


def canvas_name(name: str) -> re.Match | None:
    """Return the parts of a name as Canvas makes it: who, late, user, rest, and, of a file, file.

    Names of people and of files may hold underscores and numbers too: the first two numbers of three digits are meant.
    """
    first = CANVAS.fullmatch(name)
    long = re.fullmatch(CANVAS.pattern.replace(r"\d+", r"\d{3,}"), name, re.DOTALL)
    return long or first or CANVAS_TEXT.fullmatch(name)


def gradescope_people(folder: Path) -> dict[str, list[Person]]:
    """Return the students of every ``submission_N`` folder, from the metadata file.

    Only its own few lines are read, no YAML: what students printed stands in the same file, further indented.
    """
    path = folder / GRADESCOPE_METADATA
    text = read_file(Found(path, path.name, 0.0), limit=500_000_000).decode("utf-8", "replace")
    people: dict[str, list[Person]] = {}
    submission, inside, created = "", False, {}
    for line in text.splitlines():
        if not line.startswith(" "):
            key = line.rstrip().rstrip(":")
            submission, inside = (key if key.startswith("submission_") else ""), False
            if submission:
                people[submission] = []
        elif not submission:
            continue
        elif re.match(r"  :\w+:", line):  # a key of the submission itself
            inside = line.startswith("  :submitters:")
            if line.startswith("  :created_at:"):
                created[submission] = _gradescope_time(line.partition(":created_at:")[2])
        elif inside and (found := re.match(r" {2,4}(?P<new>- )? *:(?P<key>name|sid|email): *(?P<value>.*)", line)):
            if found["new"]:
                people[submission].append(Person(""))
            if people[submission]:
                person, value = people[submission][-1], found["value"].strip().strip("'\"")
                setattr(person, {"sid": "student"}.get(found["key"], found["key"]), value)
    for submission, persons in people.items():
        for person in persons:
            person.student = person.student or person.email or person.name or submission
            person.submitted = created.get(submission)
        names = tuple(person.student for person in persons)
        for person in persons:
            person.partners = tuple(name for name in names if name != person.student)
    return people


def moodle_people(folder: Path) -> dict[str, Person]:
    """Return what Moodle's grading worksheet (``Grades-....csv``, if it lies there) says, by participant's number."""
    people = {}
    for path in sorted(folder.glob("Grades*.csv")):
        text = read_file(Found(path, path.name, 0.0)).decode("utf-8-sig", "replace")
        for row in csv.DictReader(text.splitlines()):
            number = re.search(r"\d+", row.get("Identifier") or "")
            if number is None:
                continue
            status = row.get("Status") or ""
            people[number[0]] = Person(number[0], row.get("Full name") or "", row.get("Email address") or "",
                                       late=" late" in status or "overdue" in status,
                                       submitted=_moodle_time(row.get("Last modified (submission)") or ""))  # fmt: skip
    return people


def read_people(folder: Path, kind: str) -> dict:
    """Return what an export's own file says about students; empty if there is none, or it cannot be read."""
    try:
        return {"gradescope": gradescope_people, "moodle": moodle_people}.get(kind, lambda _: {})(folder)
    except Refused:
        return {}


def _gradescope_time(text: str) -> datetime.datetime | None:
    """Read ``2027-03-01 22:30:02.123456000 Z``: always UTC, unless another offset is given."""
    found = re.match(r"\s*['\"]?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? *(Z|[+-]\d\d:?\d\d)?", text)
    if not found:
        return None
    offset = found[3] if found[3] and found[3] != "Z" else "+00:00"
    try:
        return datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}")
    except ValueError:
        return None


def _moodle_time(text: str) -> datetime.datetime | None:
    """Read a date as Moodle writes it in English, in this machine's time zone; None for other languages."""
    for form in MOODLE_TIMES:
        try:
            return datetime.datetime.strptime(text.strip(), form).astimezone()
        except ValueError:
            continue
    return None
