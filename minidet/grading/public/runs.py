"""The calls of one answer in a public check, and what there is to say of them in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import NamedTuple

from ..assignments.assignment import Call, Question
from ..sandbox.limits import Limits, too_slow
from ..scoring.points import Reply
from ..scoring.student_error import missing_name, split_place
from .notebook_names import alone, from_outside

#: Letters that are shown of what an answer prints.
PRINTED = 1000
NOT_WRITTEN = "not written yet"
NO_MODULE = "the grader has NumPy and Python's own modules only"
ENDLESS = "is there a loop without end?"


class Answer(NamedTuple):
    """The answer of one question.

    Attributes
    ----------
    cells : list of str
        The sources of its answer cells.
    elsewhere : set of str
        The names that stand in the other cells.
    missing : str
        What to say where there are no answer cells.
    """

    cells: list[str]
    elsewhere: Set[str] = frozenset()
    missing: str = "no cell begins with its mark"


class Runs:
    """The calls of one question's answer, and what there is to say of them together."""

    def __init__(self, question: Question, call_function: Callable[..., Reply], answer: Answer):
        self.question, self.answer = question, answer
        self.failed: set[str] = set()  # functions
        self._call = call_function
        self._seconds: list[float] = []
        self._printed: list[str] = []
        self._names: set[str] = set()

    def trouble(self) -> list[str]:
        """Run the cells; return what keeps every call from being made, nothing if all is well."""
        if not self.answer.cells:
            return from_outside(self.question, [], self.answer.elsewhere) or [self.answer.missing]
        # No function has this name: the cells are run, and none is called. So what they take is no call's time.
        reply = self._call(self.question.id, "", [], {})
        self._printed.append(getattr(reply, "output", ""))
        if reply.kind == "unloaded":
            return []
        words = reply.words.removeprefix("running its cells: ")
        return [
            f"the cells cannot be run: {words}" + (": is there a loop without end?" if reply.kind == "timeout" else "")
        ]

    def perform(self, call: Call) -> Reply:
        """Perform a call, and note how long it took and what it printed."""
        args, kwargs = call.inputs()
        started = time.monotonic()
        reply = self._call(self.question.id, call.function, args, kwargs)
        self._seconds.append(time.monotonic() - started)
        self._printed.append(getattr(reply, "output", ""))
        self._names.add(missing_name(reply.words))
        return reply

    def why_unloaded(self, call: Call, reply: Reply) -> list[str]:
        """Say why a function is not there."""
        if reply.words.startswith("NotImplementedError"):
            return [NOT_WRITTEN]
        if reply.words.startswith(f"NameError: {call.function} is not defined in an answer cell"):
            return [f"there is no function {call.function} in the answer cells of {self.question.id}"]
        words, place = split_place(reply.words, self.answer.cells)
        module = f": {NO_MODULE}" if words.startswith("ModuleNotFoundError") else ""
        return [f"the cell cannot be run: {words}{', ' * bool(place)}{place}{module}"]

    def in_words(self, reply: Reply, words: str) -> list[str]:
        """Say what is wrong with a reply, and where."""
        if reply.kind == "timeout":
            return [f"stopped: {reply.words}: {ENDLESS}"]
        if reply.kind not in ("error", "forbidden"):
            return [words]
        said, place = split_place(reply.words, self.answer.cells)
        module = [NO_MODULE] if said.startswith("ModuleNotFoundError") else []
        return [words.replace(reply.words, said), *([place] if place else []), *module]

    def notes(self, limits: Limits) -> list[str]:
        """Return what is to be said once: names from outside, slow calls, what was printed."""
        notes = from_outside(self.question, self.answer.cells, self.answer.elsewhere) if self.answer.cells else []
        unsaid = {name for name in self._names & set(self.answer.elsewhere) if not any(name in note for note in notes)}
        if unsaid:
            notes.append(f"{', '.join(sorted(unsaid))} stands outside of these cells: {alone(self.question)}")
        notes += filter(None, [too_slow(self._seconds, limits)])
        printed = "".join(self._printed).strip()
        return notes + ([f"printed: {printed[:PRINTED]}"] if printed else [])
