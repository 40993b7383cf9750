"""Gaussian smoothing and its derivatives in plain NumPy: one dimension after the other, the border mirrored."""

from __future__ import annotations

import math

import numpy as np


def taps(sigma, derivative=False):
    """Return the weights of a Gaussian, or of its derivative, at distances 0, 1, ... up to four sigma: (r + 1,)."""
    distance = np.arange(int(4 * sigma + 0.5) + 1)
    if sigma == 0:
        return np.ones(1)
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    weights /= weights[0] + 2 * math.fsum(weights[1:])
    return weights * distance / sigma**2 if derivative else weights


def correlate(x, weights, axis, sign=1):
    """Sum ``weights[i] (x[+i] + sign x[-i])`` along an axis; what lies outside is mirrored at the border's edge."""
    size, reach = x.shape[axis], len(weights) - 1
    pad = [(reach, reach) if i == axis else (0, 0) for i in range(x.ndim)]
    padded = np.moveaxis(np.pad(x, pad, mode="symmetric"), axis, 0)
    out = weights[0] * padded[reach : reach + size]
    for i in range(1, reach + 1):
        out = out + weights[i] * (padded[reach + i :][:size] + sign * padded[reach - i :][:size])
    return np.moveaxis(out, 0, axis)


def gaussian(x, sigma):
    """Smooth each plane of float64 (C, H, W)."""
    return correlate(correlate(x, taps(sigma), 1), taps(sigma), 2)


def gradients(x, sigma):
    """Return the derivatives of the smoothed planes along x and y: two arrays (C, H, W)."""
    smooth, slope = taps(sigma), taps(sigma, derivative=True)
    return correlate(correlate(x, smooth, 1), slope, 2, -1), correlate(correlate(x, smooth, 2), slope, 1, -1)
