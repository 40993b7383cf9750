"""Resizing in plain NumPy. The tables say which input pixels, with what weights, make each output row (or column).

``scale`` is input pixels per output pixel along one axis, computed by the caller: size / output_size, 1 / scale_factor,
or (size - 1) / (output_size - 1) with aligned corners. As in PyTorch,
bilinear positions are computed in the image's precision.
"""

from __future__ import annotations

import numpy as np


def nearest_table(size, output_size, scale):
    """Return the source index of each output index: floor(index * scale). (O,) int64.

    In float32 whatever the image's dtype, and without the scale for the same and for twice the size: so PyTorch
    computes every gradient, and the forward pass for OH + OW up to 128.
    """
    index = np.arange(output_size)
    if output_size in (size, 2 * size):
        return index // (output_size // size)
    position = index.astype(np.float32) * np.float32(scale)
    return np.minimum(np.floor(position).astype(np.int64), size - 1)


def linear_table(size, output_size, scale, align_corners, dtype):
    """Return ``(first, second, weight)``, each (O,): out = (1 - weight) * x[first] + weight * x[second]."""
    if output_size == size:  # whatever the scale says, as in PyTorch
        return np.arange(size), np.arange(size), np.zeros(size, dtype)
    position = np.arange(output_size).astype(dtype)
    if align_corners:
        position = position * dtype.type(scale)
    else:
        half = dtype.type(0.5)
        position = np.maximum((position + half) * dtype.type(scale) - half, dtype.type(0))
    first = np.minimum(np.floor(position).astype(np.int64), size - 1)
    return first, np.minimum(first + 1, size - 1), np.minimum(position - first.astype(dtype), dtype.type(1))


def nearest(x, output_size, scales):
    """Copy the nearest pixel (rounding down): (N, C, H, W) -> (N, C, OH, OW)."""
    rows, columns = (nearest_table(*axis) for axis in zip(x.shape[2:], output_size, scales, strict=True))
    return x[:, :, rows[:, None], columns]


def nearest_grad(grad, input_size, scales):
    """Add each gradient to the pixel it was copied from: (N, C, OH, OW) -> (N, C, H, W)."""
    rows, columns = (nearest_table(*axis) for axis in zip(input_size, grad.shape[2:], scales, strict=True))
    out = np.zeros((*grad.shape[:2], *input_size), grad.dtype)
    np.add.at(out, (slice(None), slice(None), rows[:, None], columns), grad)
    return out


def bilinear(x, output_size, scales, align_corners):
    """Blend the four pixels around each position, columns first: (N, C, H, W) -> (N, C, OH, OW)."""
    axes = zip(x.shape[2:], output_size, scales, strict=True)
    (top, bottom, down), (left, right, along) = (linear_table(*axis, align_corners, x.dtype) for axis in axes)
    wide = x[:, :, :, left] * (1 - along) + x[:, :, :, right] * along  # (N, C, H, OW)
    return wide[:, :, top] * (1 - down)[:, None] + wide[:, :, bottom] * down[:, None]


def bilinear_grad(grad, input_size, scales, align_corners):
    """Share each gradient out among its four pixels: (N, C, OH, OW) -> (N, C, H, W)."""
    axes = zip(input_size, grad.shape[2:], scales, strict=True)
    (top, bottom, down), (left, right, along) = (linear_table(*axis, align_corners, grad.dtype) for axis in axes)
    every = (slice(None), slice(None))
    wide = np.zeros((*grad.shape[:2], input_size[0], grad.shape[3]), grad.dtype)  # (N, C, H, OW)
    np.add.at(wide, (*every, top), grad * (1 - down)[:, None])
    np.add.at(wide, (*every, bottom), grad * down[:, None])
    out = np.zeros((*grad.shape[:2], *input_size), grad.dtype)
    np.add.at(out, (*every, slice(None), left), wide * (1 - along))
    np.add.at(out, (*every, slice(None), right), wide * along)
    return out
