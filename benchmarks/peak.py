"""The machine's own multiply-add peak: the kernels' register tile on operands that stay in the first-level cache."""

from __future__ import annotations

import os
import subprocess
import sys

DEPTH = 128  # (4 + 24) * 128 floats: 14 KiB
REPEATS = 20_000


def measured_peak(threads: int) -> float:
    """Return the float32 peak of ``threads`` threads, in GFLOP/s, measured in a process of its own."""
    environment = {**os.environ, "NUMBA_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "benchmarks.peak"]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the best of several runs."""
    import time

    import numba
    import numpy as np

    from minidet.kernels.simd import DENSE_LANES, DENSE_ROWS, dense_tile

    @numba.njit(parallel=True)
    def loop(threads, out, a, b):
        for thread in numba.prange(threads):
            for _ in range(REPEATS):
                dense_tile(out[thread], 0, DENSE_LANES, a, 0, b, 0, DEPTH, 0)

    threads = numba.get_num_threads()
    out = np.zeros((threads, 2 * DENSE_ROWS * DENSE_LANES), np.float32)
    a, b = np.ones(DEPTH * DENSE_ROWS, np.float32), np.ones(DEPTH * DENSE_LANES, np.float32)
    loop(threads, out, a, b)
    best = 0.0
    for _ in range(10):
        start = time.perf_counter()
        loop(threads, out, a, b)
        seconds = time.perf_counter() - start
        best = max(best, 2.0 * DENSE_ROWS * DENSE_LANES * DEPTH * REPEATS * threads / seconds / 1e9)
    print(best)


if __name__ == "__main__":
    main()
