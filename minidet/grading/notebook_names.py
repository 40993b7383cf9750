"""Whether an answer in a notebook would run alone, as the grader runs it.

In a notebook every cell sees every name. The grader takes the answer cells of one question, and nothing else: an answer
that uses an import or a helper from elsewhere passes here and fails there. So its names are looked at.
"""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterator

from .answers import MAGIC
from .assignment import Question
from .cells import Cell


def from_outside(question: Question, names: dict) -> list[str]:
    """Say what keeps the answer of a question from running alone; nothing if all is well, or if this is no notebook.

    Parameters
    ----------
    question : Question
    names : dict
        The notebook's names. IPython keeps the cells that were run in ``names["In"]``.
    """
    cells = names.get("In")
    if not isinstance(cells, list):
        return []
    own = {"np"}
    for source in cells:
        if isinstance(source, str) and Cell("code", source).question == question.id:
            own |= set(_stored(MAGIC.sub("", source)))
    notes = []
    for function in question.functions:
        if function in names and function not in own:
            notes.append(f"{function} stands in a cell whose first line is not '# answer: {question.id}': "
                         "the grader does not find it")  # fmt: skip
        code = getattr(names.get(function), "__code__", None)
        foreign = sorted({name for name in _loaded(code) if name in names and name not in own and not _built_in(name)})
        if foreign and function in own:
            notes.append(f"{function} uses {', '.join(foreign)} from outside its cell: the grader runs the answer "
                         f"cells of {question.id} alone, with np only")  # fmt: skip
    return notes


def _built_in(name: str) -> bool:
    return hasattr(builtins, name)


def _loaded(code: types.CodeType | None) -> Iterator[str]:
    """Yield the global names that a function, and the functions in it, look up."""
    if code is None:
        return
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _loaded(constant)


def _stored(source: str) -> Iterator[str]:
    """Yield the names that a cell defines."""
    try:
        code = compile(source, "cell", "exec", dont_inherit=True)
    except SyntaxError:  # such a cell defined nothing
        return
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL"):
            yield instruction.argval
