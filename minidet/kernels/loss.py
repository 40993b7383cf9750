"""The cross entropy of class scores, and its gradient, in one go.

::

    for image, for block of pixels (parallel)        the block's scores and gradients stay in the cache
      for class   largest score                      pixel by pixel, all loops along pixels: vectorised
      for class   e = exp(score - largest), sum
      for pixel   loss; factor = scale * weight / sum
      for class   dx = e * factor
      for pixel   dx[target] -= scale * weight; 0 where the target does not count

One exponential per score serves loss and gradient. The exponential is a polynomial: the C library's is one call per
number. Every pixel belongs to one block, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from .launch.jit import jit, parallel

BLOCK = 16384  # scores
RUN = 256  # classes that are summed in the scores' precision; what comes of it, in float64

LOG2_E = np.float32(1.4426950408889634)
LN2_HIGH = np.float32(0.693359375)  # ln 2 in two parts: n * LN2_HIGH is exact for small integers n
LN2_LOW = np.float32(-2.12194440e-4)
SMALLEST = np.float32(-87.0)  # exp(-87) = 1.6e-38, almost the smallest normal float32; below it, 0
C6 = np.float32(1.9875691500e-4)  # Cephes' polynomial (Moshier): exp(r) = 1 + r + r^2 P(r), |r| <= ln(2) / 2
C5 = np.float32(1.3981999507e-3)
C4 = np.float32(8.3334519073e-3)
C3 = np.float32(4.1665795894e-2)
C2 = np.float32(1.6666665459e-1)
C1 = np.float32(5.0000001201e-1)
ONE = np.float32(1)
HALF = np.float32(0.5)
ZERO = np.float32(0)


@jit
def _exp(v):
    """Return e^v for v <= 0 to 2e-7, in float32: 2^n e^r, where 2^n is written straight into the exponent's bits."""
    n = np.int32(max(v, SMALLEST) * LOG2_E - HALF)
    r = v - np.float32(n) * LN2_HIGH
    r = r - np.float32(n) * LN2_LOW
    p = ((((C6 * r + C5) * r + C4) * r + C3) * r + C2) * r + C1
    power = np.int32(np.int32(n + np.int32(127)) << np.int32(23)).view(np.float32)
    return ZERO if v < SMALLEST else (p * r * r + r + ONE) * power


@jit
def _largest(row, most):
    for p in range(most.size):
        most[p] = max(most[p], row[p])


@jit
def _exponentials(row, most, e, total):
    if row.itemsize == 4:
        for p in range(total.size):
            value = _exp(row[p] - most[p])
            e[p] = value
            total[p] += value
    else:
        for p in range(total.size):
            value = math.exp(row[p] - most[p])
            e[p] = value
            total[p] += value


@jit
def _weigh(row, most, weight, total):
    for p in range(total.size):
        total[p] += weight * (row[p] - most[p])


@jit
def _flush(sums, whole):
    """Move a run's sums to where they are kept."""
    for p in range(sums.size):
        whole[p] += sums[p]
        sums[p] = 0


@jit
def _losses(x, target, weight, ignore_index, most, total, share, soft, scale, smooth, losses, factor):
    """Write the losses, and the factor from exponential to gradient.

    ``share`` is each class's part of the smoothing, ``soft`` its sum over the classes, ``smooth`` the weighted scores.
    """
    for p in range(target.size):
        y = target[p]
        if y == ignore_index:
            losses[p], factor[p] = 0, 0
            continue
        log_total = math.log(x.dtype.type(total[p]))
        hard = weight[y]
        loss = hard * (log_total + (np.float64(most[p]) - np.float64(x[y, p])))
        if share > 0:
            loss += soft * log_total - smooth[p]
        losses[p] = loss
        factor[p] = scale * (hard + soft) / total[p]


@jit
def _gradients(e, factor, constant):
    for p in range(factor.size):
        e[p] = e[p] * factor[p] - constant


@jit
def _correct(dx, target, weight, ignore_index, scale):
    for p in range(target.size):
        y = target[p]
        if y == ignore_index:
            for k in range(dx.shape[0]):
                dx[k, p] = 0
        else:
            dx[y, p] -= scale * weight[y]


@parallel
def _cross_entropy(x, target, hard, soft, soft_sum, share, ignore_index, scale, length, losses, dx):
    """Fill ``losses`` and ``dx`` block by block: ``length`` positions of one image, whose scores stay in the cache."""
    n, classes, positions = x.shape
    blocks = (positions + length - 1) // length
    wanted = dx.size > 0
    for task in prange(n * blocks):
        i, first = task // blocks, task % blocks * length
        last = min(first + length, positions)
        most = x[i, 0, first:last].copy()
        total = np.zeros(last - first, x.dtype)
        smooth = np.zeros(last - first, x.dtype)
        sums = np.zeros((2, last - first))
        scratch = np.empty(0 if wanted else last - first, x.dtype)
        for k in range(1, classes):
            _largest(x[i, k, first:last], most)
        for k in range(classes):
            _exponentials(x[i, k, first:last], most, dx[i, k, first:last] if wanted else scratch, total)
            if share > 0:
                _weigh(x[i, k, first:last], most, soft[k], smooth)
            if k % RUN == RUN - 1 or k == classes - 1:
                _flush(total, sums[0])
                _flush(smooth, sums[1])
        labels = target[i, first:last]
        _losses(x[i, :, first:last], labels, hard, ignore_index, most, sums[0], share, soft_sum, scale, sums[1],
                losses[i, first:last], total)  # fmt: skip
        if wanted:
            for k in range(classes):
                _gradients(dx[i, k, first:last], total, scale * soft[k] if share > 0 else x.dtype.type(0))
            _correct(dx[i, :, first:last], labels, hard, ignore_index, scale)


def cross_entropy(x, target, weight, ignore_index, smoothing, scale, dx):
    """Return the losses (N, P) of scores x (N, K, P) for the classes target (N, P); fill dx.

    With ``p = softmax(x)`` over K, ``y = target[n, i]``, ``e = smoothing`` and ``w = weight`` (K,)::

        loss[n, i] = -(1 - e) w[y] log p[y] - e / K * sum over k of w[k] log p[k]
        dx[n, k, i] = scale * ((1 - e) w[y] (p[k] - [k = y]) + e / K * (p[k] sum(w) - w[k]))

    Both are 0 where the target is ``ignore_index``. ``dx`` has the shape of x, or no elements: then it is not wanted.
    """
    number = x.dtype.type
    classes = x.shape[1]
    losses = np.empty(target.shape, x.dtype)
    if losses.size:
        length = min(max(64, BLOCK // classes), x.shape[2])
        share = smoothing / classes
        soft = number(share) * weight
        _cross_entropy(x, target, number(1 - smoothing) * weight, soft, float(soft.sum(dtype=np.float64)), share,
                       ignore_index, number(scale), length, losses, dx)  # fmt: skip
    return losses
