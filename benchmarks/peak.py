"""The machine's own multiply-add peak: fused multiply-adds on registers alone, nothing loaded or stored."""

from __future__ import annotations

import os
import subprocess
import sys


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

    from minidet.kernels.simd import LANES_FLOAT32, multiply_add_loop

    threads = numba.get_num_threads()
    iterations = 2_000_000
    out = np.zeros((threads, 16), np.float32)
    best = 0.0
    for _ in range(8):
        start = time.perf_counter()
        chains = multiply_add_loop(iterations, out)
        seconds = time.perf_counter() - start
        best = max(best, 2.0 * LANES_FLOAT32 * chains * iterations * threads / seconds / 1e9)
    print(best)


if __name__ == "__main__":
    main()
