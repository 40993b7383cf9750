"""Measure the rows: minidet and the row's peer in turns, or minidet alone where the peer is not installed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..measure import Worker, take_turns
from .peers import Found
from .rows import Row


@dataclass(frozen=True)
class Effort:
    """How often and how long the two take turns."""

    repeats: int = 15
    slice_seconds: float = 0.03
    seconds: float = 30.0  # a row whose repeats take longer has fewer, but benchmarks.measure.FEWEST


QUICK = Effort(3, 0.01)


@dataclass(frozen=True)
class Figure:
    """One row with one number of threads; without a peer, what is said of it is None."""

    row: str
    threads: int
    repeats: int
    minidet_seconds: float  # medians
    peer_seconds: float | None = None
    ratio: float | None = None  # median of peer's time / minidet's time, pair by pair
    low: float | None = None  # first quartile of the ratio
    high: float | None = None  # third quartile


def measure_row(row: Row, workers: dict[str, Worker], threads: int, effort: Effort) -> Figure:
    """Run a row in turns; ``workers`` has minidet's process, and the peer's unless that is missing."""
    for worker in workers.values():
        worker.ask(build={"detection": row.name})
    seconds = take_turns(workers, effort.repeats, effort.slice_seconds, effort.seconds)
    mine = seconds["minidet"]
    if row.peer not in seconds:
        return Figure(row.name, threads, len(mine), float(np.median(mine)))
    theirs = seconds[row.peer]
    low, ratio, high = (float(q) for q in np.percentile(theirs / mine, (25, 50, 75)))
    return Figure(row.name, threads, len(mine), float(np.median(mine)), float(np.median(theirs)), ratio, low, high)


def measure_rows(rows: list[Row], found: dict[str, Found], threads: int, effort: Effort) -> list[Figure]:
    """Measure rows with one number of threads; only peers that were ``found`` are asked for."""
    figures = []
    with contextlib.ExitStack() as stack:
        workers = {"minidet": stack.enter_context(Worker("minidet", threads))}
        for name in dict.fromkeys(row.peer for row in rows if row.peer in found):
            workers[name] = stack.enter_context(Worker(name, threads, found[name].python))
        for row in stack.enter_context(tqdm(rows, desc=f"{threads} thread(s)", unit="row", leave=False)):
            chosen = {name: workers[name] for name in ("minidet", row.peer) if name in workers}
            figures.append(measure_row(row, chosen, threads, effort))
    return figures
