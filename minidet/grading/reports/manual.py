"""``manual.csv``: points that the instructor gave by hand. What was written there is used, or said to be wrong."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import bad_argument
from ..assignments.assignment import Assignment
from ..scoring.cache import write_text

COLUMNS = ("student", "question", "points", "comment")
#: What may stand in the column "question" beside the questions' names.
EXTRA, DAYS_LATE = "extra", "days_late"
#: Most days late that can be meant.
MOST_DAYS = 366


@dataclass(frozen=True)
class Manual:
    """A line of ``manual.csv``: points given by hand, which count instead of the grader's."""

    points: float
    comment: str = ""


def read_manual(path: Path, assignment: Assignment) -> dict[str, dict[str, Manual]]:
    """Read the points given by hand, per student and question; write an empty table to fill in if there is none.

    Raises
    ------
    ValueError
        Naming the line that is wrong: nothing that was written by hand is passed over in silence.
    """
    if not path.exists():
        write_text(path, ",".join(COLUMNS) + "\n")
        return {}
    limits = {question.id: (0, question.points) for question in assignment.questions}
    out_of = sum(most for _, most in limits.values())
    limits |= {EXTRA: (-out_of, out_of), DAYS_LATE: (0, MOST_DAYS)}
    manual: dict[str, dict[str, Manual]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, line in _lines(path):
        student, question = line["student"] or "", (line["question"] or "").strip()
        if not student.strip() and not question:
            continue
        where = f"{path}, line {number}"
        if question not in limits:
            raise bad_argument("grade", f"{where}: question", f"is {question!r}", f"one of {', '.join(sorted(limits))}")
        points = _points(line, question, limits[question], where)
        before = lines.setdefault((_plain(student), question), number)
        if before != number:
            was, why = f"is {student!r} with {question} again", f"line {before} says something about it"
            raise bad_argument("grade", f"{where}: student", was, "one line for each", why)
        manual.setdefault(student, {})[question] = Manual(points, (line.get("comment") or "").strip())
    return manual


def of_students(manual: dict[str, dict[str, Manual]], students: list[str]) -> dict[str, dict[str, Manual]]:
    """Return the points by hand under the students' names as the grader knows them.

    Blanks around a name, and the apostrophe that ``grades.csv`` puts in front of ``=name``, make no difference.

    Raises
    ------
    ValueError
        If a name is nobody's, or fits two.
    """
    given: dict[str, dict[str, Manual]] = {}
    for name, lines in manual.items():
        fits = [name] if name in students else [student for student in students if _plain(student) == _plain(name)]
        if len(fits) != 1:
            why = f"it fits {' and '.join(map(repr, fits))}" if fits else ""
            expected = "one of the column 'student' of grades.csv"
            raise bad_argument("grade", "manual.csv: student", f"is {name!r}", expected, why)
        given.setdefault(fits[0], {}).update(lines)
    return given


def _lines(path: Path) -> Iterator[tuple[int, dict]]:
    """Yield the number of each line of a table and its cells, whether commas or semicolons stand between them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"{error}; spreadsheets call it CSV UTF-8 when they save"
        raise bad_argument("grade", str(path), "is not text in UTF-8", "a table in UTF-8", why) from None
    first = text.partition("\n")[0]
    delimiter = next((letter for letter in (",", ";", "\t") if letter in first), ",")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        if not {"student", "question", "points"} <= set(columns):
            raise bad_argument("grade", str(path), f"has the columns {columns}", ", ".join(COLUMNS))
        reader.fieldnames = columns
        for line in reader:
            if any(map(str.strip, line.get(None) or ())):
                why = 'a comma inside a cell needs quotes: "35,5"'
                raise bad_argument(
                    "grade", f"{path}, line {reader.line_num}", "has too many cells", f"{len(columns)}", why
                )
            yield reader.line_num, line
    except csv.Error as error:
        where = f"{path}, line {reader.line_num + 1}"
        raise bad_argument("grade", where, "cannot be read", "a table", str(error)) from None


def _points(line: dict, question: str, limits: tuple[float, float], where: str) -> float:
    """Return the number of a line, if it is one that can be meant."""
    try:
        points = float((line["points"] or "").replace(",", "."))
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise bad_argument("grade", f"{where}: points", f"are {line['points'] or ''!r}", "a number")
    least, most = limits
    if not least <= points <= most or (question == DAYS_LATE and points != int(points)):
        expected = f"{'whole days' if question == DAYS_LATE else 'a number'} from {least:g} to {most:g} for {question}"
        raise bad_argument("grade", f"{where}: points", f"are {points:g}", expected)
    return points


def _plain(name: str) -> str:
    """Return a name without what a table or a spreadsheet put around it."""
    name = name.strip()
    return name[1:].strip() if name[:1] == "'" and name[1:2] in ("=", "+", "-", "@") else name
