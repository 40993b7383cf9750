"""Masks as runs of pixels: what two of them share, in one walk along both.

for pair (parallel)
  while both masks have runs left
    add what the two runs share
    leave the one that ends first
"""

import numpy as np
from numba import prange

from ..launch.jit import parallel

__all__ = ["shared_pixels"]


@parallel
def shared_pixels(starts1, ends1, first1, starts2, ends2, first2, mine, others):
    """Return how many pixels the masks ``mine[p]`` and ``others[p]`` share: see ``reference.regions.rle``."""
    shared = np.zeros(len(mine), np.int64)
    for p in prange(len(mine)):
        i, last1 = first1[mine[p]], first1[mine[p] + 1]
        j, last2 = first2[others[p]], first2[others[p] + 1]
        total = 0
        while i < last1 and j < last2:
            total += max(min(ends1[i], ends2[j]) - max(starts1[i], starts2[j]), 0)
            if ends1[i] < ends2[j]:
                i += 1
            else:
                j += 1
        shared[p] = total
    return shared
