"""What a verdict depends on, as one short text: if that is as it was, the part needs no grading again.

Code is known by what it does (its bytecode, and that of what it refers to), not by how it is written: a comment in
``questions.py`` regrades nothing, a changed helper regrades what calls it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import types
from pathlib import Path

import numpy as np

from ..assignments.assignment import DRAWS, Assignment

#: The files of this package that decide whether an answer is right.
JUDGES = ("assignments/assignment.py", "sandbox/codec.py", "sandbox/session.py", "sandbox/worker.py",
          "scoring/compare.py", "scoring/points.py", "scoring/score.py", "scoring/student_values.py")  # fmt: skip


def definitions(assignment: Assignment) -> dict[tuple[str, str], str]:
    """Return, per question and part, everything but the student that its verdict depends on."""
    found = {}
    for question in assignment.questions:
        reference = [describe(assignment.reference[name]) for name in question.functions]
        for part in question.parts:
            text = [grader(), assignment.name, question.id, part.name, assignment.variants.get(question.id)]
            found[question.id, part.name] = digest(json.dumps([*text, describe(part.cases), reference, DRAWS]))
    return found


def part_key(definition: str, answer: list[str] | None, seed: int) -> str:
    """Return what the verdict on one student's part is kept under."""
    return digest(json.dumps([definition, answer, seed]))


def digest(text: str) -> str:
    """Return a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def grader() -> str:
    """Return what the grader itself is: its own files, Python's and NumPy's versions."""
    grading = Path(__file__).parents[1]
    sources = [(grading / name).read_text(encoding="utf-8") for name in JUDGES]
    return digest(json.dumps([sources, sys.version, np.__version__]))


def describe(value, seen: tuple[int, ...] = ()) -> str:
    """Return a digest of a value: of functions from an instructor's file, with everything that they refer to."""
    if id(value) in seen:
        return "again"
    seen = (*seen, id(value))
    if isinstance(value, np.ndarray):
        return digest(f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}")
    if isinstance(value, (list, tuple)):
        return digest(type(value).__name__ + json.dumps([describe(item, seen) for item in value]))
    if isinstance(value, (set, frozenset)):
        return digest("set" + json.dumps(sorted(describe(item, seen) for item in value)))
    if isinstance(value, dict):
        return digest("dict" + json.dumps([[describe(key, seen), describe(item, seen)] for key, item in value.items()]))
    if isinstance(value, functools.partial):
        return digest(
            "partial" + json.dumps([describe(item, seen) for item in (value.func, value.args, value.keywords)])
        )
    named = isinstance(value, type) or hasattr(value, "__qualname__")
    if isinstance(value, types.ModuleType) or (named and getattr(value, "__module__", None) in sys.modules):
        # A library's: known by its name. What it does changes with its version.
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", type(value).__name__)
        return digest(f"{getattr(value, '__module__', '')}.{name}")
    if isinstance(value, types.FunctionType):
        return digest("function" + json.dumps(_function(value, seen)))
    if isinstance(value, type):
        members = [[name, describe(item, seen)] for name, item in sorted(vars(value).items()) if callable(item)]
        return digest("class" + json.dumps(members))
    if isinstance(value, types.CodeType):
        return digest("code" + json.dumps(_code(value, seen)))
    return digest(f"{type(value).__name__} {value!r}")


def _function(function: types.FunctionType, seen: tuple[int, ...]) -> list:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = sorted(_names(function.__code__) & set(function.__globals__))
    used = [[name, describe(function.__globals__[name], seen)] for name in names]
    inside = [function.__defaults__, function.__kwdefaults__, cells]
    return [describe(function.__code__, seen), describe(inside, seen), used]


def _code(code: types.CodeType, seen: tuple[int, ...]) -> list:
    return [code.co_code.hex(), list(code.co_names), list(code.co_varnames), describe(code.co_consts, seen)]


def _names(code: types.CodeType) -> set[str]:
    """Return the names that code looks up, and the functions inside it."""
    inside = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(_names, inside))
