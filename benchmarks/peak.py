"""The machine's own multiply-add peak: the kernels' register tile on operands that stay in the first-level cache.

It takes turns with what is measured, like PyTorch: on a machine that others use too, the peak of one minute may be
half of the next one's.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from .cases import Case

DEPTH = 128  # (4 + 24) * 128 floats: 14 KiB; (8 + 48) * 128 with AVX-512: 28 KiB
REPEATS = 2_000  # tiles in one call, per thread: about a millisecond


@functools.cache
def _loop():
    import numba

    from minidet.kernels.simd.tiles import DENSE_LANES, dense_tile

    @numba.njit(parallel=True)
    def loop(threads, out, a, b):
        for thread in numba.prange(threads):
            for _ in range(REPEATS):
                dense_tile(out[thread], 0, DENSE_LANES, a, 0, b, 0, DEPTH, 0)

    return loop


def _build(_backend):
    import numba
    import numpy as np

    from minidet.kernels.launch.workspace import take
    from minidet.kernels.simd.tiles import DENSE_LANES, DENSE_ROWS

    threads = numba.get_num_threads()
    out = np.zeros((threads, 2 * DENSE_ROWS * DENSE_LANES), np.float32)
    a, b = np.ones(DEPTH * DENSE_ROWS, np.float32), take("peak", DEPTH * DENSE_LANES, np.float32)
    b[:] = 1
    return lambda: _loop()(threads, out, a, b)


PEAK = Case("peak", "peak", _build)


def peak_case(threads: int) -> Case:
    """Return the case whose speed is the peak of ``threads`` threads; PyTorch's process must not import this."""
    from minidet.kernels.simd.tiles import DENSE_LANES, DENSE_ROWS

    return replace(PEAK, flops=2.0 * DENSE_ROWS * DENSE_LANES * DEPTH * REPEATS * threads)
