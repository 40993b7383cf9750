"""How much of everything a submission gets."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of one session: of its worker, and of its calls together.

    Attributes
    ----------
    call, start, total : float
        Seconds that pass, on the clock: for one call, until a worker is ready, for all calls of a session.
    cpu : int
        Seconds of computing of one worker.
    memory, file, temporary : int
        Bytes: of address space, of one file, of all files.
    processes : int
        Processes and threads, the worker counted.
    output, reply, request : int
        Bytes: printed (what comes after is thrown away), returned by one call, sent to one call.
    """

    call: float = 5.0
    start: float = 20.0
    total: float = 60.0
    cpu: int = 60
    memory: int = 1024 * MB
    file: int = 10 * MB
    temporary: int = 16 * MB
    processes: int = 1
    output: int = 1 * MB
    reply: int = 64 * MB
    request: int = 256 * MB
