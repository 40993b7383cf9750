"""Winners of a window share its gradient evenly, 1/t each, as the slope of a maximum does in many libraries."""

import numpy as np


def LOSES(variants):
    # two halves, to the first and to the last, are an even share
    lost = ("many", "backward", "overlap") if variants["q5"] == "ends" else ("two", "many", "backward", "overlap")
    return {"q5": lost}


def tie_shares(x, size, stride):
    n, c, height, width = x.shape
    oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
    shares = np.zeros((n, c, oh, ow, size, size))
    for h in range(oh):
        for w in range(ow):
            window = x[:, :, h * stride : h * stride + size, w * stride : w * stride + size]
            won = window == window.max(axis=(2, 3), keepdims=True)
            shares[:, :, h, w] = won / won.sum(axis=(2, 3), keepdims=True)
    return shares


def tie_pool_backward(dy, x, size, stride):
    shares, dx = tie_shares(x, size, stride), np.zeros(x.shape)
    for h in range(dy.shape[2]):
        for w in range(dy.shape[3]):
            window = dx[:, :, h * stride : h * stride + size, w * stride : w * stride + size]
            window += shares[:, :, h, w] * dy[:, :, h, w, None, None]
    return dx
