"""From verdicts to grades: points per question, what the instructor gave by hand, and what lateness costs."""

from __future__ import annotations

import csv
import datetime
import math
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import bad_argument
from .assignment import Assignment
from .batch import Graded
from .cache import write_text
from .wording import for_students

MANUAL_COLUMNS = ("student", "question", "points", "comment")
#: What may stand in the column "question" beside the questions' names.
EXTRA, DAYS_LATE = "extra", "days_late"


@dataclass(frozen=True)
class Manual:
    """A line of ``manual.csv``: points given by hand, which count instead of the grader's."""

    points: float
    comment: str = ""


@dataclass
class Row:
    """A student's line in the grade book.

    Attributes
    ----------
    graded : Graded
    questions : dict of str to float
        Points per question; empty if the grader failed.
    extra : float
        Points given by hand, on top.
    manual : dict of str to Manual
    days_late : int
        Days begun after the due time.
    penalty : float
        Points that lateness costs.
    total : float or None
        What counts. None if the grader failed, and nobody gave points by hand.
    """

    graded: Graded
    questions: dict[str, float] = field(default_factory=dict)
    extra: float = 0.0
    manual: dict[str, Manual] = field(default_factory=dict)
    days_late: int = 0
    penalty: float = 0.0
    total: float | None = None

    @property
    def reason(self) -> str:
        """Why points are missing, in one line that students may read: tables go to learning platforms."""
        graded = self.graded
        failed = "the grader failed: see report.html"
        wrong = [f"{part.question} {part.part}: {for_students(part)}" for part in graded.parts.values() if part.kind]
        late = f"late: {self.days_late} day{'s' * (self.days_late > 1)}" if self.days_late else ""
        by_hand = "by hand: " + ", ".join(sorted(self.manual)) if self.manual else ""
        first = failed if graded.status == "not graded" else graded.reason
        return "; ".join(filter(None, (first, graded.submission.notes, late, by_hand, *wrong)))


def read_due(text: str) -> datetime.datetime:
    """Read ``2027-03-01`` (the end of that day), ``2027-03-01T18:00`` (this machine's time zone) or with an offset."""
    try:
        due = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise bad_argument("grade", "--due", f"is {text!r}", "a time such as 2027-03-01T23:59 or 2027-03-01") from None
    if len(text) <= 10:
        due += datetime.timedelta(days=1)
    return due if due.tzinfo else due.astimezone()


def read_manual(path: Path, assignment: Assignment) -> dict[str, dict[str, Manual]]:
    """Read the points given by hand, per student and question; write an empty table to fill in if there is none.

    Raises
    ------
    ValueError
        Naming the line that is wrong: nothing that was written by hand is passed over in silence.
    """
    if not path.exists():
        write_text(path, ",".join(MANUAL_COLUMNS) + "\n")
        return {}
    known = {question.id for question in assignment.questions} | {EXTRA, DAYS_LATE}
    manual: dict[str, dict[str, Manual]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"student", "question", "points"} <= set(reader.fieldnames or ()):
            raise bad_argument("grade", str(path), f"has the columns {reader.fieldnames}", ", ".join(MANUAL_COLUMNS))
        for line in reader:
            student, question = (line["student"] or "").strip(), (line["question"] or "").strip()
            if not student and not question:
                continue
            if question not in known:
                raise bad_argument("grade", f"{path}, line {reader.line_num}: question", f"is {question!r}",
                                   f"one of {', '.join(sorted(known))}")  # fmt: skip
            try:
                points = float((line["points"] or "").replace(",", "."))
            except ValueError:
                points = math.nan
            if not math.isfinite(points):
                raise bad_argument(
                    "grade", f"{path}, line {reader.line_num}: points", f"are {line['points']!r}", "a number"
                )
            manual.setdefault(student, {})[question] = Manual(points, (line.get("comment") or "").strip())
    return manual


def make_rows(
    everyone: list[Graded],
    assignment: Assignment,
    manual: dict[str, dict[str, Manual]],
    *,
    due: datetime.datetime | None = None,
    penalty_percent: float = 0.0,
) -> list[Row]:
    """Return everyone's row.

    Parameters
    ----------
    everyone : list of Graded
    assignment : Assignment
    manual : dict
        From :func:`read_manual`.
    due : datetime, optional
        Without it, only what the platform marked late is late.
    penalty_percent : float
        Per cent of the points that each day begun after ``due`` costs.

    Raises
    ------
    ValueError
        If ``manual`` names a student who handed in nothing.
    """
    strangers = sorted(set(manual) - {graded.submission.student for graded in everyone})
    if strangers:
        raise bad_argument(
            "grade", "manual.csv: student", f"is {strangers[0]!r}", "one of the column 'student' of grades.csv"
        )
    return [
        _row(graded, assignment, manual.get(graded.submission.student, {}), due, penalty_percent) for graded in everyone
    ]


def _row(graded: Graded, assignment: Assignment, manual: dict[str, Manual], due, penalty_percent: float) -> Row:
    row = Row(graded, manual=manual)
    for question in assignment.questions:
        if question.id in manual:
            row.questions[question.id] = manual[question.id].points
        elif graded.status != "not graded":
            earned = [graded.parts[question.id, part.name].earned for part in question.parts
                      if (question.id, part.name) in graded.parts]  # fmt: skip
            row.questions[question.id] = float(sum(earned))
    row.extra = manual[EXTRA].points if EXTRA in manual else 0.0
    row.days_late = int(manual[DAYS_LATE].points) if DAYS_LATE in manual else days_late(graded.submission, due)
    if len(row.questions) == len(assignment.questions):
        points = sum(row.questions.values()) + row.extra
        row.penalty = round(max(points, 0.0) * min(row.days_late * penalty_percent / 100, 1.0), 2)
        row.total = round(points - row.penalty, 2)
    return row


def days_late(submission, due: datetime.datetime | None) -> int:
    """Return how many days after ``due`` were begun; 1 if the platform says late and nobody knows how much."""
    days = 0
    if due is not None and submission.submitted is not None and submission.file is not None:
        days = math.ceil((submission.submitted - due) / datetime.timedelta(days=1))
    return max(days, 1) if submission.late else max(days, 0)
