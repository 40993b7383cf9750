"""Unpooling: one pass over each plane, planes shared out among the threads.

    for plane (parallel)
      fill the (OH, OW) plane with zeros       <- it stays in the cache for the next line
      for value: plane[index] = value          (gradient: value = plane[index])

Positions are checked before they come here: an index that is out of range would write into foreign memory.
A bed of nails is a strided copy, at which NumPy is as fast as a loop of ours.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .launch.jit import parallel
from .pool import fill
from .reference.unpool import bed_of_nails2d, bed_of_nails2d_grad

__all__ = ["bed_of_nails2d", "bed_of_nails2d_grad", "max_unpool2d", "max_unpool2d_grad"]


def max_unpool2d(x, indices, output_size):
    """Write each value at its position in an (OH, OW) plane of zeros; the last of those that share a position stays."""
    n, c, h, w = x.shape
    out = np.empty((n, c, *output_size), x.dtype)
    planes = out.reshape(n * c, output_size[0] * output_size[1])
    _scatter(x.reshape(n * c, h * w), indices.reshape(n * c, h * w), planes)
    return out


@parallel
def _scatter(x, indices, out):
    for p in prange(out.shape[0]):
        fill(out[p], 0)
        for i in range(x.shape[1]):
            out[p, indices[p, i]] = x[p, i]


def max_unpool2d_grad(grad, indices):
    """Read the gradient at each position: (N, C, OH, OW) -> the shape of ``indices``, (N, C, H, W)."""
    n, c, h, w = indices.shape
    out = np.empty(indices.shape, grad.dtype)
    planes = grad.reshape(n * c, grad.shape[2] * grad.shape[3])
    _gather(planes, indices.reshape(n * c, h * w), out.reshape(n * c, h * w))
    return out


@parallel
def _gather(grad, indices, out):
    for p in prange(out.shape[0]):
        for i in range(out.shape[1]):
            out[p, i] = grad[p, indices[p, i]]
