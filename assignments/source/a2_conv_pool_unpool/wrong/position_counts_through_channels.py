"""Positions go on counting from one channel to the next, and from one image to the next."""

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
                    best, where = x[at[0], at[1], h, w], ((at[0] * c + at[1]) * height + h) * width + w
        values[at], indices[at] = best, where
    return (values, indices) if return_indices else values
