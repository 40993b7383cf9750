"""Normalisation in plain NumPy. Images come as (N, C, S): S is all pixels of a plane. Sums are kept in float64.

Batch norm and group norm differ only in the axes they average over:
    xhat = (x - mean) * invstd,  invstd = 1 / sqrt(variance + eps),  out = xhat * weight + bias.
Weight and bias are (C,) arrays; ones and zeros if there are none.
"""

from __future__ import annotations

import numpy as np


def _column(values, like):
    return np.asarray(values)[:, None].astype(like.dtype)  # (C,) -> (C, 1)


def batch_norm(x, weight, bias, eps):
    """Normalise each channel over N and S. Return ``(out, mean, variance)``; the last two (C,) float64, biased."""
    mean = x.mean(axis=(0, 2), dtype=np.float64)
    variance = np.square(x - mean[:, None]).mean(axis=(0, 2))
    return batch_norm_eval(x, mean, variance, weight, bias, eps), mean, variance


def batch_norm_eval(x, mean, variance, weight, bias, eps, low=-np.inf, high=np.inf, other=None):
    """Normalise x (N, C, ...) with given statistics (C,): (x - mean) / sqrt(variance + eps) * weight + bias.

    Then add ``other``, of x's shape, if there is one. What is below ``low`` or above ``high`` becomes that; NaN stays.
    """
    scale = 1 / np.sqrt(np.asarray(variance, np.float64) + eps) * weight
    mean, scale, bias = (_column(each, x).reshape(-1, *[1] * (x.ndim - 2)) for each in (mean, scale, bias))
    out = (x - mean) * scale + bias
    return np.clip(out if other is None else out + other, x.dtype.type(low), x.dtype.type(high))


def batch_norm_grad(grad, x, mean, invstd, weight, training):
    """Return ``(dx, dweight, dbias)``. In training, the statistics depend on x too."""
    xhat = (x - mean[:, None]) * invstd[:, None]
    dbias = grad.sum(axis=(0, 2), dtype=np.float64)
    dweight = (grad * xhat).sum(axis=(0, 2))
    dx = grad
    if training:
        count = max(x.shape[0] * x.shape[2], 1)
        dx = grad - dbias[:, None] / count - xhat * dweight[:, None] / count
    dx = dx * (invstd * weight)[:, None]
    return dx.astype(x.dtype), dweight.astype(x.dtype), dbias.astype(x.dtype)


def group_norm(x, groups, weight, bias, eps):
    """Normalise each group of channels of each image. Return ``(out, mean, invstd)``; the last two (N, G) float64."""
    n, c, s = x.shape
    blocks = x.reshape(n, groups, c // groups * s)
    mean = blocks.mean(axis=2, dtype=np.float64)
    invstd = 1 / np.sqrt(np.square(blocks - mean[:, :, None]).mean(axis=2) + eps)
    xhat = ((blocks - mean[:, :, None]) * invstd[:, :, None]).reshape(n, c, s)
    return (xhat * weight[:, None] + bias[:, None]).astype(x.dtype), mean, invstd


def group_norm_grad(grad, x, mean, invstd, weight):
    """Return ``(dx, dweight, dbias)``."""
    (n, c, s), groups = x.shape, mean.shape[1]
    shape = (n, groups, c // groups * s)
    xhat = (x.reshape(shape) - mean[:, :, None]) * invstd[:, :, None]
    g = (grad * _column(weight, grad)).reshape(shape).astype(np.float64)
    dx = g - g.mean(axis=2, keepdims=True) - xhat * (g * xhat).mean(axis=2, keepdims=True)
    dx = (dx * invstd[:, :, None]).reshape(n, c, s)
    dweight = (grad * xhat.reshape(n, c, s)).sum(axis=(0, 2))
    return dx.astype(x.dtype), dweight.astype(x.dtype), grad.sum(axis=(0, 2), dtype=np.float64).astype(x.dtype)


def local_response_norm(x, size, alpha, beta, k):
    """Divide by (k + alpha * mean of x^2 over a window of ``size`` channels) ** beta. Return ``(out, base)``."""
    before, after = size // 2, (size - 1) // 2
    base = k + alpha * _window_sum(np.square(x), before, after) / size
    base = base.astype(x.dtype)
    return (x * base ** x.dtype.type(-beta)), base


def local_response_norm_grad(grad, x, base, size, alpha, beta):
    """Return dx. A pixel feeds its own output, and the denominator of every channel whose window holds it."""
    before, after = size // 2, (size - 1) // 2
    power = base ** x.dtype.type(-beta)
    reached = _window_sum(grad * x * power / base, after, before)
    return (grad * power - x.dtype.type(2 * alpha * beta / size) * x * reached).astype(x.dtype)


def _window_sum(x, before, after):
    """Sum over channels c - before .. c + after."""
    padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
    return sum(padded[:, i : i + x.shape[1]] for i in range(before + after + 1))
