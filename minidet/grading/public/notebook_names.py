"""Names that an answer uses and does not define: they stand in another cell, and the grader does not run that.

In a notebook every cell sees every name. The grader takes the answer cells of one question, and nothing else.
"""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterable, Iterator, Set

from ..assignments.assignment import Question

KNOWN = {"np", "numpy"}


def defined(cells: Iterable[str]) -> set[str]:
    """Return the names that cells define."""
    return {name for code in _compiled(cells) for name in _names(code, "STORE_NAME", "STORE_GLOBAL")}


def from_outside(question: Question, cells: list[str], elsewhere: Set[str]) -> list[str]:
    """Say what keeps an answer from running alone, as far as it can be seen without running it.

    Parameters
    ----------
    question : Question
    cells : list of str
        The sources of its answer cells.
    elsewhere : set of str
        Names that stand in other cells of the notebook.
    """
    own = defined(cells) | KNOWN
    bodies: dict[str, list[types.CodeType]] = {}
    for code in _compiled(cells):
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                bodies.setdefault(constant.co_name, []).append(constant)
    notes = []
    for function in question.functions:
        if function in elsewhere and function not in own:
            notes.append(f"{function} stands in a cell whose first line is not '# answer: {question.id}': "
                         "the grader does not find it")  # fmt: skip
        foreign = sorted(name for name in _reached(function, bodies) & elsewhere - own if not hasattr(builtins, name))
        if foreign:
            notes.append(f"{function} uses {', '.join(foreign)} from outside its cell: {alone(question)}")
    return notes


def alone(question: Question) -> str:
    """Say what the grader runs."""
    return f"the grader runs the answer cells of {question.id} alone, with np only"


def _reached(function: str, bodies: dict[str, list[types.CodeType]]) -> set[str]:
    """Return the names that a function looks up, and the functions and classes of its cells that it uses."""
    found, waiting, seen = set(), [function], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            used = {each for code in bodies.get(name, ()) for each in _names(code, "LOAD_GLOBAL", "LOAD_NAME")}
            found |= used
            waiting += used
    return found


def _compiled(cells: Iterable[str]) -> Iterator[types.CodeType]:
    for source in cells:
        try:
            yield compile(source, "cell", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # such a cell defines nothing
            continue


def _names(code: types.CodeType, *operations: str) -> Iterator[str]:
    """Yield the names that these operations have in code, and in the functions in it if they look up names."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in operations:
            yield instruction.argval
    if "LOAD_GLOBAL" in operations:
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                yield from _names(constant, *operations)
