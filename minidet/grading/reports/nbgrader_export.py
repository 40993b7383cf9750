"""Grades in nbgrader's grade book, through its own API. Needs ``pip install nbgrader``.

Only the automatic points of every question and the penalty for lateness are written. What people gave in nbgrader's
formgrader (manual points, extra credit, comments) stays, and releasing, manual grading and feedback are nbgrader's.
"""

from __future__ import annotations

import contextlib
import os
import sys

from ...errors import bad_argument
from ..assignments.assignment import Assignment
from .gradebook import Row


def export_to_nbgrader(rows: list[Row], assignment: Assignment, database: str) -> int:
    """Write everyone's points to the grade book ``database``, as ``sqlite:///gradebook.db``. Returns how many rows.

    A question becomes a grade cell of the same name. Students are entered if nbgrader does not know them. Rows without
    points (the grader failed) are left out. Points of ``manual.csv`` count instead of the grader's, as everywhere.

    Raises
    ------
    ValueError
        If nbgrader is not installed, or the database cannot be opened.
    """
    try:
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise bad_argument("grade", "--nbgrader", "was given", 'nbgrader: pip install nbgrader',
                           str(error)) from None  # fmt: skip
    rows = [row for row in rows if row.total is not None]
    try:
        with _programs_found(), Gradebook(database) as book:
            book.update_or_create_assignment(assignment.name)
            book.update_or_create_notebook(assignment.name, assignment.name)
            for question in assignment.questions:
                book.update_or_create_grade_cell(question.id, assignment.name, assignment.name,
                                                 max_score=question.points, cell_type="code")  # fmt: skip
            for row in rows:
                _enter(book, row, assignment)
            book.db.commit()
    except (SQLAlchemyError, ValueError) as error:
        raise bad_argument("grade", "--nbgrader", f"is {database}", "a grade book, as sqlite:///gradebook.db",
                           str(error).partition("\n")[0]) from error  # fmt: skip
    return len(rows)


@contextlib.contextmanager
def _programs_found():
    """Let nbgrader find alembic, which it runs as a program, also where the virtual environment is not activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _enter(book, row: Row, assignment: Assignment) -> None:
    """Enter one student's points; the caller commits."""
    submission, name = row.graded.submission, assignment.name
    about = {"last_name": submission.name} if submission.name else {}
    about |= {"email": submission.email} if submission.email else {}
    book.update_or_create_student(submission.student, **about)
    when = {"timestamp": submission.submitted.replace(tzinfo=None) - submission.submitted.utcoffset()} \
        if submission.submitted else {}  # fmt: skip
    entered = book.update_or_create_submission(name, submission.student, **when)
    for notebook in entered.notebooks:
        notebook.late_submission_penalty = row.penalty
    for question in assignment.questions:
        grade = book.find_grade(question.id, name, name, submission.student)
        grade.auto_score = row.questions[question.id]
        grade.needs_manual_grade = False
