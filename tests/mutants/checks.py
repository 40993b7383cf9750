"""What a mutant has to pass: the tests of the table (tests/test_table.py), on the rows that run the mutated function."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from tests import test_table
from tests.table.collect import ROWS, as_arrays
from tests.table.row import Row

from .targets import Target

FIRST = "test_gradcheck"  # it finds most


class Checks:
    """The tests of the table as calls. Finite differences are taken once: no mutant of a backward changes them."""

    def __init__(self):
        self.row = ""
        self.known: dict = {}
        self.tests = _tests()
        module = importlib.import_module("minidet.autograd.gradcheck")
        for name in ("_slope", "_jacobian"):
            setattr(module, name, partial(self._remembered, name, getattr(module, name)))

    def _remembered(self, name, compute, fn, inputs, i, *args):
        key = name, self.row, i, *(arg.tobytes() if isinstance(arg, np.ndarray) else repr(arg) for arg in args)
        if key not in self.known:
            self.known[key] = compute(fn, inputs, i, *args)
        return self.known[key]

    def of(self, row: Row) -> list[str]:
        """Return the names of the tests that a row takes part in."""
        return [name for name, (_, rows, _) in self.tests.items() if row.id in rows]

    def passes(self, row: Row, name: str) -> bool:
        """Run one test on one row, as pytest does: warnings are errors."""
        test, _, fixed = self.tests[name]
        self.row = row.id
        given = {"row": row, "rng": np.random.default_rng(0), "record_property": lambda *_: None, **fixed}
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
            warnings.simplefilter("error")
            given["monkeypatch"] = patch
            try:
                test(**{name: given[name] for name in inspect.signature(test).parameters})
            except (Exception, pytest.fail.Exception):  # noqa: BLE001 (whatever a mutant does, it is found)
                return False
        return True


def _tests() -> dict[str, tuple]:
    """Return all tests over rows: name -> (function, the rows' ids, other arguments). None needs PyTorch."""
    found = {}
    for name, test in vars(test_table).items():
        marks = {mark.args[0]: mark.args[1] for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"}
        parity = any(mark.name == "parity" for mark in getattr(test, "pytestmark", []))
        if not name.startswith("test_") or "row" not in marks or parity:
            continue
        rows = {parameter.values[0].id for parameter in marks.pop("row")}
        if not marks:
            found[name] = test, rows, {}
        for argument, values in marks.items():  # at most one beside the row
            found |= {f"{name}[{value.__name__}]": (test, rows, {argument: value}) for value in values}
    return dict(sorted(found.items(), key=lambda item: item[0] != FIRST))


def rows_of(targets: dict[str, Target]) -> dict[str, dict[str, set[int]]]:
    """Return which rows run which functions: name -> row id -> numbers of the lines that run."""
    names = {target.function.__code__: name for name, target in targets.items()}
    seen: dict[str, dict[str, set[int]]] = {name: {} for name in targets}
    for row in ROWS:
        for draw in (row.inputs, row.empty):
            if draw is not None and row.differentiable:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for code, line in _trace(lambda draw=draw: _run(row, draw), names):  # noqa: B023
                        seen[names[code]].setdefault(row.id, set()).add(line)
    return seen


def _run(row: Row, draw) -> None:
    test_table.run(row, as_arrays(draw(np.random.default_rng(0))))


def _trace(call, codes) -> Iterator[tuple]:
    """Yield (code, line) of all lines that ``call()`` runs in functions with one of these code objects."""
    lines = set()

    def local(frame, event, _):
        lines.add((frame.f_code, frame.f_lineno))
        return local

    before = sys.gettrace()
    sys.settrace(lambda frame, event, _: local if frame.f_code in codes else None)
    try:
        call()
    finally:
        sys.settrace(before)
    yield from lines
