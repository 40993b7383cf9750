"""Masks as runs of pixels, in plain NumPy."""

import numpy as np


def shared_pixels(starts1, ends1, first1, starts2, ends2, first2, mine, others):
    """Return how many pixels the masks ``mine[p]`` and ``others[p]`` share, int64 (P,).

    The runs ``first1[n]`` to ``first1[n + 1]`` are those of mask n; the pixels of one run are ``starts1`` to
    ``ends1 - 1``.
    """
    shared = np.zeros(len(mine), np.int64)
    for p, (a, b) in enumerate(zip(mine, others, strict=True)):
        one, other = slice(first1[a], first1[a + 1]), slice(first2[b], first2[b + 1])
        begin = np.maximum(starts1[one, None], starts2[other])  # of what each two runs share
        end = np.minimum(ends1[one, None], ends2[other])
        shared[p] = np.maximum(end - begin, 0).sum()
    return shared
