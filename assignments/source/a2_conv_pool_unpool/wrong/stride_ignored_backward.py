"""The stride plays a part forward only: backward, neighbouring results came from neighbouring windows."""

import numpy as np

LOSES = {"q2": ("dx_stride", "dw_stride", "odd")}


def conv_backward_input(dy, w, x_shape, stride=1, padding=0):
    n, c, height, width = x_shape
    dx = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
    for h in range(dy.shape[2]):
        for v in range(dy.shape[3]):
            dx[:, :, h : h + w.shape[2], v : v + w.shape[3]] += np.tensordot(dy[:, :, h, v], w, axes=(1, 0))
    return dx[:, :, padding : padding + height, padding : padding + width]


def conv_backward_weight(dy, x, w_shape, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dw = np.zeros(w_shape)
    for h in range(dy.shape[2]):
        for v in range(dy.shape[3]):
            dw += np.tensordot(dy[:, :, h, v], x[:, :, h : h + w_shape[2], v : v + w_shape[3]], axes=(0, 0))
    return dw
