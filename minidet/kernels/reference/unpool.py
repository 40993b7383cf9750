"""Unpooling in plain NumPy: to remembered positions (max_unpool2d), or to the corner of each block (bed of nails)."""

from __future__ import annotations

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Write each value at its position in an (OH, OW) plane of zeros; the last of those that share a position stays."""
    n, c, h, w = x.shape
    out = np.zeros((n * c, output_size[0] * output_size[1]), x.dtype)
    for plane, index, values in zip(out, indices.reshape(n * c, h * w), x.reshape(n * c, h * w), strict=True):
        plane[index] = values
    return out.reshape(n, c, *output_size)


def max_unpool2d_grad(grad, indices):
    """Read the gradient at each position: (N, C, OH, OW) -> the shape of ``indices``, (N, C, H, W)."""
    n, c, h, w = indices.shape
    planes = grad.reshape(n, c, grad.shape[2] * grad.shape[3])
    return np.take_along_axis(planes, indices.reshape(n, c, h * w), axis=2).reshape(n, c, h, w)


def bed_of_nails2d(x, stride, output_size):
    """Write each value into the top left corner of its block of ``stride`` pixels, zeros elsewhere: (N, C, OH, OW)."""
    out = np.zeros((*x.shape[:2], *output_size), x.dtype)
    out[:, :, :: stride[0], :: stride[1]][:, :, : x.shape[2], : x.shape[3]] = x
    return out


def bed_of_nails2d_grad(grad, stride, input_size):
    """Read the corner of each block: (N, C, OH, OW) -> (N, C, H, W)."""
    corners = grad[:, :, :: stride[0], :: stride[1]]
    return np.ascontiguousarray(corners[:, :, : input_size[0], : input_size[1]])
