"""The first of the winners takes the whole gradient, as in ordinary max pooling."""

import numpy as np

LOSES = {"q5": ("two", "many", "backward", "overlap")}


def tie_shares(x, size, stride):
    n, c, height, width = x.shape
    oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
    shares = np.zeros((n, c, oh, ow, size, size))
    for at in np.ndindex(n, c, oh, ow):
        h, w = at[2] * stride, at[3] * stride
        shares[at].flat[x[at[0], at[1], h : h + size, w : w + size].argmax()] = 1
    return shares


def tie_pool_backward(dy, x, size, stride):
    shares, dx = tie_shares(x, size, stride), np.zeros(x.shape)
    for h in range(dy.shape[2]):
        for w in range(dy.shape[3]):
            window = dx[:, :, h * stride : h * stride + size, w * stride : w * stride + size]
            window += shares[:, :, h, w] * dy[:, :, h, w, None, None]
    return dx
