"""Normalisation of (N, C, S) images; S is all pixels of a plane.

batch_norm                                       its gradient
    for channel (parallel)                           for channel (parallel)
      sum, then squares about the mean                 sums of g and g * (x - mean)
      out = (x - mean) * scale + bias                  dx = scale * g - a - b * (x - mean)

A channel's planes fit into the cache, so that its second and third pass do not go back to memory. group_norm does the
same for (image, group) in the place of channel; local_response_norm works on blocks of pixels across all channels.

Sums are kept in float64, and each belongs to one turn of the parallel loop: no result depends on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from .launch.jit import jit, parallel

BLOCK = 512  # pixels: one block of 64 channels is 128 KB


@jit
def _sum(row):
    total = 0.0
    for i in range(row.size):
        total += row[i]
    return total


@jit
def _squares(row, mean):
    total = 0.0
    for i in range(row.size):
        d = row[i] - mean
        total += d * d
    return total


@jit
def _dot(grad, row, mean):
    """Return the sums of grad and of grad * (row - mean)."""
    total, product = 0.0, 0.0
    for i in range(row.size):
        total += grad[i]
        product += grad[i] * (row[i] - mean)
    return total, product


@jit
def _normalise(row, mean, scale, bias, out):
    for i in range(row.size):
        out[i] = (row[i] - mean) * scale + bias


@jit
def _normalise_within(row, mean, scale, bias, low, high, out):
    for i in range(row.size):
        value = (row[i] - mean) * scale + bias
        value = low if value <= low else value
        out[i] = high if value >= high else value


@jit
def _add_within(row, low, high, out):
    for i in range(row.size):
        value = out[i] + row[i]
        value = low if value <= low else value
        out[i] = high if value >= high else value


@jit
def _combine(grad, row, scale, a, b, mean, out):
    for i in range(row.size):
        out[i] = grad[i] * scale - a - (row[i] - mean) * b


def _channels_last(*arrays):
    """(N, C, 1) -> (1, C, N): rows worth looping over."""
    return [np.ascontiguousarray(array.transpose(2, 1, 0)) for array in arrays]


def batch_norm(x, weight, bias, eps):
    """Normalise each channel over N and S. Return ``(out, mean, variance)``; the last two (C,) float64, biased."""
    if x.shape[2] == 1 and x.shape[0] > 1:
        out, mean, variance = batch_norm(*_channels_last(x), weight, bias, eps)
        return _channels_last(out)[0], mean, variance
    out, mean, variance = np.empty_like(x), np.empty(x.shape[1]), np.empty(x.shape[1])
    _batch_norm(x, weight, bias, float(eps), out, mean, variance)
    return out, mean, variance


@parallel
def _batch_norm(x, weight, bias, eps, out, means, variances):
    """Per channel: the sum, the squares about the mean (E[x^2] - mean^2 would lose digits), then the result."""
    n, c, s = x.shape
    cast = x.dtype.type
    for j in prange(c):
        total, squares = 0.0, 0.0
        for i in range(n):
            total += _sum(x[i, j])
        mean = cast(total / (n * s))
        for i in range(n):
            squares += _squares(x[i, j], mean)
        means[j], variances[j] = total / (n * s), squares / (n * s)
        scale = cast(weight[j] / np.sqrt(variances[j] + eps))
        for i in range(n):
            _normalise(x[i, j], mean, scale, bias[j], out[i, j])


def batch_norm_eval(x, mean, variance, weight, bias, eps, low=-math.inf, high=math.inf, other=None):
    """Normalise x (N, C, ...) with given statistics (C,): (x - mean) / sqrt(variance + eps) * weight + bias.

    Then add ``other``, of x's shape, if there is one. What is below ``low`` or above ``high`` becomes that; NaN stays.
    """
    out, shape, cast = np.empty_like(x), (*x.shape[:2], math.prod(x.shape[2:])), x.dtype.type
    x, limits, result = x.reshape(shape), (cast(low), cast(high)), out.reshape(shape)
    statistics = mean, variance, weight, bias, float(eps)
    if other is None:
        _batch_norm_eval(x, *statistics, *limits, result)
    else:
        _batch_norm_add_eval(x, *statistics, other.reshape(shape), *limits, result)
    return out


@jit
def _scale(variance, weight, eps):
    return 1 / np.sqrt(np.float64(variance) + eps) * weight


@parallel
def _batch_norm_eval(x, mean, variance, weight, bias, eps, low, high, out):
    n, c, _ = x.shape
    cast = x.dtype.type
    for t in prange(n * c):
        i, j = np.int64(t) // c, np.int64(t) % c
        scale = cast(_scale(variance[j], weight[j], eps))
        _normalise_within(x[i, j], mean[j], scale, bias[j], low, high, out[i, j])


@parallel
def _batch_norm_add_eval(x, mean, variance, weight, bias, eps, other, low, high, out):
    n, c, _ = x.shape
    cast = x.dtype.type
    for t in prange(n * c):
        i, j = np.int64(t) // c, np.int64(t) % c
        scale = cast(_scale(variance[j], weight[j], eps))
        _normalise(x[i, j], mean[j], scale, bias[j], out[i, j])  # a loop of its own: one sum of three has other bits
        _add_within(other[i, j], low, high, out[i, j])


def batch_norm_grad(grad, x, mean, invstd, weight, training):
    """Return ``(dx, dweight, dbias)``. In training, the statistics depend on x too."""
    if x.shape[2] == 1 and x.shape[0] > 1:
        dx, dweight, dbias = batch_norm_grad(*_channels_last(grad, x), mean, invstd, weight, training)
        return _channels_last(dx)[0], dweight, dbias
    dx, dweight, dbias = np.empty_like(x), np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    _batch_norm_grad(grad, x, mean.astype(np.float64), invstd.astype(np.float64), weight, training, dx, dweight, dbias)
    return dx, dweight, dbias


@parallel
def _batch_norm_grad(grad, x, means, invstds, weight, training, dx, dweight, dbias):
    """``dx = scale (g - avg(g) - (x - mean) invstd^2 avg(g (x - mean)))``; outside training both averages are 0."""
    n, c, s = x.shape
    cast = x.dtype.type
    for j in prange(c):
        mean, scale = cast(means[j]), cast(invstds[j] * weight[j])
        total, product = 0.0, 0.0
        for i in range(n):
            sums = _dot(grad[i, j], x[i, j], mean)
            total += sums[0]
            product += sums[1]
        dweight[j], dbias[j] = product * invstds[j], total
        count = n * s if training else np.inf
        a = cast(scale * total / count)
        b = cast(scale * product * invstds[j] * invstds[j] / count)
        for i in range(n):
            _combine(grad[i, j], x[i, j], scale, a, b, mean, dx[i, j])


def group_norm(x, groups, weight, bias, eps):
    """Normalise each group of channels of each image. Return ``(out, mean, invstd)``; the last two (N, G) float64."""
    out, mean, invstd = np.empty_like(x), np.empty((x.shape[0], groups)), np.empty((x.shape[0], groups))
    _group_norm(x, weight, bias, float(eps), out, mean, invstd)
    return out, mean, invstd


@parallel
def _group_norm(x, weight, bias, eps, out, means, invstds):
    """As ``_batch_norm``, over a group of channels in one image; weight and bias belong to a channel as ever."""
    n, c, s = x.shape
    groups = means.shape[1]
    size = c // groups
    cast = x.dtype.type
    for t in prange(n * groups):
        i, k = np.int64(t) // groups, np.int64(t) % groups
        total, squares = 0.0, 0.0
        for j in range(k * size, (k + 1) * size):
            total += _sum(x[i, j])
        mean = cast(total / (size * s))
        for j in range(k * size, (k + 1) * size):
            squares += _squares(x[i, j], mean)
        means[i, k], invstds[i, k] = total / (size * s), 1 / np.sqrt(squares / (size * s) + eps)
        for j in range(k * size, (k + 1) * size):
            _normalise(x[i, j], mean, cast(invstds[i, k] * weight[j]), bias[j], out[i, j])


def group_norm_grad(grad, x, mean, invstd, weight):
    """Return ``(dx, dweight, dbias)``."""
    dx, totals, products = np.empty_like(x), np.empty(x.shape[:2]), np.empty(x.shape[:2])
    _group_norm_grad(grad, x, mean, invstd, weight, dx, totals, products)
    return dx, products.sum(axis=0).astype(x.dtype), totals.sum(axis=0).astype(x.dtype)


@parallel
def _group_norm_grad(grad, x, means, invstds, weight, dx, totals, products):
    """As ``_batch_norm_grad``, with g * weight for g; keeps each channel's sums: dbias and dweight add them up."""
    n, c, s = x.shape
    groups = means.shape[1]
    size = c // groups
    cast = x.dtype.type
    for t in prange(n * groups):
        i, k = np.int64(t) // groups, np.int64(t) % groups
        mean, invstd = cast(means[i, k]), invstds[i, k]
        total, product = 0.0, 0.0
        for j in range(k * size, (k + 1) * size):
            sums = _dot(grad[i, j], x[i, j], mean)
            totals[i, j], products[i, j] = sums[0], sums[1] * invstd
            total += sums[0] * weight[j]
            product += sums[1] * weight[j]
        a = cast(invstd * total / (size * s))
        b = cast(invstd * invstd * invstd * product / (size * s))
        for j in range(k * size, (k + 1) * size):
            _combine(grad[i, j], x[i, j], cast(invstd * weight[j]), a, b, mean, dx[i, j])


def local_response_norm(x, size, alpha, beta, k):
    """Divide by (k + alpha * mean of x^2 over a window of ``size`` channels) ** beta. Return ``(out, base)``."""
    out, base = np.empty_like(x), np.empty_like(x)
    _local_response_norm(x, size, *(x.dtype.type(value) for value in (alpha / size, beta, k)), out, base)
    return out, base


@parallel
def _local_response_norm(x, size, alpha, beta, k, out, base):
    """``base[c] = k + alpha (sum of x^2 over the window of c)``, ``out = x base ** -beta``; alpha includes 1 / size."""
    n, c, s = x.shape
    blocks = (s + BLOCK - 1) // BLOCK
    for t in prange(n * blocks):
        i, low = np.int64(t) // blocks, np.int64(t) % blocks * BLOCK
        high = min(low + BLOCK, s)
        for j in range(c):
            squares = base[i, j, low:high]
            for m in range(squares.size):
                squares[m] = 0
            for q in range(max(j - size // 2, 0), min(j + (size - 1) // 2 + 1, c)):
                _add_squares(x[i, q, low:high], squares)
            for m in range(squares.size):
                squares[m] = k + alpha * squares[m]
            _times_power(x[i, j, low:high], squares, beta, out[i, j, low:high])


@jit
def _add_squares(row, out):
    for m in range(out.size):
        out[m] += row[m] * row[m]


@jit
def _times_power(row, base, beta, out):
    """Write row * base ** -beta. The paper's beta, 0.75, is made of square roots, which are vector instructions."""
    if beta == 0.75:
        for m in range(out.size):
            root = np.sqrt(base[m])
            out[m] = row[m] / (root * np.sqrt(root))
    else:
        for m in range(out.size):
            out[m] = row[m] * base[m] ** -beta


def local_response_norm_grad(grad, x, base, size, alpha, beta):
    """Return dx. A pixel feeds its own output, and the denominator of every channel whose window holds it."""
    dx, work = np.empty_like(x), np.empty_like(x)
    _local_response_norm_grad(
        grad, x, base, size, *(x.dtype.type(v) for v in (2 * alpha * beta / size, beta)), work, dx
    )
    return dx


@parallel
def _local_response_norm_grad(grad, x, base, size, factor, beta, work, dx):
    """``dx[c] = d[c] - factor x[c] (sum of d x / base over the windows that hold c)``, ``d = g base ** -beta``."""
    n, c, s = x.shape
    blocks = (s + BLOCK - 1) // BLOCK
    for t in prange(n * blocks):
        i, low = np.int64(t) // blocks, np.int64(t) % blocks * BLOCK
        high = min(low + BLOCK, s)
        for j in range(c):
            direct, reached = dx[i, j, low:high], work[i, j, low:high]
            _times_power(grad[i, j, low:high], base[i, j, low:high], beta, direct)
            for m in range(direct.size):
                reached[m] = direct[m] * x[i, j, low + m] / base[i, j, low + m]
        for j in range(c):
            for q in range(max(j - (size - 1) // 2, 0), min(j + size // 2 + 1, c)):
                _subtract_product(x[i, j, low:high], work[i, q, low:high], factor, dx[i, j, low:high])


@jit
def _subtract_product(row, reached, factor, out):
    for m in range(out.size):
        out[m] -= factor * row[m] * reached[m]
