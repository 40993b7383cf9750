"""Submissions on a Dask cluster: ``minidet grade --dask ADDRESS``. Needs ``pip install distributed``."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import bad_argument
from .task import Task, run_task


def run_on_cluster(tasks: list[Task], address: str, timeout: float = 30.0) -> Iterator[tuple[int, dict]]:
    """Send tasks to the cluster whose scheduler is at ``address``; yield (number, outcome) as they come.

    Every machine of the cluster needs this version of minidet, and a sandbox of its own; the assignment is sent along.

    Raises
    ------
    ValueError
        If dask.distributed is not installed, or nobody answers at the address.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise bad_argument("grade", "--dask", "was given", 'dask.distributed: pip install distributed',
                           str(error)) from None  # fmt: skip
    try:
        client = Client(address, timeout=timeout)
    except (OSError, ValueError) as error:
        raise bad_argument("grade", "--dask", f"is {address}", "the address of a running scheduler, as tcp://host:8786",
                           str(error)) from error  # fmt: skip
    with client:
        # pure=False: grading again is meant, whatever the cluster remembers.
        futures = {client.submit(run_task, task, pure=False): number for number, task in enumerate(tasks)}
        for future in as_completed(list(futures)):
            error = future.exception()
            lost = {
                "parts": [],
                "seconds": 0.0,
                "failure": f"the cluster lost it: {type(error).__name__}: {error}"[:500],
            }
            yield futures[future], future.result() if error is None else lost
            future.release()
