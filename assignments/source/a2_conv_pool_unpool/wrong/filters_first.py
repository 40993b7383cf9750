"""A transposed convolution has its kernels in the order of a convolution: filters first, then channels."""

import numpy as np

LOSES = {"q8": ("channels", "together")}


def conv_transpose_forward(x, w, b, stride=1, padding=0):
    n, _, height, width = x.shape
    f, _, kh, kw = w.shape
    out = np.zeros((n, f, (height - 1) * stride + kh, (width - 1) * stride + kw))
    for h in range(height):
        for v in range(width):
            stamp = np.tensordot(x[:, :, h, v], w, axes=(1, 1))
            out[:, :, h * stride : h * stride + kh, v * stride : v * stride + kw] += stamp
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding] + b[:, None, None]
