"""Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its three gradients.

``out[n, f, oh, ow] = bias[f] + sum over c, i, j of
weight[f, c, i, j] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _windows(padded, kernel_size, stride, dilation, groups):
    """View every window of a padded image: (N, groups, C/groups, OH, OW, KH, KW)."""
    (kh, kw), (dh, dw) = kernel_size, dilation
    windows = sliding_window_view(padded, ((kh - 1) * dh + 1, (kw - 1) * dw + 1), axis=(2, 3), writeable=True)
    windows = windows[:, :, :: stride[0], :: stride[1], ::dh, ::dw]
    return windows.reshape(padded.shape[0], groups, padded.shape[1] // groups, *windows.shape[2:])


def _reach(pixels, kernel_size, stride, dilation):
    """Return how many rows and columns so many windows (OH, OW) meet, from the first to the last."""
    axes = zip(pixels, kernel_size, stride, dilation, strict=True)
    return [(o - 1) * s + d * (k - 1) + 1 for o, k, s, d in axes]


def _pad(x, padding, reach=(0, 0)):
    """Return x with zeros around it, and behind these as many as the last windows need."""
    sizes = zip(x.shape[2:], padding, reach, strict=True)
    rows, columns = [(p, p + max(0, r - n - 2 * p)) for n, p, r in sizes]
    return np.pad(x, ((0, 0), (0, 0), rows, columns))


def conv2d(x, weight, bias, stride, padding, dilation, groups, kept=None, pixels=None):
    """Return the convolution of x (N, C, H, W) with weight (F, C/groups, KH, KW): (N, F, OH, OW), or so many pixels."""
    kernel_size = weight.shape[2:]
    reach = (0, 0) if pixels is None else _reach(pixels, kernel_size, stride, dilation)
    windows = _windows(_pad(x, padding, reach), kernel_size, stride, dilation, groups)
    windows = windows if pixels is None else windows[:, :, :, : pixels[0], : pixels[1]]
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    out = np.einsum("ngcopij,gfcij->ngfop", windows, grouped, optimize=True)
    out = out.reshape(x.shape[0], weight.shape[0], *out.shape[3:])
    return np.ascontiguousarray(out if bias is None else out + bias[:, None, None])


def conv2d_input_grad(grad, weight, input_size, stride, padding, dilation, groups):
    """Return the gradient for x (N, C, H, W), given the gradient (N, F, OH, OW) for the result."""
    (kh, kw), (ph, pw), (h, w) = weight.shape[2:], padding, input_size
    n, f, oh, ow = grad.shape
    cotangent = grad.reshape(n, groups, f // groups, oh, ow)
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    reach = _reach((oh, ow), (kh, kw), stride, dilation)
    size = max(h + 2 * ph, reach[0]), max(w + 2 * pw, reach[1])
    padded = np.zeros((n, groups, weight.shape[1], *size), grad.dtype)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dilation[0], j * dilation[1]
            rows, columns = slice(top, top + oh * stride[0], stride[0]), slice(left, left + ow * stride[1], stride[1])
            padded[..., rows, columns] += np.einsum("ngfop,gfc->ngcop", cotangent, grouped[..., i, j], optimize=True)
    return np.ascontiguousarray(padded[..., ph : ph + h, pw : pw + w]).reshape(n, groups * weight.shape[1], h, w)


def conv2d_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups):
    """Return the gradient for weight (F, C/groups, KH, KW), given the gradient (N, F, OH, OW) for the result."""
    n, f, oh, ow = grad.shape
    padded = _pad(x, padding, _reach((oh, ow), kernel_size, stride, dilation))
    windows = _windows(padded, kernel_size, stride, dilation, groups)[:, :, :, :oh, :ow]
    cotangent = grad.reshape(n, groups, f // groups, oh, ow)
    out = np.einsum("ngcopij,ngfop->gfcij", windows, cotangent, optimize=True)
    return np.ascontiguousarray(out.reshape(f, x.shape[1] // groups, *kernel_size))


def conv2d_bias_grad(grad):
    """Return the gradient for bias (F,): the sum of grad (N, F, OH, OW) over images and pixels."""
    return grad.sum(axis=(0, 2, 3), dtype=np.float64).astype(grad.dtype)
