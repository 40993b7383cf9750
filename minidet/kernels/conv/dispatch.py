"""Two-dimensional convolution and its three gradients: which loops compute what.

::

    conv2d, conv2d_input_grad    pixels x filters, summed over taps: product chooses
                                   depthwise               every channel by itself
                                   winograd.unstrided      3 x 3, stride 1, at least 16 channels and filters
                                   winograd.strided        the same, stride 2; and its input gradient with padding 1
                                   few                     at most 256 pixels, many weights: they are not packed
                                   direct                  at most 32 filters per group
                                   phases                  input gradient with a stride, unless rows are short
                                   pointwise               1 x 1, stride 1, from 16 filters on; not few pixels
                                   tiles                   all others; of an input gradient, phase by phase
    conv2d_weight_grad           taps x filters, summed over pixels: shares chooses
                                   depthwise               every channel by itself
                                   winograd.weight         3 x 3, stride 1, at least 16 channels, 24 filters
                                   weight                  all others

An input gradient is a convolution too: each of the stride's phases of the input is a small convolution of grad.
In ``plans``, ``geometry`` computes the tables of offsets that make them all look alike, and ``near`` leaves out taps
that only ever meet padding. What was found out about a convolution is kept for the next one of these shapes.
"""

import functools

import numpy as np

from ..launch.tasks import launch
from . import weight as conv_weight
from .plans import geometry, launches, shares
from .plans import near as conv_near
from .plans import product as conv_product


def plain(*arrays):
    """Return the arrays contiguous, aligned and writable: each other kind would be compiled anew."""
    return [a if a.flags.carray else np.require(a, requirements="CAW") for a in arrays]


@functools.lru_cache(maxsize=512)
def _forward(size, weight_size, has_bias, stride, padding, dilation, groups, pixels=None, is_kept=False):
    """Return the shape of a convolution's result, what computes it, and of which taps: None for all of them.

    Nothing computes it (None) where it is empty, or the bias everywhere. ``is_kept``: packed weights serve other calls.
    """
    (n, _, h, w), (f, cg, kh, kw) = size, weight_size
    oh, ow = pixels or (
        (length + 2 * p - d * (k - 1) - 1) // s + 1
        for length, k, s, p, d in zip((h, w), (kh, kw), stride, padding, dilation, strict=True)
    )
    out_size, rows = (n, f, oh, ow), f // groups
    taps, (kh, kw), padding = conv_near.near((h, w), (kh, kw), (oh, ow), stride, padding, dilation)
    if 0 in (*out_size, *size, kh, kw):
        return out_size, None, None
    np.empty(out_size, np.float32)  # a MemoryError comes now, not from the tables
    plan = geometry.forward(cg, (kh, kw), (oh, ow), stride, padding, dilation)
    steps = (rows * cg * kh * kw, cg * kh * kw)
    is_kept = is_kept and taps is None
    return out_size, conv_product.make(size, steps, rows, out_size, has_bias, plan, groups, is_kept=is_kept), taps


@functools.lru_cache(maxsize=512)
def _input_grad(grad_size, weight_size, input_size, stride, padding, dilation, groups):
    """Return the same for an input gradient; nothing computes it where it is empty, or all zeros."""
    (n, f, *grad_pixels), (_, cg, kh, kw) = grad_size, weight_size
    out_size = (n, cg * groups, *input_size)
    taps, (kh, kw), padding = conv_near.near(input_size, (kh, kw), tuple(grad_pixels), stride, padding, dilation)
    if 0 in (*out_size, *grad_size, kh, kw):
        return out_size, None, None
    np.empty(out_size, np.float32)
    met = tuple(-(-length // step) for length, step in zip(input_size, stride, strict=True))
    if (kh, kw, *padding) == (1, 1, 0, 0) and cg > 1 and tuple(grad_pixels) == met != tuple(input_size):
        _, product, _ = _input_grad(grad_size, (f, cg, 1, 1), met, (1, 1), (0, 0), (1, 1), groups)
        return out_size, launches.Spread(product, (n, cg * groups, *met), stride), taps
    plan = geometry.input_grad(f // groups, cg, (kh, kw), input_size, stride, padding, dilation)
    if plan.source_at.size == 0:
        return out_size, None, None
    steps = (f // groups * cg * kh * kw, kh * kw)
    is_strided_grad = (kh, kw, *stride, *padding, *dilation) == (3, 3, 2, 2, 1, 1, 1, 1)
    return out_size, conv_product.make(grad_size, steps, cg, out_size, False, plan, groups, is_strided_grad), taps


@functools.lru_cache(maxsize=512)
def _weight_grad(grad_size, size, kernel_size, stride, padding, dilation, groups):
    """Return what computes a weight gradient, and of which taps; nothing where it is all zeros."""
    taps, kernel_size, padding = conv_near.near(size[2:], kernel_size, grad_size[2:], stride, padding, dilation)
    if 0 in (*grad_size, *size, *kernel_size):
        return None, None
    return shares.make(grad_size, size, kernel_size, stride, padding, dilation, groups), taps


def _chosen(weight, taps):
    """Return the weights of some taps."""
    return weight if taps is None else np.ascontiguousarray(weight[taps])


def conv2d(x, weight, bias, stride, padding, dilation, groups, kept=None, pixels=None):
    """Return the convolution of x (N, C, H, W) with weight (F, C/groups, KH, KW): (N, F, OH, OW).

    ``out[n, f, oh, ow] = bias[f] + sum over c, i, j of
    weight[f, c, i, j] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``

    ``kept``, a dict of the caller's that belongs to this weight and bias with these values, keeps what is made of them
    for the next call. ``pixels`` (OH, OW) asks for a result of another size: what the last windows meet behind the
    padding is 0, too.
    """
    x, weight = plain(x, weight)
    bias = None if bias is None else plain(bias)[0]
    options = bias is not None, stride, padding, dilation, groups, pixels, kept is not None
    size, product, taps = _forward(x.shape, weight.shape, *options)
    out = np.empty(size, x.dtype)
    if product is None:
        out[...] = 0 if bias is None else bias[:, None, None]
    else:
        product.run(x, _chosen(weight, taps), bias, out, kept if taps is None else None)
    return out


def conv2d_input_grad(grad, weight, input_size, stride, padding, dilation, groups, out=None):
    """Return the gradient for x (N, C, H, W), given the gradient (N, F, OH, OW) for the result; write it to ``out``.

    ``out[n, c, h, w]`` sums ``grad[n, f, oh, ow] * weight[f, c, i, j]`` over the windows and taps that met the pixel:
    ``h = oh * sh + i * dh - ph``, and the same for w. It is also the transposed convolution of ``grad``.
    """
    grad, weight = plain(grad, weight)
    size, product, taps = _input_grad(grad.shape, weight.shape, tuple(input_size), stride, padding, dilation, groups)
    out = np.empty(size, grad.dtype) if out is None else out
    if product is None:
        out[...] = 0
    else:
        product.run(grad, _chosen(weight, taps), None, out)
    return out


def conv2d_weight_grad(grad, x, kernel_size, stride, padding, dilation, groups):
    """Return the gradient for weight (F, C/groups, KH, KW), given the gradient (N, F, OH, OW) for the result.

    ``out[f, c, i, j] = sum over n, oh, ow of grad[n, f, oh, ow] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``
    """
    grad, x = plain(grad, x)
    out = np.empty((grad.shape[1], x.shape[1] // groups, *kernel_size), grad.dtype)
    product, taps = _weight_grad(grad.shape, x.shape, tuple(kernel_size), stride, padding, dilation, groups)
    if product is None or taps is not None:
        out[...] = 0
    if product is not None:
        part = out if taps is None else np.empty(out[taps].shape, out.dtype)
        product.run(grad, x, part)
        if taps is not None:
            out[taps] = part
    return out


def conv2d_bias_grad(grad):
    """Return the gradient for bias (F,): the sum of grad (N, F, OH, OW) over images and pixels."""
    (grad,) = plain(grad)
    out = np.empty(grad.shape[1], grad.dtype)
    numbers = (*grad.shape[:2], grad.shape[2] * grad.shape[3])
    launch(conv_weight.bias_grad, out.size, grad, None, None, out, None, numbers, grad.size)
    return out
