"""Points for a question, from calls and replies: the one rule that the grader and the tests of assignments share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..assignments.assignment import DRAWS, Assignment, Call, Part, Question, expected
from .compare import Verdict, compare, compare_error

#: What is wrong with a reply of another kind than "value" and "error".
KINDS = {
    "timeout": "did not end in time",
    "died": "ended the process",
    "forbidden": "did what is not allowed",
    "protocol": "returned what cannot be sent",
    "unloaded": "could not be loaded",
    "untried": "was not tried",
}


class Reply(NamedTuple):
    """What a call came to. A session's replies have the same fields.

    Attributes
    ----------
    kind : str
        ``"value"``, ``"error"``, or one of :data:`KINDS`.
    value
        What was returned.
    inputs_after : (args, kwargs) or None
        The arguments after the call.
    words : str
        Of an error, ``"ValueError: message"``; of the other kinds, what happened.
    """

    kind: str
    value: object = None
    inputs_after: tuple | None = None
    words: str = ""


class PartScore(NamedTuple):
    """Points for one part.

    Attributes
    ----------
    question, part : str
    points, earned : int
        Possible, and received: all of them or 0.
    kind, reason : str
        What was wrong in two or three words, without telling the inputs; and in full. Empty if nothing was.
    text : str
        What the call was about that went wrong.
    """

    question: str
    part: str
    points: int
    earned: int
    kind: str = ""
    reason: str = ""
    text: str = ""


#: Performs a call: ``call_function(question_id, function, args, kwargs)`` returns a reply, and never raises.
CallFunction = Callable[[str, str, list, dict], Reply]


def drawn(assignment: Assignment, question: Question, part: Part, seed: int, draws: int = DRAWS) -> Iterator:
    """Yield the calls of a part, each with its right result: None where the call has a check of its own."""
    stream = int(hashlib.sha256(f"{question.id}/{part.name}".encode()).hexdigest()[:8], 16)
    for call in assignment.calls(question, part, np.random.default_rng([seed, stream]), draws):
        yield call, None if call.check is not None else expected(assignment, call)


def score_calls(
    call_function: CallFunction,
    assignment: Assignment,
    question: Question,
    seed: int,
    draws: int = DRAWS,
    *,
    cases: Callable[..., Iterable] = drawn,
) -> list[PartScore]:
    """Score one question.

    Parameters
    ----------
    call_function : callable
        Performs the calls: :meth:`~minidet.grading.sandbox.session.Session.call`, or :func:`in_process` of some
        functions.
    assignment : Assignment
    question : Question
    seed : int
        Of the inputs; every part has its own stream, whatever the others draw.
    draws : int
    cases : callable
        Makes the calls and their results: :func:`drawn`, or one that keeps them.

    Returns
    -------
    list of PartScore
        In the order of the parts. A part is over with its first wrong call.
    """
    scores = []
    for part in question.parts:
        verdict, text = _judge_part(call_function, question.id, cases(assignment, question, part, seed, draws))
        earned = part.points if verdict.ok else 0
        scores.append(PartScore(question.id, part.name, part.points, earned, verdict.kind, verdict.words, text))
    return scores


def judge(reply: Reply, call: Call, right) -> Verdict:
    """Judge one reply, given the right result."""
    if reply.kind == "value":
        return compare(reply.value, call, right, reply.inputs_after)
    if reply.kind == "error":
        return compare_error(reply.words, call)
    return Verdict(False, f"it {KINDS[reply.kind]}" + (f": {reply.words}" if reply.words else ""), KINDS[reply.kind])


def in_process(functions: dict[str, Callable]) -> CallFunction:
    """Return a function that performs calls here and now: for functions that are trusted."""

    def call_function(question: str, function: str, args: list, kwargs: dict) -> Reply:
        if function not in functions:
            return Reply("unloaded", words=f"NameError: {function} is not defined in an answer cell of {question}")
        try:
            value = functions[function](*args, **kwargs)
        except Exception as error:  # noqa: BLE001 -- whatever it raises is the reply
            return Reply("error", words=f"{type(error).__name__}: {error}")
        return Reply("value", value, (args, kwargs))

    return call_function


def score_functions(functions: dict[str, Callable], assignment: Assignment, seed: int = 0, draws: int = DRAWS):
    """Score trusted functions on all questions; return the parts' scores in one list."""
    call_function = in_process(functions)
    return [score for question in assignment.questions
            for score in score_calls(call_function, assignment, question, seed, draws)]  # fmt: skip


def _judge_part(call_function: CallFunction, question: str, cases: Iterable[tuple[Call, object]]):
    """Return the verdict, and the text of the call that went wrong."""
    for call, right in cases:
        args, kwargs = call.inputs()
        verdict = judge(call_function(question, call.function, args, kwargs), call, right)
        if not verdict.ok:
            return verdict, call.text
    return Verdict(True), ""
