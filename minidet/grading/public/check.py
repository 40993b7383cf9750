"""Students' own checks: ``check("q3")`` in the notebook, ``minidet check a2 q3`` in a terminal.

What runs is what the grader runs, and how: the answer cells of one question, alone, one by one, in a process apart that
has NumPy and Python's own modules. The inputs are others: here their results are stored beside the notebook.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import bad_argument
from ..assignments.assignment import Call, Part, Question
from ..assignments.public_cases import CASES, PublicAssignment, read_public
from ..intake.answers import read_answers
from ..sandbox.limits import Limits
from ..sandbox.own_machine import running
from ..scoring.points import Reply, judge
from ..scoring.student_error import hint_helps
from .history import History
from .picture import in_notebook, show
from .runs import Answer, Runs

#: A call may take less than in the grader, whose machine may be slower.
LIMITS = replace(Limits(), call=4.0)
#: After so many calls without end, the other parts of a question are not tried: somebody waits.
PATIENCE = 2
WIDTH = 100
ELSEWHERE = "The grader uses other inputs."


class Finding(NamedTuple):
    """What came out for one part.

    Attributes
    ----------
    part : str
    ok : bool
    lines : list of str
        What is wrong, what was expected, and a hint.
    call, value
        Of the first wrong result, for a picture.
    kind : str
        Of the last reply.
    """

    part: str
    ok: bool
    lines: list[str]
    call: Call | None = None
    value: object = None
    kind: str = "value"


class Checks:
    """Check the answers in a notebook: ``check("q3")`` one question, ``check()`` all.

    Parameters
    ----------
    public : PublicAssignment
    names : dict
        The notebook's global names.
    """

    def __init__(self, public: PublicAssignment, names: dict):
        self.public, self.names = public, names
        self._history = History(names)

    def __call__(self, question: str | None = None) -> None:
        """Print what is right and what is not; draw a picture of what is not where that helps."""
        chosen, answers = choose(self.public, question), self._answers()
        with running(answers, LIMITS) as runs:
            passed = [check_question(one, runs.call, self._answer(one, answers)) for one in chosen]
        if question is None:
            print(f"\n{total(passed)}")

    def __repr__(self) -> str:
        """Say what it is for."""
        return f'check("{self.public.questions[0].id}") for one question of {self.public.name}, check() for all'

    def _answers(self) -> dict[str, list[str]]:
        """Return the sources of the answer cells: as last run in a notebook, as written in a program."""
        if self._history.known:
            return self._history.answers()
        file = self.names.get("__file__")
        if not file or not Path(file).is_file():
            why = "in a terminal, minidet check does the same"
            raise bad_argument("check", "the place where it is called", "is no notebook", "Jupyter or IPython", why)
        return read_answers(Path(file))

    def _answer(self, question: Question, answers: dict[str, list[str]]) -> Answer:
        missing = f"no cell that begins with '# answer: {question.id}' has been run yet"
        return Answer(answers.get(question.id, []), set(self.names), missing)


def checks(name: str) -> Checks:
    """Return the ``check`` of an assignment for the notebook that calls this.

    Parameters
    ----------
    name : str
        The assignment's name, as ``"a2_conv_pool_unpool"``. Its ``assignment.json`` and ``public.npz`` have to lie
        beside the notebook.
    """
    return Checks(read_public(find_cases(name)), sys._getframe(1).f_globals)


def find_cases(name: str, folder: Path | None = None) -> Path:
    """Return the folder that holds the public cases of an assignment: beside the notebook, or below a folder above."""
    here = (folder or Path.cwd()).resolve()
    places = [
        here,
        *(place for above in (here, *here.parents) for place in (above / name, above / "assignments" / name)),
    ]
    for place in places:
        if (place / CASES).is_file() and (place != here or f'"{name}"' in (place / CASES).read_text(encoding="utf-8")):
            return place
    why = "it comes with the notebook, in the same folder"
    raise bad_argument("checks", "the folder", f"{here} has no {CASES} of {name}", "one", why, FileNotFoundError)


def choose(public: PublicAssignment, question: str | None) -> list[Question]:
    """Return one question, or all."""
    if question is None:
        return public.questions
    found = [one for one in public.questions if one.id == question]
    if not found:
        ids = ", ".join(one.id for one in public.questions)
        raise bad_argument("check", "the question", f"is {question!r}", f"one of {ids}, or nothing for all")
    return found


def check_question(
    question: Question,
    call_function: Callable[..., Reply],
    answer: Answer,
    *,
    picture: bool = True,
    limits: Limits | None = None,
) -> tuple[int, int]:
    """Check one question and print what comes out; return how many public checks passed, of how many.

    Parameters
    ----------
    question : Question
        With stored results, from :func:`read_public`.
    call_function : callable
        ``call_function(question_id, function, args, kwargs)`` performs a call of the answer.
    answer : Answer
        What was written.
    picture : bool
        Draw the first wrong result, if its call asks for it and this is a notebook.
    limits : Limits, optional
        Of the grader: calls that come near them are called slow.
    """
    print(f"{question.id}  {question.title}")
    runs = Runs(question, call_function, answer)
    trouble = runs.trouble()
    findings = [Finding(part.name, False, []) for part in question.parts] if trouble else _check_parts(question, runs)
    notes = trouble or _print_findings(findings)
    if notes:
        print(_indented(notes, 2))
    for note in runs.notes(limits or Limits()):
        print(_indented([note], 2))
    passed = sum(finding.ok for finding in findings)
    print(f"{question.id}: {count(passed, len(findings))}")
    wrong = next((one for one in findings if one.call is not None and one.call.picture), None)
    if wrong is not None and picture and in_notebook():
        show(wrong.value, wrong.call)
    return passed, len(findings)


def _check_parts(question: Question, runs: Runs) -> list[Finding]:
    findings: list[Finding] = []
    for part in question.parts:
        if sum(finding.kind in ("timeout", "died") for finding in findings) >= PATIENCE:
            findings.append(Finding(part.name, False, ["not tried, because the calls above did not end"]))
        else:
            findings.append(check_part(part, runs))
    return findings


def _print_findings(findings: list[Finding]) -> list[str]:
    """Print what came out for each part, or return the lines that are the same for all. Nothing is said twice."""
    first = findings[0].lines
    if len({tuple(finding.lines) for finding in findings}) == 1 and first and findings[0].kind == "unloaded":
        return first
    said: list[list[str]] = []
    for finding in findings:
        print(f"  {'passed' if finding.ok else 'wrong '}  {finding.part.replace('_', ' ')}")
        if finding.lines and finding.lines not in said:
            print(_indented(finding.lines))
            said.append(finding.lines)
    return []


def count(passed: int, of: int) -> str:
    """Say how many passed: never that all is right, which nobody knows here."""
    if passed == of:
        return f"public checks passed ({passed} of {of}). {ELSEWHERE}"
    return f"{passed} of {of} public checks passed."


def total(passed: list[tuple[int, int]]) -> str:
    """Sum up several questions."""
    return f"All together: {count(sum(one for one, _ in passed), sum(of for _, of in passed))}"


def check_part(part: Part, runs: Runs) -> Finding:
    """Run the calls of one part until one is wrong."""
    for call in part.cases(None, None):
        reply = runs.perform(call)
        if reply.kind == "unloaded" or reply.words.startswith("NotImplementedError"):
            return Finding(part.name, False, runs.why_unloaded(call, reply), kind="unloaded")
        verdict = judge(reply, call, call.expected)
        if not verdict.ok:
            about = f"{call.text}: {describe_call(call)}" if call.text else describe_call(call)
            # What is wrong with the first parts of a function is wrong with the later ones, whose hints miss it.
            fits = hint_helps(verdict.kind) and call.function not in runs.failed
            hint = [f"Hint: {part.hint}"] if part.hint and fits else []
            runs.failed.add(call.function)
            lines = [about, *runs.in_words(reply, verdict.words), *hint]
            return Finding(part.name, False, lines, call, reply.value, reply.kind)
    return Finding(part.name, True, [])


def describe_call(call: Call) -> str:
    """Write a call with shapes in the place of arrays: ``conv_forward(x (2, 3, 5, 5), stride=2)``."""
    words = []
    for number, value in enumerate(call.args):
        name = call.parameters[number] if number < len(call.parameters) else ""
        words.append(_argument(name, value))
    words += [_argument(name, value) for name, value in (call.kwargs or {}).items()]
    return f"{call.function}({', '.join(words)})"


def _argument(name: str, value) -> str:
    if isinstance(value, np.ndarray):
        return f"{name} {'x'.join(map(str, value.shape)) or 'a number'}".strip()
    if isinstance(value, (tuple, list, dict)) and len(repr(value)) > 30:
        return f"{name} a {type(value).__name__} of {len(value)}".strip()
    return (f"{name}=" if name else "") + (f"{value:.4g}" if isinstance(value, float) else repr(value))


def _indented(lines: list[str], blanks: int = 10) -> str:
    pad = " " * blanks
    return "\n".join(
        textwrap.fill(part, WIDTH, initial_indent=pad, subsequent_indent=pad + "  ")
        for line in lines for part in line.split("\n")
    )  # fmt: skip
