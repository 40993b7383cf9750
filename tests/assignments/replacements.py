"""Answers that stand beside an assignment's source: typical wrong ones, and others that are right."""

import functools
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minidet.grading.assignments.assignment import Assignment, run_file


@functools.cache
def module(path: Path) -> types.ModuleType:
    """Run a file, once."""
    return run_file(path)


def replaced(path: Path, assignment: Assignment) -> dict[str, Callable]:
    """Return the graded functions that a file defines, for the assignment's variants.

    ``VARIANTS_OF = {"q4": {"reflect": function, ...}}`` has those that depend on the variant; with several functions in
    a question, ``{"reflect": {"name": function, ...}, ...}``.
    """
    names = vars(module(path))
    functions = {name: names[name] for name in assignment.allowed_names if callable(names.get(name))}
    by_id = {question.id: question for question in assignment.questions}
    for question, choices in names.get("VARIANTS_OF", {}).items():
        choice = choices.get(assignment.variants[question], {})
        functions |= {by_id[question].functions[0]: choice} if callable(choice) else choice
    return functions


def misconception(path: Path) -> str:
    """Return a wrong answer's docstring."""
    return vars(module(path)).get("__doc__") or ""


def loses(path: Path, assignment: Assignment) -> set[tuple[str, str]]:
    """Return the (question, part) pairs that a wrong answer says it loses."""
    declared = module(path).LOSES
    if callable(declared):
        declared = declared(assignment.variants)
    return {(question, part) for question, parts in declared.items() for part in parts}


def as_columns(value):
    """Return float64 arrays in Fortran order: another correct form of the same numbers."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.asfortranarray(value, np.float64)
    if isinstance(value, (tuple, list)):
        return type(value)(map(as_columns, value))
    return value
