"""One framework in one process: builds a case, runs it, answers with seconds. Driven by ``benchmarks.measure``.

    python -m benchmarks.worker {minidet,torch,onnx,torchvision,PyTorch,...}

Reads one JSON command per line: {"build": case} prepares and warms up; {"time": iterations} runs; {"scores": true} runs
once and answers with the numbers that came out; {"peak": case}, in a new process, measures how much the memory grows.
A case is a name, a network's convolution (``networks.shapes``), or a row of detection (``detection.rows``).

torchvision's may be the process of another Python, with nothing but NumPy and PyTorch: what is imported here and in
``detection`` needs no more than Python 3.9, and neither minidet nor tqdm.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time

import numpy as np

from .cases import CASES
from .detection.peers import PEERS, peer_backend
from .detection.rows import build_row
from .frameworks.backends import BACKENDS
from .networks.shapes import commanded_case
from .peak import PEAK

SLOW = 0.05  # seconds of a run beside which waking the threads is nothing


def growth(small, build) -> int:
    """Bytes by which what ``build()`` returns lets the process grow, all it holds included (Linux), or -1.

    ``small`` is called before: the same on little data, which loads all code.
    """
    status, clear = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")
    if not clear.exists():
        return -1

    def kilobytes(field: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))

    small()
    small()
    before = kilobytes("VmRSS")
    clear.write_text("5")  # the peak starts again from here
    run = build()
    for _ in range(3):
        run()
    return 1024 * (kilobytes("VmHWM") - before)


def memory_growth(case, backend) -> int:
    """Bytes by which the resident peak of a case exceeds the warmed process, or -1."""
    return growth(case.warm(backend), lambda: case.build(backend))


def seconds_of(run, times: int) -> float:
    """Return the mean duration of a run."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) / times


def built(wanted, backend, cases: dict):
    """Build what a command names."""
    if not isinstance(wanted, dict):
        return cases[wanted].build(backend)
    if "detection" in wanted:
        return build_row(wanted["detection"], backend)
    return commanded_case(wanted).build(backend)


def main() -> None:
    """Serve commands until the input ends."""
    name = sys.argv[1]
    backend = peer_backend(name) if name in PEERS else BACKENDS[name]()
    cases = {case.name: case for case in (*CASES, PEAK)}
    run, last = None, 0.0
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        if "build" in command:
            run = None
            run = built(command["build"], backend, cases)
            run()
            last = seconds_of(run, 1)
        elif "time" in command:
            if last < SLOW:
                run()  # wakes the threads
            answer["seconds"] = last = seconds_of(run, command["time"])
        elif "scores" in command:
            answer["scores"] = np.asarray(run()).ravel().tolist()
        elif "peak" in command:
            answer["bytes"] = memory_growth(cases[command["peak"]], backend)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
