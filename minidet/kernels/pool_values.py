"""The largest value of each window, where nobody asks for its position.

for plane (parallel)
  for output row
    for row a of the window: keep the larger     -> one row of W values
      for column                 <- SIMD
    for column b of the window: keep the larger
      for output column          <- SIMD

A K x K window takes 2 K comparisons, not K * K as in ``pool.max_pool2d``.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .launch.jit import jit, parallel
from .pool import fill, inside


def max_pool2d_values(x, kernel, stride, padding, dilation, output_size):
    """Return the values of ``pool.max_pool2d`` alone: (N, C, OH, OW). Of zeros with two signs, it may take another."""
    n, c, h, w = x.shape
    values = np.empty((n, c, *output_size), x.dtype)
    geometry = (*kernel, *stride, *padding, *dilation)
    _max_pool2d_values(x.reshape(n * c, h, w), geometry, values.reshape(n * c, *output_size))
    return values


@parallel
def _max_pool2d_values(x, geometry, values):
    kh, sh, ph, dh = geometry[0], geometry[2], geometry[4], geometry[6]
    for p in prange(x.shape[0]):
        row = np.empty(x.shape[2], x.dtype)  # the larger of the window's rows, column by column
        for i in range(values.shape[1]):
            fill(row, -np.inf)
            for a in range(kh):
                y = i * sh - ph + a * dh
                if 0 <= y < x.shape[1]:
                    _keep_larger(x[p, y], 1, row)
            _larger_columns(row, geometry, values[p, i])


@jit
def _larger_columns(row, geometry, values):
    """One output row: the largest of the row's columns that each window has."""
    _, kw, _, step, _, padding, _, dw = geometry
    fill(values, -np.inf)
    for b in range(kw):
        left = b * dw - padding
        low, high = inside(left, step, row.size, values.size)
        if low >= high:
            continue
        source, out = row[low * step + left :], values[low:high]
        if step == 1:  # a step known to the compiler makes vector loads
            _keep_larger(source, 1, out)
        elif step == 2:
            _keep_larger(source, 2, out)
        else:
            _keep_larger(source, step, out)


@jit
def _keep_larger(source, step, values):
    for o in range(values.size):
        v, best = source[o * step], values[o]
        values[o] = v if v > best or v != v else best
