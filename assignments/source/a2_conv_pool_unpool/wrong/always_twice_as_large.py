"""Unpooling makes an image twice as large, whatever the image was before: odd sizes are forgotten."""

import numpy as np

LOSES = {"q6": ("odd", "duplicates")}  # windows that overlap did not halve the image either


def unpool_forward(y, indices, shape):
    height, width = 2 * y.shape[2], 2 * y.shape[3]
    out = np.zeros((*y.shape[:2], height, width))
    for n, c, h, w in np.ndindex(*y.shape):
        position = indices[n, c, h, w]
        out[n, c, position // width, position % width] = y[n, c, h, w]
    return out
