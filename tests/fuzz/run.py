"""Draw calls, check them, and shrink what fails."""

from __future__ import annotations

import time
from collections import Counter

from .compare import Difference, assert_call_agrees
from .draw import Draw
from .operation import Operation
from .shrink import shrink
from .table import OPERATIONS


class Failure:
    """A call that goes wrong, made small."""

    def __init__(self, operation: Operation, seed: str, choices: list[int], problem: Difference):
        self.operation, self.seed, self.kind = operation, seed, problem.kind
        self.choices = shrink(choices, self._still_fails)
        self.args, self.kwargs = operation.draw(Draw(choices=self.choices))
        again = problem_of(operation, self.args, self.kwargs)
        self.message = str(again or problem)

    def _still_fails(self, choices: list[int]) -> list[int] | None:
        draw = Draw(choices=choices)
        problem = problem_of(self.operation, *self.operation.draw(draw))
        return draw.choices if problem is not None and problem.kind == self.kind else None

    def __str__(self):
        return (
            f"{self.operation.name}, {self.seed}: {self.message}\n"
            f"    from tests.fuzz.table import *; {line(self.operation.name, self.args, self.kwargs)}"
        )


def line(name: str, args: tuple, kwargs: dict) -> str:
    """Write a call so that it can be pasted into Python."""
    shown = [repr(name), *map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
    return f"assert_agrees({', '.join(shown)})"


def problem_of(operation: Operation, args: tuple, kwargs: dict) -> Difference | None:
    """Return what is wrong with a call, or None."""
    try:
        assert_call_agrees(operation, args, kwargs)
    except Difference as problem:
        return problem
    return None


def fuzz(seed: int, seconds: float, count: int | None = None, names=None, out=None) -> list[Failure]:
    """Check random calls for so long, or so many; return the first failure of each kind, made small.

    Call number i of a seed is always the same, whatever came before it.
    """
    operations = [OPERATIONS[name] for name in names or OPERATIONS]
    failures: dict[tuple[str, str], Failure] = {}
    again, start, done = Counter(), time.monotonic(), 0
    shown, in_shrinking = start, 0.0
    while (time.monotonic() - start < seconds) if count is None else (done < count):
        operation = operations[done % len(operations)]
        draw = Draw(f"{seed} {done}")
        args, kwargs = operation.draw(draw)
        problem = problem_of(operation, args, kwargs)
        if problem is not None:
            key = operation.name, problem.kind
            again[key] += 1
            if key not in failures:
                before = time.monotonic()
                failures[key] = Failure(operation, f"seed {seed}, call {done}", draw.choices, problem)
                in_shrinking += time.monotonic() - before
                print(failures[key], file=out, flush=True)
        done += 1
        if time.monotonic() - shown > 60:
            shown = time.monotonic()
            print(f"seed {seed}: {done} calls, {len(failures)} kinds of failures", file=out, flush=True)
    speed = done / max(time.monotonic() - start - in_shrinking, 1e-9)
    print(f"seed {seed}: {done} calls of {len(operations)} operations, {speed:.0f} a second, "
          f"{len(failures)} kinds of failures in {sum(again.values())} calls", file=out, flush=True)  # fmt: skip
    return list(failures.values())
