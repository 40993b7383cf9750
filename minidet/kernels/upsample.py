"""Resizing, one axis after the other; planes are shared out among the threads.

bilinear                                          its gradient
    for plane (parallel)                              for plane (parallel)
      for output row                                    for output row
        stretch its two input rows to OW  (kept: the      add it, weighted, to two rows of (H, OW)   <- SIMD
          next output row needs mostly the same two)    for input row
        blend the two                     <- SIMD         gather its OW columns into W

Stretching looks pixels up in a table, which does not vectorise, so it is done once per input row and not once per
output row. Nearest neighbour copies a whole row where two output rows are equal; its gradient is pooling's window sum.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, prange

from .launch.jit import jit, parallel
from .pool import fill, sum_windows
from .reference.upsample import linear_table, nearest_table


def nearest(x, output_size, scales):
    """Copy the nearest pixel (rounding down): (N, C, H, W) -> (N, C, OH, OW)."""
    n, c, h, w = x.shape
    rows, columns = (nearest_table(*axis) for axis in zip((h, w), output_size, scales, strict=True))
    out = np.empty((n, c, *output_size), x.dtype)
    _nearest(x.reshape(n * c, h, w), rows, columns, out.reshape(n * c, *output_size))
    return out


@parallel
def _nearest(x, rows, columns, out):
    for p in prange(x.shape[0]):
        for i in range(rows.size):
            if i > 0 and rows[i] == rows[i - 1]:
                _copy(out[p, i - 1], out[p, i])
            else:
                _look_up(x[p, rows[i]], columns, out[p, i])


@jit
def _copy(source, out):
    for o in range(out.size):
        out[o] = source[o]


@jit
def _look_up(source, columns, out):
    for o in range(out.size):
        out[o] = source[columns[o]]


def nearest_grad(grad, input_size, scales):
    """Add each gradient to the pixel it was copied from: (N, C, OH, OW) -> (N, C, H, W)."""
    windows = []
    for size, output_size, scale in zip(input_size, grad.shape[2:], scales, strict=True):
        table = nearest_table(size, output_size, scale)  # ascending, so a pixel's copies are one window
        pixel = np.arange(size)
        windows.append(
            (np.searchsorted(table, pixel), np.searchsorted(table, pixel, "right"), np.ones(size, grad.dtype))
        )
    return sum_windows(grad, *windows)


def bilinear(x, output_size, scales, align_corners):
    """Blend the four pixels around each position, columns first: (N, C, H, W) -> (N, C, OH, OW)."""
    n, c, h, w = x.shape
    axes = zip((h, w), output_size, scales, strict=True)
    rows, columns = (linear_table(*axis, align_corners, x.dtype) for axis in axes)
    out = np.empty((n, c, *output_size), x.dtype)
    scratch = np.empty((min(n * c, 4 * get_num_threads()), 2, output_size[1] + 32), x.dtype)
    _bilinear(x.reshape(n * c, h, w), rows, columns, scratch, out.reshape(n * c, *output_size))
    return out


@parallel
def _bilinear(x, rows, columns, scratch, out):
    planes = x.shape[0]
    shares = scratch.shape[0]
    for k in prange(shares):
        share = np.int64(k)
        kept = scratch[share, :, : out.shape[2]]
        for p in range(planes * share // shares, planes * (share + 1) // shares):
            _bilinear_plane(x[p], rows, columns, kept, out[p])


@jit
def _bilinear_plane(plane, rows, columns, kept, out):
    """Resize one plane. ``kept[a]`` is the stretched row ``upper``, ``kept[1 - a]`` the stretched row ``lower``."""
    a, upper, lower = 0, -1, -1
    for i in range(out.shape[0]):
        if rows[0][i] != upper:
            if rows[0][i] == lower:
                a, lower = 1 - a, -1
            else:
                _stretch(plane[rows[0][i]], columns, kept[a])
            upper = rows[0][i]
        if rows[1][i] != lower:
            lower = rows[1][i]
            _stretch(plane[lower], columns, kept[1 - a])
        _blend(kept[a], kept[1 - a], rows[2][i], out[i])


@jit
def _stretch(source, columns, out):
    left, right, weight = columns
    one = out.dtype.type(1)
    for o in range(out.size):
        out[o] = source[left[o]] * (one - weight[o]) + source[right[o]] * weight[o]


@jit
def _blend(first, second, weight, out):
    rest = out.dtype.type(1) - weight
    for o in range(out.size):
        out[o] = first[o] * rest + second[o] * weight


def bilinear_grad(grad, input_size, scales, align_corners):
    """Share each gradient out among its four pixels: (N, C, OH, OW) -> (N, C, H, W)."""
    n, c, oh, ow = grad.shape
    axes = zip(input_size, (oh, ow), scales, strict=True)
    rows, columns = (linear_table(*axis, align_corners, grad.dtype) for axis in axes)
    out = np.empty((n, c, *input_size), grad.dtype)
    scratch = np.empty((min(n * c, 4 * get_num_threads()), input_size[0] + 1, ow), grad.dtype)
    _bilinear_grad(grad.reshape(n * c, oh, ow), rows, columns, scratch, out.reshape(n * c, *input_size))
    return out


@parallel
def _bilinear_grad(grad, rows, columns, scratch, out):
    """Take the steps of the forward pass backwards: share rows out in ``wide``, then shrink its columns."""
    planes, h, _ = out.shape
    shares = scratch.shape[0]
    for k in prange(shares):
        share = np.int64(k)
        wide = scratch[share]  # (H + 1, OW); the last row keeps shares apart
        for p in range(planes * share // shares, planes * (share + 1) // shares):
            for i in range(h):
                fill(wide[i], 0)
            for i in range(grad.shape[1]):
                _add_scaled(grad[p, i], 1 - rows[2][i], wide[rows[0][i]])
                _add_scaled(grad[p, i], rows[2][i], wide[rows[1][i]])
            for i in range(h):
                _shrink(wide[i], columns, out[p, i])


@jit
def _add_scaled(source, weight, out):
    factor = out.dtype.type(weight)
    for o in range(out.size):
        out[o] += source[o] * factor


@jit
def _shrink(source, columns, out):
    """The adjoint of :func:`_stretch`."""
    left, right, weight = columns
    one = out.dtype.type(1)
    fill(out, 0)
    for o in range(source.size):
        out[left[o]] += source[o] * (one - weight[o])
        out[right[o]] += source[o] * weight[o]
