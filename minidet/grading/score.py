"""One submission: fresh inputs for every part, the student's function in the sandbox, the reference here, and a verdict.

Every question is scored alone, with correct inputs, so an earlier mistake costs nothing twice. A part's points are lost if
one of its calls is wrong: parts are the partial credit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from .assignment import Assignment, Call, Part, Question, expected
from .compare import compare
from .session import Session

#: How often the inputs of a part are drawn.
DRAWS = 3
#: After so many calls that did not end, the question's other parts are not tried.
HANGS = 2
#: Seconds for one submission; what is not tried by then is lost.
PATIENCE = 120.0


@dataclass(frozen=True)
class PartResult:
    """What became of one part.

    Attributes
    ----------
    question, part : str
    right : bool
    kind : str
        ``"right"``, ``"wrong"``; ``"missing"`` (no answer cell), ``"unwritten"`` (as it was released), ``"skipped"``; or what
        the session says: ``"error"``, ``"timeout"``, ``"died"``, ``"forbidden"``, ``"protocol"``.
    words : str
        For the instructor: hidden numbers and whatever the student's code said may stand in it.
    case : str
        Of the call that was wrong: what it was about.
    """

    question: str
    part: str
    right: bool
    kind: str
    words: str = ""
    case: str = ""


@dataclass(frozen=True)
class Result:
    """The parts of one submission, and how long they took."""

    parts: list[PartResult]
    seconds: float

    def points(self, assignment: Assignment) -> dict[str, int]:
        """Return the points of every question."""
        right = {(part.question, part.part) for part in self.parts if part.right}
        return {question.id: sum(part.points for part in question.parts if (question.id, part.name) in right)
                for question in assignment.questions}  # fmt: skip


def student_seed(seed: int, term: str, assignment: str, student: str) -> int:
    """Return the seed of a student's inputs: the same at every regrade, another for everybody else."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{term}/{assignment}/{student}".encode()).digest()[:8], "big")


def part_generator(seed: int, question: Question, part: Part) -> np.random.Generator:
    """Return the generator of one part: its inputs stay when other parts and questions change."""
    digest = hashlib.sha256(f"{seed}/{question.id}/{part.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def score(
    assignment: Assignment,
    answers: dict[str, str],
    seed: int,
    sandbox=None,
    *,
    todo: Collection[tuple[str, str]] | None = None,
    draws: int = DRAWS,
    open_session: Callable = Session,
) -> Result:
    """Score a submission.

    Parameters
    ----------
    assignment : Assignment
    answers : dict of str to str
        The source of each answered question.
    seed : int
        From :func:`student_seed`.
    sandbox : Sandbox
        Where the student's code runs.
    todo : collection of (question, part), optional
        Only these parts.
    draws : int
        How often each part's inputs are drawn.
    open_session : callable
        What runs the answers.

    Returns
    -------
    Result
        One entry per part. Nothing that a submission does raises; a mistake in the assignment or the grader does.
    """
    started, results = time.monotonic(), []
    with open_session(answers, sandbox=sandbox) as session:
        for question in assignment.questions:
            hangs = 0
            for part in question.parts:
                if todo is not None and (question.id, part.name) not in todo:
                    continue
                if question.id not in answers:
                    words = f"the file has no cell that begins with '# answer: {question.id}'"
                    results.append(PartResult(question.id, part.name, False, "missing", words))
                elif hangs >= HANGS or time.monotonic() - started > PATIENCE:
                    words = "not tried: earlier calls took too long"
                    results.append(PartResult(question.id, part.name, False, "skipped", words))
                else:
                    results.append(score_part(assignment, question, part, seed, session, draws))
                    hangs += results[-1].kind == "timeout"
    return Result(results, time.monotonic() - started)


def score_part(
    assignment: Assignment, question: Question, part: Part, seed: int, session, draws: int = DRAWS
) -> PartResult:
    """Try the calls of a part until one is wrong."""
    for call in assignment.calls(question, part, part_generator(seed, question, part), draws):
        kind, words = try_call(assignment, question, call, session)
        if kind != "right":
            return PartResult(question.id, part.name, False, kind, words, call.text)
    return PartResult(question.id, part.name, True, "right")


def try_call(assignment: Assignment, question: Question, call: Call, session) -> tuple[str, str]:
    """Ask the student's function and the reference, and compare. Returns (kind, words)."""
    right = expected(assignment, call)
    args, kwargs = call.inputs()
    reply = session.call(question.id, call.function, args, kwargs)
    if reply.kind == "error" and "NotImplementedError" in reply.words and call.error != "NotImplementedError":
        return "unwritten", f"{call.function} is not written yet"
    if reply.kind in ("timeout", "died", "forbidden", "protocol"):
        return reply.kind, reply.words
    verdict = compare(reply, call, right, reply.inputs_after)
    if verdict.ok:
        return "right", ""
    return ("error" if reply.kind == "error" and call.error is None else "wrong"), verdict.words
