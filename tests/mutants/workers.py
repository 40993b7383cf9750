"""Processes that try mutants: one that never ends, or ends the process, is found as well as one that fails a test."""

from __future__ import annotations

import collections
import multiprocessing
import multiprocessing.connection
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial

from .mutations import Mutant

START = 1800.0  # seconds until a process has compiled what it needs, and knows which rows run which functions
LIMIT = 300.0  # seconds for one test of one row: some mutants have a kernel compiled for other arguments


class Worker:
    """A process that takes mutants, one at a time, and says what became of them."""

    def __init__(self, serve: Callable, limit: float):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.mutant: Mutant | None = None
        self.heard, self.started, self.limit = time.monotonic(), False, limit

    def give(self, mutant: Mutant) -> None:
        """Send a mutant."""
        self.mutant = mutant
        self.pipe.send((mutant.function, mutant.number, mutant.line))

    def answer(self, ready: list) -> str | None:
        """Return what became of the mutant; None while the process is at work."""
        if self.pipe not in ready:
            if time.monotonic() - self.heard <= (self.limit if self.started else START):
                return None
            if not self.started:
                raise RuntimeError(f"mutants: a process is not ready in {START:g} s, expected it to be")
            return f"broken: no end in {self.limit:g} s"
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            if not self.started:
                raise RuntimeError("mutants: a process ended before it was ready") from None
            return "broken: the process ended"
        self.heard, self.started = time.monotonic(), True
        if answer is not None and answer.startswith("error"):
            raise RuntimeError(f"{self.mutant.key}: {answer}")
        return answer

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def try_all(
    mutants: list[Mutant], jobs: int, serve: Callable | None = None, limit: float = LIMIT
) -> Iterator[tuple[Mutant, str]]:
    """Yield (mutant, how it was found); "" for one that survives all tests.

    Parameters
    ----------
    mutants : list of Mutant
    jobs : int
        Processes at once.
    serve : callable, optional
        What a process does with its end of the pipe.
    limit : float
        Seconds for one test; a mutant that needs more, twice, is found.
    """
    waiting = collections.deque(mutants)
    workers: list[Worker] = []
    tried: set[str] = set()
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(Worker(serve or _serve, limit))
                workers[-1].give(waiting.popleft())
            ready = multiprocessing.connection.wait([worker.pipe for worker in workers], timeout=1.0)
            for worker in list(workers):
                answer = worker.answer(ready)
                if answer is None:
                    continue
                broken = answer.startswith("broken")
                if broken and worker.mutant.key not in tried:
                    tried.add(worker.mutant.key)  # it may have been the fault of another before it: once more, alone
                    waiting.appendleft(worker.mutant)
                else:
                    yield worker.mutant, answer
                if broken or not waiting:
                    worker.end()
                    workers.remove(worker)
                else:
                    worker.give(waiting.popleft())
    finally:
        for worker in workers:
            worker.end()


def _serve(pipe) -> None:
    """Be the process: try the mutants that come in, with a sign of life (None) before every test."""
    try:
        bench = Bench()
        pipe.send(None)
        while True:
            pipe.send(bench.judge(*pipe.recv(), alive=partial(pipe.send, None)))
    except (EOFError, BrokenPipeError):  # nobody asks any more
        return
    except Exception:  # noqa: BLE001 (not the mutant's doing: its tests run inside Checks.passes)
        pipe.send(f"error: {traceback.format_exc()}")


class Bench:
    """What a process has at hand: the functions, the rows that run them, and their tests."""

    def __init__(self):
        from tests.table.collect import ROWS

        from .checks import Checks, rows_of
        from .targets import all_targets

        self.targets, self.checks = all_targets(), Checks()
        self.seen, self.rows = rows_of(self.targets), {row.id: row for row in ROWS}

    def judge(self, name: str, number: int, line: int, alive: Callable[[], None]) -> str:
        """Return which test finds a mutant; "" if none does."""
        function = self.targets[name].function
        right, wrong = function.__code__, self.targets[name].code(number)
        seen = self.seen[name]
        order = sorted(seen, key=lambda row: line not in seen[row])  # stable: the rows that run the line first
        for row in [self.rows[identity] for identity in order]:
            for check in self.checks.of(row):
                alive()
                function.__code__ = wrong
                try:
                    passed = self.checks.passes(row, check)
                finally:
                    function.__code__ = right
                if not passed:
                    found = (
                        f"{row.id}: {check}"  # if the right function fails as well: a kernel wrote where it must not
                    )
                    return found if self.checks.passes(row, check) else f"broken: {found} fails from then on"
        return ""
