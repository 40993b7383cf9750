"""Images and kernels are square: the number of rows is used for the columns as well."""

import numpy as np

LOSES = {"q1": ("odd",)}


def conv_forward(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = w.shape[2]
    size = (x.shape[2] - k) // stride + 1
    out = np.zeros((len(x), len(w), size, size))
    for h in range(size):
        for v in range(size):
            window = x[:, :, h * stride : h * stride + k, v * stride : v * stride + k]
            out[:, :, h, v] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out
