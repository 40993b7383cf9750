"""Students' own checks: ``check("q3")`` in the notebook, ``minidet check a2 q3`` in a terminal.

Here a student's functions run in the student's own process, on inputs whose results are stored beside the notebook.
The grader works otherwise: in a sandbox, with other inputs.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import bad_argument
from .assignment import Call, Part, Question
from .compare import compare, compare_error
from .notebook_names import from_outside
from .patience import TookTooLong, time_limit
from .picture import in_notebook, show
from .public_cases import CASES, PublicAssignment, read_public
from .student_error import StudentError, where_it_happened

#: Seconds that one call may take.
LIMIT = 4.0
WIDTH = 100
NOT_WRITTEN = "not written yet"
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
    hopeless : bool
        The call did not end: the other parts are not tried.
    """

    part: str
    ok: bool
    lines: list[str]
    call: Call | None = None
    value: object = None
    hopeless: bool = False


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

    def __call__(self, question: str | None = None) -> None:
        """Print what is right and what is not; draw a picture of what is not where that helps."""
        chosen = choose(self.public, question)
        passed = [check_question(one, self.names, notes=from_outside(one, self.names)) for one in chosen]
        if question is None:
            print(f"\n{total(passed)}")

    def __repr__(self) -> str:
        """Say what it is for."""
        return f'check("{self.public.questions[0].id}") for one question of {self.public.name}, check() for all'


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


def check_question(question: Question, names: dict, notes: list[str] = (), picture: bool = True) -> tuple[int, int]:
    """Check one question and print what comes out; return how many public checks passed, of how many.

    Parameters
    ----------
    question : Question
        With stored results, from :func:`read_public`.
    names : dict
        Has the student's functions.
    notes : list of str
        What is wrong with the answer whatever it returns: then no check counts as passed.
    picture : bool
        Draw the first wrong result, if its call asks for it and this is a notebook.
    """
    print(f"{question.id}  {question.title}")
    findings: list[Finding] = []
    for part in question.parts:
        if notes or (findings and findings[-1].hopeless):
            why = [] if notes else ["not tried, because the call above did not end"]
            findings.append(Finding(part.name, False, why, hopeless=True))
        else:
            findings.append(check_part(part, names))
    if notes:
        print(_indented(notes))
    elif all(finding.lines == [NOT_WRITTEN] for finding in findings):
        print(f"  {NOT_WRITTEN}")
    else:
        for finding in findings:
            print(f"  {'passed' if finding.ok else 'wrong '}  {finding.part.replace('_', ' ')}")
            if finding.lines:
                print(_indented(finding.lines))
    passed = sum(finding.ok for finding in findings)
    print(f"{question.id}: {count(passed, len(findings))}")
    wrong = next((one for one in findings if one.call is not None and one.call.picture), None)
    if wrong is not None and picture and in_notebook():
        show(wrong.value, wrong.call)
    return passed, len(findings)


def count(passed: int, of: int) -> str:
    """Say how many passed: never that all is right, which nobody knows here."""
    if passed == of:
        return f"public checks passed ({passed} of {of}). {ELSEWHERE}"
    return f"{passed} of {of} public checks passed."


def total(passed: list[tuple[int, int]]) -> str:
    """Sum up several questions."""
    return f"All together: {count(sum(one for one, _ in passed), sum(of for _, of in passed))}"


def check_part(part: Part, names: dict) -> Finding:
    """Run the calls of one part until one is wrong."""
    for call in part.cases(None, None):
        words, value, hopeless = _perform(call, names.get(call.function))
        if words == [NOT_WRITTEN]:
            return Finding(part.name, False, words)
        if words:
            about = f"{call.text}: {describe_call(call)}" if call.text else describe_call(call)
            hint = [f"Hint: {part.hint}"] if part.hint else []
            return Finding(part.name, False, [about, *words, *hint], call, value, hopeless)
    return Finding(part.name, True, [])


def _perform(call: Call, function: Callable | None) -> tuple[list[str], object, bool]:
    """Run a call; return what is wrong with it, what it returned, and whether it did not end."""
    if function is None:
        return [f"there is no function {call.function} yet: run the cell that defines it"], None, False
    args, kwargs = call.inputs()
    try:
        with time_limit(LIMIT):
            value = function(*args, **kwargs)
    except TookTooLong:
        return [f"stopped after {LIMIT:g} seconds: is there a loop without end?"], None, True
    except StudentError as error:
        return [str(error)], None, False
    except NotImplementedError:
        return [NOT_WRITTEN], None, False
    except Exception as error:  # noqa: BLE001 -- whatever it raises is shown, with its line
        words = f"{type(error).__name__}: {error}"
        verdict = compare_error(words, call)
        return ([] if verdict.ok else [verdict.words, *where_it_happened(error, function)]), None, False
    verdict = compare(value, call, call.expected, (args, kwargs))
    return ([] if verdict.ok else [verdict.words]), value, False


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


def _indented(lines: list[str]) -> str:
    pad = " " * 10
    return "\n".join(textwrap.fill(line, WIDTH, initial_indent=pad, subsequent_indent=pad + "  ") for line in lines)
