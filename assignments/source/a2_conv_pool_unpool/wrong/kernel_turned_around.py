"""A convolution turns the kernel around before it slides it, as in signal processing."""

import numpy as np

LOSES = {"q1": ("window",)}


def conv_forward(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    w = w[:, :, ::-1, ::-1]
    kh, kw = w.shape[2:]
    oh, ow = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = np.zeros((len(x), len(w), oh, ow))
    for h in range(oh):
        for v in range(ow):
            window = x[:, :, h * stride : h * stride + kh, v * stride : v * stride + kw]
            out[:, :, h, v] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out
