"""Grades as tables that learning platforms import, and as JSON in the format of Gradescope's results."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..assignments.assignment import Assignment
from ..scoring.cache import write_text
from ..scoring.wording import for_students
from .gradebook import Row

#: A spreadsheet runs a cell that begins so: as a formula, not as a name.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_tables(rows: list[Row], assignment: Assignment, out: Path, kind: str) -> list[Path]:
    """Write ``grades.csv``, ``canvas.csv``, ``moodle.csv`` (of a Moodle export), and ``gradescope/STUDENT.json``."""
    out_of = sum(question.points for question in assignment.questions)
    written = [out / "grades.csv", out / "canvas.csv"]
    write_text(written[0], table(grades(rows, assignment, out_of)))
    write_text(written[1], table(canvas(rows, assignment, out_of)))
    if kind == "moodle":
        written.append(out / "moodle.csv")
        write_text(written[-1], table(moodle(rows, out_of)))
    for row in rows:
        path = out / "gradescope" / f"{row.graded.submission.slug}.json"
        if row.total is None:  # no result at all, rather than one that says 0
            path.unlink(missing_ok=True)
        else:
            write_text(path, json.dumps(gradescope(row, assignment), indent=1))
    return written


def grades(rows: list[Row], assignment: Assignment, out_of: int) -> list[list]:
    """Return one line per student: points per question, total, and the reason for everything that was lost."""
    questions = [question.id for question in assignment.questions]
    lines = [["student", "name", "email", *questions, "extra", "days_late", "late_penalty", "total", "out_of", "status",
              "reason"]]  # fmt: skip
    for row in rows:
        who = row.graded.submission
        points = [row.questions.get(question) for question in questions]
        total = [row.extra, row.days_late, row.penalty, row.total, out_of]
        lines.append([who.student, who.name, who.email, *points, *total, row.graded.status, row.reason])
    return lines


def canvas(rows: list[Row], assignment: Assignment, out_of: int) -> list[list]:
    """Return what Canvas' grade book imports. Its columns SIS stay empty: Canvas finds students by their ID."""
    lines = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment.title],
             ["    Points Possible", "", "", "", "", out_of]]  # fmt: skip
    for row in rows:
        who = row.graded.submission
        lines.append([who.name or who.student, who.student, "", who.email, "", row.total])
    return lines


def moodle(rows: list[Row], out_of: int) -> list[list]:
    """Return what Moodle takes back as a grading worksheet."""
    lines = [["Identifier", "Full name", "Grade", "Maximum grade"]]
    for row in rows:
        who = row.graded.submission
        lines.append([f"Participant {who.student}", who.name or who.student, row.total, out_of])
    return lines


def table(lines: list[list]) -> str:
    """Return lines as CSV. None is an empty cell; text that a spreadsheet would run begins with an apostrophe."""
    return "".join(",".join(map(_quoted, map(_cell, line))) + "\n" for line in lines)


def _quoted(cell: str) -> str:
    """Return a cell in quotes where it needs them: also where a spreadsheet that splits at ``;`` would cut it."""
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[,;"\t\r\n]', cell) else cell


def gradescope(row: Row, assignment: Assignment) -> dict:
    """Return one student's results as Gradescope shows them: a test per part, without hidden numbers."""
    tests = []
    for number, question in enumerate(assignment.questions, 1):
        given = row.manual.get(question.id)
        if given is not None:
            tests.append(_test(f"{number}", f"{question.id} {question.title}", given.points, question.points,
                               given.comment or "points given by hand"))  # fmt: skip
            continue
        for place, part in enumerate(question.parts, 1):
            scored = row.graded.parts.get((question.id, part.name))
            words = for_students(scored, part.hint) if scored else row.graded.reason
            name = f"{question.id} {question.title}: {part.name}"
            tests.append(_test(f"{number}.{place}", name, scored.earned if scored else 0, part.points, words))
    late = f"{row.days_late} day(s) late: {row.penalty:g} points less. " if row.days_late else ""
    return {
        "score": row.total,
        "execution_time": round(row.graded.seconds, 1),
        "output": late + ("" if row.graded.status == "graded" else row.graded.reason),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _test(number: str, name: str, points: float, out_of: float, words: str) -> dict:
    status = "passed" if points >= out_of else "failed"
    return {"number": number, "name": name, "score": points, "max_score": out_of, "status": status, "output": words,
            "output_format": "text", "visibility": "visible"}  # fmt: skip


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return f"'{value}" if value.startswith(FORMULA) else value
