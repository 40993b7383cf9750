"""Positions count the pixels of the window, not of the image."""

import numpy as np

LOSES = {"q4": ("indices",)}


def maxpool_forward(x, size, stride, return_indices=False):
    n, c, height, width = x.shape
    oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
    values, indices = np.zeros((n, c, oh, ow)), np.zeros((n, c, oh, ow), int)
    for at in np.ndindex(n, c, oh, ow):
        best, where = -np.inf, 0
        for i in range(size):
            for j in range(size):
                h, w = at[2] * stride + i, at[3] * stride + j
                if x[at[0], at[1], h, w] > best:
                    best, where = x[at[0], at[1], h, w], i * size + j
        values[at], indices[at] = best, where
    return (values, indices) if return_indices else values
