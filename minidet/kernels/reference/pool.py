"""Pooling in plain NumPy: one shifted view of the padded image per position ("tap") of the window."""

from __future__ import annotations

import numpy as np


def taps(x, kernel, stride, padding, dilation, output_size, fill):
    """Yield ``(a, b, view)``: what every window holds at its row ``a``, column ``b``; ``fill`` outside the image."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw), (oh, ow) = kernel, stride, padding, dilation, output_size
    h, w = x.shape[-2:]
    rows, columns = (oh - 1) * sh + (kh - 1) * dh + 1, (ow - 1) * sw + (kw - 1) * dw + 1
    padded = np.full((*x.shape[:-2], max(rows, h + ph), max(columns, w + pw)), fill, x.dtype)
    padded[..., ph : ph + h, pw : pw + w] = x
    for a in range(kh):
        for b in range(kw):
            view = padded[..., a * dh : a * dh + (oh - 1) * sh + 1 : sh, b * dw : b * dw + (ow - 1) * sw + 1 : sw]
            yield a, b, view  # (N, C, OH, OW)


def max_pool2d(x, kernel, stride, padding, dilation, output_size):
    """Return ``(values, indices)``, both (N, C, OH, OW): the largest value of each window, and where it is in H * W.

    The first of equal values wins; a NaN wins over everything (the last one, if there are several).
    """
    (sh, sw), (ph, pw), (dh, dw), (oh, ow) = stride, padding, dilation, output_size
    top = np.arange(oh)[:, None] * sh - ph  # (OH, 1): the first row of each window, may lie in the padding
    left = np.arange(ow) * sw - pw  # (OW,)
    values = np.full((*x.shape[:2], oh, ow), -np.inf, x.dtype)
    first = np.where(top < 0, top % dh, top) * x.shape[3] + np.where(left < 0, left % dw, left)  # if all are -inf
    indices = np.broadcast_to(first, values.shape).astype(np.int64)
    for a, b, value in taps(x, kernel, stride, padding, dilation, output_size, -np.inf):
        wins = (value > values) | np.isnan(value)
        values = np.where(wins, value, values)
        indices = np.where(wins, (top + a * dh) * x.shape[3] + left + b * dw, indices)
    return values, indices


def max_pool2d_grad(grad, indices, input_size):
    """Add each gradient where its value came from: (N, C, OH, OW) -> (N, C, H, W)."""
    n, c = grad.shape[:2]
    out = np.zeros((n, c, input_size[0] * input_size[1]), grad.dtype)
    plane = np.arange(n * c).reshape(n, c, 1, 1)
    np.add.at(out.reshape(-1), plane * out.shape[2] + indices, grad)
    return out.reshape(n, c, *input_size)


def avg_pool2d(x, kernel, stride, padding, count_include_pad, divisor_override, output_size):
    """Return the mean of each window, (N, C, OH, OW). The divisor counts padding, but nothing beyond the padding."""
    total = sum(tap for _, _, tap in taps(x.astype(np.float64), kernel, stride, padding, (1, 1), output_size, 0))
    divisor = _divisor(x.shape[2:], kernel, stride, padding, count_include_pad, divisor_override, output_size, x)
    return (total / divisor).astype(x.dtype)


def avg_pool2d_grad(grad, kernel, stride, padding, count_include_pad, divisor_override, input_size):
    """Spread each gradient evenly over its window: (N, C, OH, OW) -> (N, C, H, W)."""
    output_size = grad.shape[2:]
    share = grad / _divisor(input_size, kernel, stride, padding, count_include_pad, divisor_override, output_size, grad)
    size = [(o - 1) * s + k for o, s, k in zip(output_size, stride, kernel, strict=True)]
    padded = np.zeros((*grad.shape[:2], *(max(a, i + p) for a, i, p in zip(size, input_size, padding, strict=True))))
    for _, _, view in taps_of(padded, kernel, stride, output_size):
        view += share
    (ph, pw), (h, w) = padding, input_size
    return padded[:, :, ph : ph + h, pw : pw + w].astype(grad.dtype)


def taps_of(padded, kernel, stride, output_size):
    """Yield ``(a, b, view)`` into an image that is padded already."""
    (kh, kw), (sh, sw), (oh, ow) = kernel, stride, output_size
    for a in range(kh):
        for b in range(kw):
            yield a, b, padded[:, :, a : a + (oh - 1) * sh + 1 : sh, b : b + (ow - 1) * sw + 1 : sw]


def _divisor(input_size, kernel, stride, padding, count_include_pad, divisor_override, output_size, like):
    """Count the pixels under each window: (OH, OW)."""
    if divisor_override:
        return like.dtype.type(divisor_override)
    (h, w), (ph, pw) = input_size, padding
    ones = (
        np.ones((1, 1, h + 2 * ph, w + 2 * pw), like.dtype) if count_include_pad else np.ones((1, 1, h, w), like.dtype)
    )
    inside = (0, 0) if count_include_pad else padding
    count = sum(tap for _, _, tap in taps(ones, kernel, stride, inside, (1, 1), output_size, 0))
    return np.maximum(count[0, 0], 1)  # a window without a pixel: 0 / 1


def adaptive_windows(size, output_size):
    """Return ``(start, end)`` of ``output_size`` windows that cover ``size`` pixels, overlapping if they must."""
    o = np.arange(output_size)
    return o * size // output_size, -(-(o + 1) * size // output_size)


def adaptive_avg_pool2d(x, output_size):
    """Return the mean of each window of a grid of ``output_size`` windows: (N, C, OH, OW)."""
    rows, columns = _grid(x.shape[2:], output_size)
    out = np.empty((*x.shape[:2], *output_size), x.dtype)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            out[:, :, i, j] = x[:, :, top:bottom, left:right].mean(axis=(2, 3), dtype=np.float64)
    return out


def adaptive_avg_pool2d_grad(grad, input_size):
    """Spread each gradient evenly over its window: (N, C, OH, OW) -> (N, C, H, W)."""
    rows, columns = _grid(input_size, grad.shape[2:])
    out = np.zeros((*grad.shape[:2], *input_size), grad.dtype)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            share = grad[:, :, i, j] / grad.dtype.type((bottom - top) * (right - left))
            out[:, :, top:bottom, left:right] += share[:, :, None, None]
    return out


def adaptive_max_pool2d(x, output_size):
    """Return ``(values, indices)`` as :func:`max_pool2d`, over the windows of :func:`adaptive_avg_pool2d`."""
    rows, columns = _grid(x.shape[2:], output_size)
    values = np.empty((*x.shape[:2], *output_size), x.dtype)
    indices = np.empty(values.shape, np.int64)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            h, w = bottom - top, right - left
            value, index = max_pool2d(x[:, :, top:bottom, left:right], (h, w), (1, 1), (0, 0), (1, 1), (1, 1))
            values[:, :, i, j] = value[:, :, 0, 0]
            indices[:, :, i, j] = (index // w + top)[:, :, 0, 0] * x.shape[3] + (index % w + left)[:, :, 0, 0]
    return values, indices


def _grid(input_size, output_size):
    """Return the (start, end) pairs of the rows, and of the columns."""
    pairs = [np.stack(adaptive_windows(i, o), axis=1).tolist() for i, o in zip(input_size, output_size, strict=True)]
    return pairs[0], pairs[1]
