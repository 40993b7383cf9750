"""Measure what is not known yet: each shape in both directions, minidet and PyTorch in turns."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..measure import Worker, take_turns
from .figures import Figure, Figures
from .shapes import Shape, build_command


@dataclass(frozen=True)
class Effort:
    """How long a direction of a shape is measured, both libraries together, pauses not counted."""

    seconds: float = 0.4
    slice_seconds: float = 0.012  # of one turn
    pairs: int = 15  # at most; a slow shape has fewer, but FEWEST


QUICK = Effort(seconds=0.1, slice_seconds=0.01, pairs=5)


def measure_shape(shape: Shape, backward: bool, workers: dict[str, Worker], threads: int, effort: Effort) -> Figure:
    """Run a shape in turns."""
    for worker in workers.values():
        worker.ask(build=build_command(shape, backward))
    seconds = take_turns(workers, effort.pairs, effort.slice_seconds, effort.seconds)
    low, ratio, high = (float(q) for q in np.percentile(seconds["torch"] / seconds["minidet"], (25, 50, 75)))
    mine, theirs = (float(np.median(seconds[name])) for name in ("minidet", "torch"))
    return Figure(shape, backward, threads, len(seconds["torch"]), ratio, low, high, mine, theirs)


def measure_missing(shapes: list[Shape], threads: int, figures: Figures, effort: Effort) -> None:
    """Measure the shapes that ``figures`` does not have with this number of threads, and add them."""
    missing = [
        (shape, backward)
        for shape in shapes
        for backward in (False, True)
        if figures.get(shape, backward, threads) is None
    ]
    if not missing:
        return
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(name, threads)) for name in ("minidet", "torch")}
        bar = tqdm(missing, desc=f"{threads} thread(s)", unit="figure", leave=False)
        for shape, backward in stack.enter_context(bar):
            figures.add(measure_shape(shape, backward, workers, threads, effort))
