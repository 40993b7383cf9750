"""Unpooling adds where two numbers have the same position, as the backward pass of pooling does."""

import numpy as np

LOSES = {"q6": ("duplicates",)}


def unpool_forward(y, indices, shape):
    out = np.zeros((*y.shape[:2], shape[0] * shape[1]))
    for n, c, h, w in np.ndindex(*y.shape):
        out[n, c, indices[n, c, h, w]] += y[n, c, h, w]
    return out.reshape(*y.shape[:2], *shape)
