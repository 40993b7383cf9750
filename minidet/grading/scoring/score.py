"""One submission: fresh inputs for every part, the student's functions in the sandbox, the reference here.

Every question is scored alone, with correct inputs, so an earlier mistake costs nothing twice. The rule by which a part
is right or wrong stands in ``scoring.py``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from ..assignments.assignment import Assignment, Question
from ..sandbox.session import Session
from .points import PartScore, score_calls


@dataclass(frozen=True)
class Result:
    """The parts of one submission, and how long they took."""

    parts: list[PartScore]
    seconds: float


def student_seed(seed: int, term: str, assignment: str, student: str) -> int:
    """Return the seed of a student's inputs: the same at every regrade, another for everybody else."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{term}/{assignment}/{student}".encode()).digest()[:8], "big")


def score(
    assignment: Assignment,
    answers: dict[str, list[str]],
    seed: int,
    sandbox=None,
    *,
    todo: Collection[tuple[str, str]] | None = None,
    open_session: Callable = Session,
) -> Result:
    """Score a submission.

    Parameters
    ----------
    assignment : Assignment
    answers : dict of str to list of str
        The sources of each answered question's cells.
    seed : int
        From :func:`student_seed`.
    sandbox : Sandbox, optional
        Where the student's code runs; default: what :func:`~minidet.grading.sandbox.choice.probe` finds.
    todo : collection of (question, part), optional
        Only these parts.
    open_session : callable
        What runs the answers.

    Returns
    -------
    Result
        One entry per part. Nothing that a submission does raises; a mistake in the assignment or the grader does.
    """
    started, parts = time.monotonic(), []
    questions = [_only(question, todo) for question in assignment.questions]
    answers = {name: cells for name, cells in answers.items() if any(cell.strip() for cell in cells)}
    with open_session(answers, sandbox=sandbox) as session:
        for question in questions:
            if question.id in answers:
                parts += score_calls(session.call, assignment, question, seed)
            else:
                parts += [no_answer(question, part) for part in question.parts]
    return Result(parts, time.monotonic() - started)


def no_answer(question: Question, part) -> PartScore:
    """Return the score of a part whose question has no answer cell."""
    reason = f"the file has no cell whose first line is '# answer: {question.id}'"
    return PartScore(question.id, part.name, part.points, 0, "no answer", reason)


def _only(question: Question, todo: Collection[tuple[str, str]] | None) -> Question:
    """Return a question with the parts that are to do."""
    return replace(
        question, parts=[part for part in question.parts if todo is None or (question.id, part.name) in todo]
    )
