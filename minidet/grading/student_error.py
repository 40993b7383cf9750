"""An exception in a student's function: where it happened, in the student's own lines."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable

from .assignment import run_answer


class StudentError(Exception):
    """An answer cell itself cannot be run: what a call of its functions raises then."""


def where_it_happened(error: BaseException, function: Callable) -> list[str]:
    """Return the line of the student's cell that raised an exception, or called what raised it."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if not frames:
        return []
    return [f"in line {frames[-1].lineno} of the cell:  {frames[-1].line}"]


def run_for_check(source: str, question: str, functions: tuple[str, ...]) -> dict:
    """Run an answer as the grader does, alone; return its functions.

    If the cell cannot be run, each function is one that says why when it is called.
    """
    name = f"<answer {question}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        namespace = run_answer(source, name)
    except Exception as error:  # noqa: BLE001 -- whatever the cell raises is shown, with its line
        words = f"the cell cannot be run: {type(error).__name__}: {error}"
        lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
        if lines:
            words += f", in line {lines[-1].lineno}:  {lines[-1].line}"
        return {function: _raiser(words) for function in functions}
    return {function: namespace[function] for function in functions if callable(namespace.get(function))}


def _raiser(words: str) -> Callable:
    def cannot_run(*args, **kwargs):
        raise StudentError(words)

    return cannot_run
