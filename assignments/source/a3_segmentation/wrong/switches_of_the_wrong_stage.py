"""The way up uses the trail in the order of the way down: the first unpooling gets the first pooling's switches."""

import numpy as np

LOSES = {"q5": ("stages",)}


def unpool_switches(x, trail):
    for switches, (height, width) in trail:
        n, channels, h, w = x.shape
        out = np.zeros((n, channels, height * width))
        np.put_along_axis(out, switches[:, :, :h, :w].reshape(n, channels, -1), x.reshape(n, channels, -1), axis=2)
        x = out.reshape(n, channels, height, width)
    return x
