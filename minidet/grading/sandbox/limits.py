"""How much of everything a submission gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..assignments.assignment import DRAWS

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of one session: of its workers, and of the calls of each question. No question takes another's time.

    Attributes
    ----------
    call, load, question, start : float
        Seconds that pass, on the clock: for one call; to run a question's cells; for all calls of a question; until a
        worker is ready.
    cpu : int
        Seconds of computing of one worker: more than one question can take.
    memory, file, temporary : int
        Bytes: of address space, of one file, of all files.
    processes : int
        Processes and threads, the worker counted.
    output, reply, request : int
        Bytes: printed (what comes after is thrown away), returned by one call, sent to one call.
    """

    call: float = 5.0
    load: float = 20.0
    question: float = 60.0
    start: float = 20.0
    cpu: int = 120
    memory: int = 1024 * MB
    file: int = 10 * MB
    temporary: int = 16 * MB
    processes: int = 1
    output: int = 1 * MB
    reply: int = 64 * MB
    request: int = 256 * MB


def too_slow(seconds: Sequence[float], limits: Limits | None = None, draws: int = DRAWS) -> str:
    """Say what the grader may find too slow about a question, from what its public calls took; "" if nothing.

    Parameters
    ----------
    seconds : sequence of float
        Of each public call. The grader makes ``draws`` times as many, perhaps on a machine half as fast.
    limits : Limits, optional
    draws : int
    """
    limits = limits or Limits()
    longest, together = max(seconds, default=0.0), draws * sum(seconds)
    if 2 * longest > limits.call:
        return f"slow: a call took {longest:.1f} seconds, and the grader stops a call after {limits.call:g}"
    if 2 * together > limits.question:
        return (f"slow: the grader's calls would take about {together:.0f} seconds together, and it stops after "
                f"{limits.question:g}")  # fmt: skip
    return ""
