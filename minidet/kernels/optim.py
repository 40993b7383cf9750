"""One step of an optimiser over one parameter, and the squared length of a gradient.

sgd, adam                              sum_of_squares
  for block (parallel)                   for block (parallel)
    for element      <- SIMD               add up in float64     <- SIMD
      everything at once                 add up the blocks, in order

An update is a handful of operations per number, so memory is the limit: operation by operation, SGD with momentum
and weight decay reads and writes a parameter's arrays ten times; here every number is read once and written once. Small
parameters are not worth waking the threads for.

All arrays are flat, contiguous and of one dtype. Blocks do not depend on the number of threads, so nor does any result.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from .launch.jit import jit, parallel

BLOCK = 16384  # elements: a block of four float32 arrays stays in the L2 cache
PARALLEL_FROM = 4 * BLOCK


def sgd(param, grad, buffer, lr, weight_decay, momentum, decay, gain, nesterov, sign):
    """Change ``param`` and ``buffer`` (None without momentum) in place: see ``kernels.reference.optim.sgd``."""
    large = param.size >= PARALLEL_FROM
    if buffer is None:
        (_sgd_large if large else _sgd)(param, grad, lr, weight_decay, sign)
    else:
        run = _momentum_large if large else _momentum
        run(param, grad, buffer, lr, weight_decay, momentum, decay, gain, nesterov, sign)


@jit
def _sgd(param, grad, lr, weight_decay, sign):
    real = param.dtype.type
    lr, weight_decay, sign = real(lr), real(weight_decay), real(sign)
    for i in range(param.size):
        param[i] -= lr * (sign * grad[i] + weight_decay * param[i])


@parallel
def _sgd_large(param, grad, lr, weight_decay, sign):
    for block in prange((param.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, min((block + 1) * BLOCK, param.size))
        _sgd(param[part], grad[part], lr, weight_decay, sign)


@jit
def _momentum(param, grad, buffer, lr, weight_decay, momentum, decay, gain, nesterov, sign):
    real = param.dtype.type
    lr, weight_decay, sign = real(lr), real(weight_decay), real(sign)
    momentum, decay, gain = real(momentum), real(decay), real(gain)
    for i in range(param.size):
        d = sign * grad[i] + weight_decay * param[i]
        v = decay * buffer[i] + gain * d
        buffer[i] = v
        param[i] -= lr * (d + momentum * v if nesterov else v)


@parallel
def _momentum_large(param, grad, buffer, lr, weight_decay, momentum, decay, gain, nesterov, sign):
    for block in prange((param.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, min((block + 1) * BLOCK, param.size))
        _momentum(
            param[part], grad[part], buffer[part], lr, weight_decay, momentum, decay, gain, nesterov, sign
        )  # fmt: skip


def adam(param, grad, mean, square, largest, lr, beta1, beta2, eps, l2, shrink, correction, sign):
    """Change all arrays but ``grad`` in place (``largest`` may be None): see ``kernels.reference.optim.adam``."""
    run = _adam_large if param.size >= PARALLEL_FROM else _adam
    amsgrad = largest is not None
    largest = largest if amsgrad else square
    run(param, grad, mean, square, largest, amsgrad, lr, beta1, beta2, eps, l2, shrink, correction, sign)


@jit
def _adam(param, grad, mean, square, largest, amsgrad, lr, beta1, beta2, eps, l2, shrink, correction, sign):
    """Take the step in one pass over the numbers. Without ``amsgrad``, ``largest`` is only there to have a type."""
    real = param.dtype.type
    lr, new_mean, new_square, beta2 = real(lr), real(1 - beta1), real(1 - beta2), real(beta2)
    eps, l2, shrink, correction, sign = real(eps), real(l2), real(shrink), real(correction), real(sign)
    for i in range(param.size):
        d = sign * grad[i] + l2 * param[i]
        m = mean[i] + new_mean * (d - mean[i])
        v = beta2 * square[i] + new_square * (d * d)
        mean[i] = m
        square[i] = v
        if amsgrad:
            v = largest[i] if largest[i] > v else v
            largest[i] = v
        param[i] = shrink * param[i] - lr * (m / (math.sqrt(v) / correction + eps))


@parallel
def _adam_large(param, grad, mean, square, largest, amsgrad, lr, beta1, beta2, eps, l2, shrink, correction, sign):
    for block in prange((param.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, min((block + 1) * BLOCK, param.size))
        _adam(
            param[part], grad[part], mean[part], square[part], largest[part], amsgrad,
            lr, beta1, beta2, eps, l2, shrink, correction, sign,
        )  # fmt: skip


def sum_of_squares(x):
    """Return the sum of the squares of a flat array as a Python float, added up in float64."""
    if x.size < PARALLEL_FROM:
        return _squares(x)
    sums = np.empty((x.size + BLOCK - 1) // BLOCK)
    _squares_large(x, sums)
    return float(sums.sum())


@jit
def _squares(x):
    total = 0.0
    for i in range(x.size):
        value = np.float64(x[i])
        total += value * value
    return total


@parallel
def _squares_large(x, sums):
    for block in prange(sums.size):
        sums[block] = _squares(x[block * BLOCK : min((block + 1) * BLOCK, x.size)])
