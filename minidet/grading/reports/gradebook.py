"""From verdicts to grades: points per question, what the instructor gave by hand, and what lateness costs."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, field

from ...errors import bad_argument
from ..assignments.assignment import Assignment
from ..scoring.batch import Graded
from ..scoring.wording import for_students, grouped
from .manual import DAYS_LATE, EXTRA, Manual, of_students


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
        parts = list(graded.parts.values())
        lost = [part for part in parts if part.kind]
        wrong = [f"{names}: {words}" for names, words in grouped(lost, for_students, parts)]
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
        From :func:`~minidet.grading.reports.manual.read_manual`.
    due : datetime, optional
        Without it, only what the platform marked late is late.
    penalty_percent : float
        Per cent of the points that each day begun after ``due`` costs.

    Raises
    ------
    ValueError
        If ``manual`` names a student who handed in nothing.
    """
    given = of_students(manual, [graded.submission.student for graded in everyone])
    return [
        _row(graded, assignment, given.get(graded.submission.student, {}), due, penalty_percent) for graded in everyone
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
