"""Pooling: the window slides over each (H, W) plane; planes are shared out among the threads.

max_pool2d                                   averages
    for plane (parallel)                         for plane (parallel)
      for output row                               for output row
        for tap (a, b) of the window                 add up the window's rows      -> one row of W sums
          for output column        <- SIMD             for column                  <- SIMD
            keep the larger, and its position        for output column: add up the window's columns

With the output column innermost, neighbouring outputs sit in neighbouring SIMD lanes, and nothing branches: several
times as fast as the obvious loop over windows, where each comparison waits for the one before. Sums over a window are
separable, so a K x K average costs about K + K additions per output, not K * K.

Indices are flat positions in the H * W plane, as in PyTorch. "v > m or v != v" lets NaN win, whatever the order.
"""

from __future__ import annotations

import functools

import numpy as np
from numba import get_num_threads, prange

from .launch.jit import jit, parallel
from .reference.pool import adaptive_windows

LONG = 32  # rows or columns of a window, from which on its sum is kept in float64


def max_pool2d(x, kernel, stride, padding, dilation, output_size):
    """Return ``(values, indices)``, both (N, C, OH, OW): the largest value of each window, and where it is in H * W."""
    n, c, h, w = x.shape
    values = np.empty((n, c, *output_size), x.dtype)
    indices = np.empty(values.shape, np.int64)
    planes, flat = x.reshape(n * c, h, w), (n * c, *output_size)
    if (
        kernel == stride == (2, 2)
        and padding == (0, 0)
        and dilation == (1, 1)
        and 2 * flat[1] <= h
        and 2 * flat[2] <= w
    ):
        _max_of_fours(planes, values.reshape(flat), indices.reshape(flat))
    else:
        geometry = (*kernel, *stride, *padding, *dilation)
        _max_pool2d(planes, geometry, x.dtype.type(0), values.reshape(flat), indices.reshape(flat))
    return values, indices


@parallel
def _max_of_fours(x, values, indices):
    w = x.shape[2]
    for p in prange(x.shape[0]):
        for i in range(values.shape[1]):
            _max_of_four(x[p, 2 * i], x[p, 2 * i + 1], 2 * i * w, values[p, i], indices[p, i])


@jit
def _max_of_four(upper, lower, position, values, indices):
    """One output row of the commonest pooling: 2 x 2, stride 2, nothing outside the image."""
    w = upper.size
    for o in range(values.size):
        best, at = upper[2 * o], 0
        v = upper[2 * o + 1]
        wins = v > best or v != v
        best, at = (v if wins else best), (1 if wins else at)
        v = lower[2 * o]
        wins = v > best or v != v
        best, at = (v if wins else best), (w if wins else at)
        v = lower[2 * o + 1]
        wins = v > best or v != v
        values[o], indices[o] = (v if wins else best), position + 2 * o + (w + 1 if wins else at)


@parallel
def _max_pool2d(x, geometry, zero, values, indices):
    sh, ph = geometry[2], geometry[4]
    for p in prange(x.shape[0]):
        for i in range(values.shape[1]):
            _max_row(x[p], i * sh - ph, geometry, zero, values[p, i], indices[p, i])


@jit
def _max_row(plane, top, geometry, zero, values, indices):
    """One output row of any pooling, tap after tap."""
    kh, kw, _, step, _, padding, dh, dw = geometry
    h, w = plane.shape
    first = top % dh if top < 0 else top  # the window's first row inside the image
    for o in range(values.size):
        left = o * step - padding
        values[o] = -np.inf
        indices[o] = first * w + (left % dw if left < 0 else left)
    for a in range(kh):
        row = top + a * dh
        if row < 0 or row >= h:
            continue
        for b in range(kw):
            left = b * dw - padding
            low, high = inside(left, step, w, values.size)
            if low >= high:
                continue
            start = low * step + left
            source, at = plane[row, start:], row * w + start
            if step == 1:  # a step known to the compiler makes vector loads
                _offer(source, at, 1, zero, values[low:high], indices[low:high])
            elif step == 2:
                _offer(source, at, 2, zero, values[low:high], indices[low:high])
            else:
                _offer(source, at, step, zero, values[low:high], indices[low:high])


@jit
def inside(left, step, width, outputs):
    """Return low and high: the outputs low..high - 1 have the tap ``left`` (seen from their first) inside the image."""
    low = 0 if left >= 0 else (-left + step - 1) // step
    return low, min(outputs, (width - 1 - left) // step + 1)


@jit
def _offer(source, position, step, zero, values, indices):
    """Replace ``values`` and ``indices`` where ``source[::step]`` wins.

    ``zero`` is zero, but the compiler does not know. Without it, "write back the old value" becomes a masked store,
    which is slower than all the rest on some processors.
    """
    for o in range(values.size):
        v, best, at = source[o * step], values[o] + zero, indices[o] + np.int64(zero)
        wins = v > best or v != v
        values[o] = v if wins else best
        indices[o] = position + o * step if wins else at


def max_pool2d_grad(grad, indices, input_size):
    """Add each gradient where its value came from: (N, C, OH, OW) -> (N, C, H, W)."""
    n, c = grad.shape[:2]
    pixels = grad.shape[2] * grad.shape[3]
    out = np.empty((n, c, *input_size), grad.dtype)
    planes = out.reshape(n * c, input_size[0] * input_size[1])
    _scatter_add(grad.reshape(n * c, pixels), indices.reshape(n * c, pixels), planes)
    return out


@jit
def fill(out, value):
    """Assign by a loop: numba compiles ``out[:] = ...`` to slower code, and many times more of it."""
    for j in range(out.size):
        out[j] = value


@parallel
def _scatter_add(grad, indices, out):
    for p in prange(out.shape[0]):
        fill(out[p], 0)
        for i in range(grad.shape[1]):
            out[p, indices[p, i]] += grad[p, i]


def avg_pool2d(x, kernel, stride, padding, count_include_pad, divisor_override, output_size):
    """Return the mean of each window, (N, C, OH, OW). The divisor counts padding, but nothing beyond the padding."""
    axes = zip(x.shape[2:], kernel, stride, padding, output_size, strict=True)
    rows, columns = (_windows(*axis, count_include_pad) for axis in axes)
    return sum_windows(x, *_with_divisor(rows, columns, divisor_override, x.dtype))


def avg_pool2d_grad(grad, kernel, stride, padding, count_include_pad, divisor_override, input_size):
    """Spread each gradient evenly over its window: (N, C, OH, OW) -> (N, C, H, W)."""
    axes = zip(input_size, kernel, stride, padding, grad.shape[2:], strict=True)
    rows, columns = (_windows(*axis, count_include_pad) for axis in axes)
    return spread_windows(grad, input_size, *_with_divisor(rows, columns, divisor_override, grad.dtype))


def adaptive_avg_pool2d(x, output_size):
    """Return the mean of each window of a grid of ``output_size`` windows: (N, C, OH, OW)."""
    rows, columns = (_adaptive(i, o) for i, o in zip(x.shape[2:], output_size, strict=True))
    return sum_windows(x, *_with_divisor(rows, columns, None, x.dtype))


def adaptive_avg_pool2d_grad(grad, input_size):
    """Spread each gradient evenly over its window: (N, C, OH, OW) -> (N, C, H, W)."""
    rows, columns = (_adaptive(i, o) for i, o in zip(input_size, grad.shape[2:], strict=True))
    return spread_windows(grad, input_size, *_with_divisor(rows, columns, None, grad.dtype))


@functools.lru_cache(maxsize=256)
def _windows(size, kernel, stride, padding, output_size, count_include_pad):
    """Return start, end (inside the image) and length (what the divisor counts) of the windows along one axis."""
    start = np.arange(output_size) * stride - padding
    end = np.minimum(start + kernel, size + padding)
    length = end - start
    start, end = np.maximum(start, 0), np.minimum(end, size)
    return start, end, length if count_include_pad else np.maximum(end - start, 1)


@functools.lru_cache(maxsize=256)
def _adaptive(size, output_size):
    start, end = adaptive_windows(size, output_size)
    return start, end, end - start


def _with_divisor(rows, columns, divisor_override, dtype):
    """Return both axes as ``(start, end, divisor)``: a window's divisor is the product of its row's and column's."""
    tall, wide = rows[2].astype(dtype), columns[2].astype(dtype)
    if divisor_override:
        tall, wide = np.full_like(tall, divisor_override), np.ones_like(wide)
    return (*rows[:2], tall), (*columns[:2], wide)


def sum_windows(x, rows, columns):
    """Add up every window of a grid, and divide: (N, C, H, W) -> (N, C, OH, OW).

    ``rows`` and ``columns`` are ``(start, end, divisor)``: int64, int64 and x.dtype arrays of (OH,), of (OW,).
    """
    n, c, h, w = x.shape
    out = np.empty((n, c, len(rows[0]), len(columns[0])), x.dtype)
    scratch = work_rows(n * c, w, np.float64 if _is_large(x, rows, columns) else x.dtype)
    _sum_windows(x.reshape(n * c, h, w), rows, columns, scratch, out.reshape(n * c, *out.shape[2:]))
    return out


def _is_large(x, rows, columns):
    """Tell whether a window, of the whole image perhaps, is too long to be added up in float32."""
    return max(x.shape[2:]) > LONG and max((end - start).max(initial=0) for start, end, _ in (rows, columns)) > LONG


def spread_windows(grad, input_size, rows, columns):
    """Divide, and add to every pixel of the window, the adjoint of :func:`sum_windows`: -> (N, C, H, W)."""
    n, c, oh, ow = grad.shape
    out = np.empty((n, c, *input_size), grad.dtype)
    scratch = work_rows(n * c, input_size[1], grad.dtype)
    _spread_windows(grad.reshape(n * c, oh, ow), rows, columns, scratch, out.reshape(n * c, *input_size))
    return out


def work_rows(planes, size, dtype):
    """Return scratch for one row per share of the planes, padded so that no two shares meet in a cache line."""
    return np.empty((min(planes, 4 * get_num_threads()), size + 32), dtype)


@parallel
def _sum_windows(x, rows, columns, scratch, out):
    planes, _, w = x.shape
    shares = scratch.shape[0]
    for k in prange(shares):
        share = np.int64(k)
        sums = scratch[share, :w]
        for p in range(planes * share // shares, planes * (share + 1) // shares):
            for i in range(out.shape[1]):
                fill(sums, 0)
                for row in range(rows[0][i], rows[1][i]):
                    _add(x[p, row], sums)
                _sum_columns(sums, columns, rows[2][i], out[p, i])


@jit
def _add(source, out):
    for j in range(out.size):
        out[j] += source[j]


@jit
def _sum_columns(sums, columns, tall, out):
    start, end, wide = columns
    for o in range(out.size):
        total = sums.dtype.type(0)
        for j in range(start[o], end[o]):
            total += sums[j]
        out[o] = total / (tall * wide[o])


@parallel
def _spread_windows(grad, rows, columns, scratch, out):
    """Do the adjoint of ``_sum_windows``: spread a row of gradients over columns, then add it to the window's rows."""
    planes, _, w = out.shape
    shares = scratch.shape[0]
    for k in prange(shares):
        share = np.int64(k)
        row_grad = scratch[share, :w]
        for p in range(planes * share // shares, planes * (share + 1) // shares):
            fill(out[p].reshape(-1), 0)
            for i in range(grad.shape[1]):
                fill(row_grad, 0)
                _spread_columns(grad[p, i], columns, rows[2][i], row_grad)
                for row in range(rows[0][i], rows[1][i]):
                    _add(row_grad, out[p, row])


@jit
def _spread_columns(grad, columns, tall, out):
    start, end, wide = columns
    for o in range(grad.size):
        share = grad[o] / (tall * wide[o])
        for j in range(start[o], end[o]):
            out[j] += share


def adaptive_max_pool2d(x, output_size):
    """Return ``(values, indices)`` as :func:`max_pool2d`, over the windows of :func:`adaptive_avg_pool2d`."""
    n, c, h, w = x.shape
    values = np.empty((n, c, *output_size), x.dtype)
    indices = np.empty(values.shape, np.int64)
    flat = (n * c, *output_size)
    rows, columns = (adaptive_windows(i, o) for i, o in zip((h, w), output_size, strict=True))
    _adaptive_max(x.reshape(n * c, h, w), rows, columns, values.reshape(flat), indices.reshape(flat))
    return values, indices


@parallel
def _adaptive_max(x, rows, columns, values, indices):
    for p in prange(x.shape[0]):
        for i in range(values.shape[1]):
            for o in range(values.shape[2]):
                window = rows[0][i], rows[1][i], columns[0][o], columns[1][o]
                values[p, i, o], indices[p, i, o] = _max_window(x[p], window)


@jit
def _max_window(plane, window):
    top, bottom, left, right = window
    best, at = plane[top, left], top * plane.shape[1] + left
    for row in range(top, bottom):
        for column in range(left, right):
            v = plane[row, column]
            if v > best or v != v:
                best, at = v, row * plane.shape[1] + column
    return best, at
