"""ReLU, ReLU6 and their gradients: one pass over memory, on all threads.

Below ``SMALL`` numbers waking the threads takes longer than NumPy's own loop.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .launch.jit import parallel
from .reference import activation as reference

SMALL = 1 << 14


@parallel
def _relu(x, out):
    for i in prange(x.size):
        value = x[i]
        out[i] = x.dtype.type(0) if value <= 0 else value  # nan stays nan


@parallel
def _relu_grad(grad, result, out):
    for i in prange(grad.size):
        out[i] = grad.dtype.type(0) if result[i] <= 0 else grad[i]


@parallel
def _relu6(x, out):
    for i in prange(x.size):
        value = x[i]
        value = x.dtype.type(0) if value <= 0 else value  # nan stays nan
        out[i] = x.dtype.type(6) if value >= 6 else value


@parallel
def _relu6_grad(grad, result, out):
    for i in prange(grad.size):
        flat = (result[i] <= 0) | (result[i] >= 6)
        out[i] = grad.dtype.type(0) if flat else grad[i]


def relu(x, out=None):
    """Return max(x, 0), nan where x is nan, for a contiguous x of any shape; in ``out``, which may be x."""
    if x.size < SMALL:
        return reference.relu(x, out)
    out = np.empty_like(x) if out is None else out
    _relu(x.reshape(-1), out.reshape(-1))
    return out


def relu_grad(grad, out):
    """Return grad where the result ``out`` of relu is not 0, else 0; both contiguous."""
    if grad.size < SMALL:
        return reference.relu_grad(grad, out)
    dx = np.empty_like(grad)
    _relu_grad(grad.reshape(-1), out.reshape(-1), dx.reshape(-1))
    return dx


def relu6(x, out=None):
    """Return min(max(x, 0), 6), nan where x is nan, for a contiguous x of any shape; in ``out``, which may be x."""
    if x.size < SMALL:
        return reference.relu6(x, out)
    out = np.empty_like(x) if out is None else out
    _relu6(x.reshape(-1), out.reshape(-1))
    return out


def relu6_grad(grad, out):
    """Return 0 where the result ``out`` of relu6 is 0 or 6, else grad; both contiguous."""
    if grad.size < SMALL:
        return reference.relu6_grad(grad, out)
    dx = np.empty_like(grad)
    _relu6_grad(grad.reshape(-1), out.reshape(-1), dx.reshape(-1))
    return dx
