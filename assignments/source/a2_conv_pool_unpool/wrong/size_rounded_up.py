"""The last window may stick out: sizes are rounded up, and what is missing counts as zero."""

import numpy as np

LOSES = {"q1": ("odd",)}


def conv_forward(x, w, b, stride=1, padding=0):
    kh, kw = w.shape[2:]
    oh = -(-(x.shape[2] + 2 * padding - kh) // stride) + 1
    ow = -(-(x.shape[3] + 2 * padding - kw) // stride) + 1
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding + stride), (padding, padding + stride)))
    out = np.zeros((len(x), len(w), oh, ow))
    for h in range(oh):
        for v in range(ow):
            window = x[:, :, h * stride : h * stride + kh, v * stride : v * stride + kw]
            out[:, :, h, v] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out
