"""The result of a transposed convolution is stride times as large, whatever the kernel: what sticks out is lost."""

import numpy as np

LOSES = {"q8": ("overlap", "together")}


def conv_transpose_forward(x, w, b, stride=1, padding=0):
    n, _, height, width = x.shape
    _, f, kh, kw = w.shape
    out = np.zeros((n, f, (height - 1) * stride + kh, (width - 1) * stride + kw))
    for h in range(height):
        for v in range(width):
            stamp = np.tensordot(x[:, :, h, v], w, axes=(1, 0))
            out[:, :, h * stride : h * stride + kh, v * stride : v * stride + kw] += stamp
    out = out[:, :, : height * stride, : width * stride]
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding] + b[:, None, None]
