"""The other unpooling is the ordinary one."""

import numpy as np

LOSES = {"q7": ("two", "three", "odd", "backward")}


def unpool_moved(y, indices, size, shape):
    out = np.zeros((*y.shape[:2], shape[0] * shape[1]))
    for n, c, h, w in np.ndindex(*y.shape):
        out[n, c, indices[n, c, h, w]] = y[n, c, h, w]
    return out.reshape(*y.shape[:2], *shape)


def unpool_moved_backward(dout, indices, size):
    flat = dout.reshape(*dout.shape[:2], -1)
    dy = np.zeros(indices.shape)
    for n, c, h, w in np.ndindex(*indices.shape):
        dy[n, c, h, w] = flat[n, c, indices[n, c, h, w]]
    return dy
