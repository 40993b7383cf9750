"""Sums of many numbers that lose no digits.

NumPy adds pairwise along the axis whose numbers are neighbours in memory, and one after the other along any other. In
float32 the latter stops at 2^24: one more 1 changes nothing. Here the rows of such an axis are added up in blocks,
and the blocks' sums in float64, which is also faster where rows are short.
"""

from __future__ import annotations

import math

import numpy as np

SINGLE = np.dtype(np.float32)
SHORT = 512  # numbers, up to which adding one after the other costs no more than the last digits
BLOCK = 64  # rows that are added up in float32
WIDE = 1024  # numbers, so many at a time that NumPy's inner loop is long, and so few that they stay in the cache


def total(x: np.ndarray, axes: tuple[int, ...], keepdims: bool = False):
    """Return ``x.sum(axis=axes, keepdims=keepdims)``, to the last digits of x's dtype, however many numbers there are.

    ``axes`` ascend in [0, x.ndim). Other dtypes than float32 are NumPy's affair: float64 has digits to spare.
    """
    if x.size <= SHORT or x.dtype != SINGLE:
        return x.sum(axis=axes, keepdims=keepdims)
    lengths = x.shape
    kept = x.ndim - len(axes)
    if (x.flags.c_contiguous and axes[:1] == (kept,)) or (kept == 0 and x.flags.forc):  # pairwise as it is
        return x.sum(axis=axes, keepdims=keepdims)
    if math.prod([lengths[axis] for axis in axes]) <= SHORT:
        return x.sum(axis=axes, keepdims=keepdims)
    if x.flags.c_contiguous:
        out = _contiguous(x, axes).astype(SINGLE)
    else:
        out = _any_layout(x, axes).astype(SINGLE)
    return out if keepdims else out.reshape([length for axis, length in enumerate(lengths) if axis not in axes])


def _any_layout(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sum over ``axes``, and keep them: with the axes as they lie in memory, and copies counted instead of added."""
    shape = [1 if axis in axes else length for axis, length in enumerate(x.shape)]
    x, factor = _without_copies(x, axes)
    order = sorted(range(x.ndim), key=[-abs(stride) for stride in x.strides].__getitem__)
    out = _contiguous(np.ascontiguousarray(x.transpose(order)), [order.index(axis) for axis in axes])
    return np.broadcast_to((out * factor).transpose(np.argsort(order)), shape)


def _without_copies(x: np.ndarray, axes) -> tuple[np.ndarray, float]:
    """Return x with length 1 along axes that broadcasting made, and how many copies were among the summands."""
    if 0 not in x.strides:
        return x, 1.0
    copied = [stride == 0 and length > 1 for stride, length in zip(x.strides, x.shape, strict=True)]
    factor = math.prod([x.shape[axis] for axis in axes if copied[axis]])
    return x[tuple(slice(1) if copy else slice(None) for copy in copied)], float(factor)


def _contiguous(x: np.ndarray, axes) -> np.ndarray:
    """Sum over ``axes``, and keep them; neighbouring ones are one long axis."""
    shape, left = list(x.shape), sorted(axes)
    while left:
        last = first = left.pop()
        while left and left[-1] == first - 1:
            first = left.pop()
        around = math.prod(shape[:first]), math.prod(shape[last + 1 :])
        x = _middle(x.reshape(around[0], math.prod(shape[first : last + 1]), around[1]))
        shape[first : last + 1] = [1] * (last + 1 - first)
    return x.reshape(shape)


def _middle(x: np.ndarray) -> np.ndarray:
    """Sum x (A, M, N) over M: the sum of ``x.reshape(A, M / 64, 64, N)`` over its third axis, then over the second."""
    a, m, n = x.shape
    if n == 1 or m <= SHORT or x.dtype != SINGLE:
        return x.reshape(a, m).sum(axis=1) if n == 1 else x.sum(axis=1)
    many = max(1, min(WIDE // n, m // BLOCK))  # blocks side by side: rows that are neighbours belong to different ones
    full = m // (BLOCK * many) * BLOCK * many
    blocks = x[:, :full].reshape(a, full // (BLOCK * many), BLOCK, many * n).sum(axis=2).reshape(a, full // BLOCK, n)
    out = blocks.sum(axis=1, dtype=np.float64)
    return out if full == m else out + _middle(x[:, full:])
