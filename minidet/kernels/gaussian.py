"""Gaussian smoothing and its derivatives: one dimension after the other.

    for row: for tap: out[row] += tap (row above + row below)       along y: whole rows, which stand as they are
    for row: pad it;  for tap: out[row] += tap (shifted right + shifted left)

Both inner loops run along x, over neighbours in memory.
"""

from __future__ import annotations

import numpy as np

from .launch.jit import jit
from .reference.gaussian import taps

__all__ = ["gaussian", "gradients"]


def gaussian(x, sigma):
    """Smooth each plane of float64 (C, H, W)."""
    weights = taps(sigma)
    return _along_x(_along_y(x, weights, 1.0), weights, 1.0)


def gradients(x, sigma):
    """Return the derivatives of the smoothed planes along x and y: two arrays (C, H, W)."""
    smooth, slope = taps(sigma), taps(sigma, derivative=True)
    return _along_x(_along_y(x, smooth, 1.0), slope, -1.0), _along_y(_along_x(x, smooth, 1.0), slope, -1.0)


@jit
def _mirrored(i, size):
    """Return the index that stands for i outside of [0, size): ... 1 0 | 0 1 2 | 2 1 0 | 0 1 ..."""
    i = i % (2 * size)
    return min(i, 2 * size - 1 - i)


@jit
def _along_y(x, weights, sign):
    out = np.empty_like(x)
    height, width = x.shape[1:]
    for c in range(x.shape[0]):
        for y in range(height):
            row = out[c, y]
            for j in range(width):
                row[j] = weights[0] * x[c, y, j]
            for i in range(1, weights.size):
                after, before = x[c, _mirrored(y + i, height)], x[c, _mirrored(y - i, height)]
                for j in range(width):
                    row[j] += weights[i] * (after[j] + sign * before[j])
    return out


@jit
def _along_x(x, weights, sign):
    out = np.empty_like(x)
    height, width = x.shape[1:]
    reach = weights.size - 1
    padded = np.empty(width + 2 * reach, x.dtype)
    for c in range(x.shape[0]):
        for y in range(height):
            row = out[c, y]
            padded[reach : reach + width] = x[c, y]
            for i in range(reach):
                padded[reach - 1 - i] = x[c, y, _mirrored(-1 - i, width)]
                padded[reach + width + i] = x[c, y, _mirrored(width + i, width)]
            for j in range(width):
                row[j] = weights[0] * padded[reach + j]
            for i in range(1, reach + 1):
                after, before = padded[reach + i :], padded[reach - i :]
                for j in range(width):
                    row[j] += weights[i] * (after[j] + sign * before[j])
    return out
