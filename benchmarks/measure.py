"""Time a case in minidet and in PyTorch (or ONNX Runtime), in turns, in two processes with equally many threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from minidet.kernels.simd.vectors import VECTOR_BYTES

from .cases import Case

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
#: What keeps PyTorch, oneDNN and MKL to the instructions that ``NUMBA_CPU_NAME=haswell`` leaves to minidet.
AVX2_ONLY = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
FEWEST = 5  # repeats: quartiles of fewer mean nothing
LONG_PAUSE = 0.05  # beside ONNX Runtime: its idle threads spin for 20 milliseconds
TOLERANCE = 1e-3  # between scores of the same weights
PAUSE = 0.02  # seconds after which the other process's threads no longer spin: GNU OpenMP's do for some milliseconds


def worker_environment(threads: int) -> dict[str, str]:
    """Return a worker's environment: where ``NUMBA_CPU_NAME`` left vectors of 32 bytes, peers have no longer ones."""
    bound = AVX2_ONLY if os.environ.get("NUMBA_CPU_NAME") and VECTOR_BYTES == 32 else {}
    return {**bound, **os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}


class Worker:
    """A ``benchmarks.worker`` process, of this Python or of another one that has what the backend needs."""

    def __init__(self, backend: str, threads: int, python: str = sys.executable):
        environment = worker_environment(threads)
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", backend],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, **command) -> dict:
        """Send a command, and wait for the answer."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"benchmarks: the worker ended during {command}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()
        return False


@dataclass(frozen=True)
class Result:
    """Figures of one case with one number of threads."""

    case: str
    part: str
    threads: int
    repeats: int
    ratio: float  # median of PyTorch time / minidet time, pair by pair (or of what the case stands beside)
    low: float  # first quartile of the ratio
    high: float  # third quartile
    minidet_seconds: float  # medians, for GFLOP/s; not to be compared between runs
    other_seconds: float
    gflops: float
    peak_share: float  # of the machine's measured multiply-add peak
    minidet_bytes: int = -1
    torch_bytes: int = -1
    beside: str = "torch"


def take_turns(
    workers: dict[str, Worker], repeats: int, slice_seconds: float, budget: float = np.inf, pause: float | None = None
) -> dict[str, np.ndarray]:
    """Return the seconds of one run: for each worker, ``repeats`` slices of about ``slice_seconds``, in turns.

    Where a run is longer than a slice, there are as many repeats as take ``budget`` seconds in all, but ``FEWEST``.
    """
    pause = PAUSE if pause is None else pause
    iterations, round_seconds = {}, 0.0
    for name, worker in workers.items():
        time.sleep(pause)
        once = worker.ask(time=1)["seconds"]
        if once < slice_seconds:
            once = min(once, worker.ask(time=1)["seconds"], worker.ask(time=1)["seconds"])
        iterations[name] = max(1, round(slice_seconds / once))
        round_seconds += iterations[name] * once
    if repeats * round_seconds > budget:
        repeats = min(repeats, max(FEWEST, int(budget / round_seconds)))
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for repeat in range(repeats):
        order = list(workers) if repeat % 2 else list(workers)[::-1]
        for name in order:
            seconds[name].append(workers[name].ask(time=iterations[name])["seconds"])
            time.sleep(pause)
    return {name: np.array(times) for name, times in seconds.items()}


def measure(case: Case, workers: dict[str, Worker], threads: int, repeats: int, slice_seconds: float,
            peak: Case, memory: bool = False) -> Result:  # fmt: skip
    """Run ``case`` in turns with PyTorch or what it stands beside, and with the peak if ``workers`` has one for it."""
    if case.beside == "torch":
        for name in ("minidet", "torch"):
            workers[name].ask(build=case.name)
    else:
        check_scores(case, {name: workers[name] for name in ("minidet", "torch", case.beside)})
    turns = {name: worker for name, worker in workers.items() if name in ("minidet", case.beside, "peak")}
    seconds = take_turns(turns, repeats, slice_seconds, pause=LONG_PAUSE if "onnx" in turns else None)
    growth = {name: memory_growth(case, name, threads) if memory else -1 for name in ("minidet", "torch")}
    low, ratio, high = (float(q) for q in np.percentile(seconds[case.beside] / seconds["minidet"], (25, 50, 75)))
    mine, theirs = (float(np.median(seconds[name])) for name in ("minidet", case.beside))
    share = 0.0
    if "peak" in workers:
        share = float(np.median(case.flops / seconds["minidet"] / (peak.flops / seconds["peak"])))
    return Result(case.name, case.part, threads, repeats, ratio, low, high, mine, theirs, case.flops / mine / 1e9,
                  share, growth["minidet"], growth["torch"], case.beside)  # fmt: skip


def check_scores(case: Case, workers: dict[str, Worker]) -> None:
    """Build ``case`` in every worker, or raise unless they agree: what computes something else is not to be timed."""
    scores = {}
    for name, worker in workers.items():
        worker.ask(build=case.name)
        scores[name] = np.array(worker.ask(scores=True)["scores"])
    for name, other in scores.items():
        if other.shape != scores["minidet"].shape or not np.abs(other - scores["minidet"]).max() <= TOLERANCE:
            raise RuntimeError(f"benchmarks: {case.name}: the scores of {name} are not minidet's, to {TOLERANCE}")


def memory_growth(case: Case, backend: str, threads: int) -> int:
    """Return the bytes by which ``case`` lets a new, warmed process grow, or -1 where that cannot be told."""
    with Worker(backend, threads) as worker:
        return worker.ask(peak=case.name)["bytes"]


def geometric_mean(values) -> float:
    """Return exp(mean(log(values)))."""
    return float(np.exp(np.mean(np.log(list(values)))))
