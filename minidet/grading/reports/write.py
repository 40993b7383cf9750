"""Everything that is written about a batch: tables, a page per student, the class report."""

from __future__ import annotations

from pathlib import Path

from ..assignments.assignment import Assignment
from ..scoring.cache import write_text
from .class_page import class_report
from .feedback import feedback
from .gradebook import Row
from .similar import own_files, similar_students, similar_to_files
from .tables import write_tables


def write_reports(rows: list[Row], assignment: Assignment, out: Path, kind: str, notes: list[str]) -> list[Path]:
    """Write all reports to ``out``, and return the paths that an instructor opens first."""
    written = write_tables(rows, assignment, out, kind)
    for row in rows:
        write_text(out / "feedback" / f"{row.graded.submission.slug}.html", feedback(row, assignment))
    everyone = [row.graded for row in rows]
    alike = similar_students(everyone, assignment)
    sources = similar_to_files(everyone, assignment, own_files(assignment))
    report = out / "report.html"
    write_text(report, class_report(rows, assignment, alike, sources, notes))
    return [report, *written]
