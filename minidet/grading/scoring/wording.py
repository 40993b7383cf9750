"""What students are told: the kind of mistake and the hint, never an input, an expected number, or words of their code.

A student's code can put what it was given into its result and into its errors. So of those only what cannot carry
anything is shown: a few fixed phrases, and the names of Python's own exceptions.
"""

from __future__ import annotations

import builtins
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from .points import KINDS, PartScore

#: kind of a score -> what it says to a student
PHRASES = {
    "no answer": "there is no answer cell for this question in your file",
    "wrong values": "the result has the right shape, but wrong values",
    "NaN or infinity": "the result has NaN or infinity where it should have numbers",
    "wrong shape": "the result has the wrong shape",
    "wrong length": "the result has too many or too few parts",
    "wrong keys": "the result is a dict with other keys than asked for",
    "wrong kind of result": "the result is of the wrong kind: not the numbers, tuple or dict that was asked for",
    "wrong result": "the result is wrong",
    "returned None": "the function returned None: is there a return?",
    "no error raised": "the function returned a result where it should have raised an error",
    "another error": "the function raised another error than it should",
    "changed its input": "the function changed its input: work on a copy",
    "raised NotImplementedError": "not written yet",
    **{kind: f"the function {kind}" for kind in KINDS.values()},
    KINDS["unloaded"]: "the cells of this question could not be run",
    KINDS["untried"]: "not tried: the cells of this question do not run, or other parts took all of its time",
}
#: What no hint about the task helps with, and what is said of a whole question once.
OF_THE_CELLS = ("no answer", "raised NotImplementedError", KINDS["unloaded"], KINDS["untried"])
#: Exceptions of an import that finds nothing.
NOT_THERE = ("ImportError", "ModuleNotFoundError")
#: Escape sequences of terminals: colours, titles, links.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def for_students(score: PartScore, hint: str = "") -> str:
    """Return a part's score in words for its student."""
    if not score.kind:
        return "right"
    words = PHRASES.get(score.kind)
    if words is None:
        name = _known_exception(score.kind.removeprefix("raised "))
        words = f"the function raised {name}" if name else "the function raised an error"
    if score.kind == KINDS["unloaded"]:
        name = _known_exception(score.reason.removeprefix(f"it {score.kind}: ").partition(":")[0])
        words += f": {name}" if name else ""
        words += "; only NumPy and Python's standard library are there" if name in NOT_THERE else ""
    return f"{words}. Hint: {hint}" if hint and score.kind not in OF_THE_CELLS else words


def briefly(kind: str) -> str:
    """Return a kind of mistake for an instructor's lists."""
    return PHRASES[kind] if kind == "raised NotImplementedError" else kind


def grouped(
    parts: Iterable[PartScore], words: Callable[[PartScore], str], among: Iterable[PartScore]
) -> list[tuple[str, str]]:
    """Say once what holds for many parts.

    Parameters
    ----------
    parts : iterable of PartScore
        Of what something is to be said.
    words : callable
        What is said of a part.
    among : iterable of PartScore
        All parts of the same submission: a question of which all parts are said the same needs no names of parts.

    Returns
    -------
    list of (names, words)
        In the order of the parts: ``("q1 shape, ties", "...")``, ``("q2", "...")``, ``("q3 to q5, q8", "...")``.
    """
    order = list(dict.fromkeys(part.question for part in among))
    size = Counter(part.question for part in among)
    of_question: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        of_question.setdefault((part.question, words(part)), []).append(part.part)
    whole: dict[str, list[str]] = {}
    for (question, said), names in of_question.items():
        if len(names) == size[question]:
            whole.setdefault(said, []).append(question)
    lines = []
    for (question, said), names in of_question.items():
        if len(names) < size[question]:
            lines.append((f"{question} {', '.join(names)}", said))
        elif question == whole[said][0]:
            lines.append((_ranges(whole[said], order), said))
    return lines


def _ranges(names: list[str], order: list[str]) -> str:
    """Return ``"q1, q3 to q5"``."""
    runs: list[list[str]] = []
    for name in names:
        if runs and order.index(name) == order.index(runs[-1][-1]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _known_exception(name: str) -> str:
    """Return the name if it is that of one of Python's own exceptions: a student may choose any other."""
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else ""


def plain(text: str, length: int = 600) -> str:
    """Return what student's code said as text that does nothing: no colours, no control marks, not too long."""
    text = ANSI.sub("", text[: 4 * length])
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cf"))
    return text if len(text) <= length else text[:length] + " …"
