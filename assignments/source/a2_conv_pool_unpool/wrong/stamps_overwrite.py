"""Where windows overlap, the gradient of the image is that of the last window: written, not added."""

import numpy as np

LOSES = {"q2": ("dx", "odd")}


def conv_backward_input(dy, w, x_shape, stride=1, padding=0):
    n, c, height, width = x_shape
    kh, kw = w.shape[2:]
    dx = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
    for h in range(dy.shape[2]):
        for v in range(dy.shape[3]):
            stamp = np.tensordot(dy[:, :, h, v], w, axes=(1, 0))
            dx[:, :, h * stride : h * stride + kh, v * stride : v * stride + kw] = stamp
    return dx[:, :, padding : padding + height, padding : padding + width]
