"""How many numbers of an array lie outside of a range, in one pass over memory, on all threads."""

from __future__ import annotations

import numpy as np
from numba import prange

from .launch.jit import jit, parallel
from .reference import outside as reference

SMALL = 1 << 14
PARTS = 64  # more than threads, so that each has as many


def outside(x, low, high):
    """Return how many numbers of a contiguous x of any shape are below ``low`` or above ``high``; NaN is neither."""
    if x.size < SMALL:
        return reference.outside(x, low, high)
    counts, cast = np.empty(PARTS, np.int64), x.dtype.type
    _outside(x.reshape(-1), cast(low), cast(high), counts)
    return int(counts.sum())


@parallel
def _outside(x, low, high, counts):
    for part in prange(counts.size):
        counts[part] = _count(x[part * x.size // counts.size : (part + 1) * x.size // counts.size], low, high)


@jit
def _count(row, low, high):
    count = row.dtype.type(0)  # a float: it sits in a SIMD lane of the same width as the numbers
    for i in range(row.size):
        count += row.dtype.type(1) if (row[i] < low) | (row[i] > high) else row.dtype.type(0)
    return np.int64(count)
