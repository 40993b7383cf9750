"""Convolution and transposed convolution, in one and two dimensions.

All four are the same three kernels: a row of pixels is an image of height 1, and a transposed convolution is what a
convolution does to the gradient of its input.
"""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...autograd.float_errors import ignore, restore
from ...autograd.function import Function
from ...autograd.grad_mode import mode
from ...autograd.tensor import Tensor, wrap
from .conv_checks import check_convolution, check_transposed, fitting


class Conv2d(Function):
    """``out[n, f, oh, ow] = bias[f] + sum of weight[f, c, i, j] * padded[n, c, oh*sh + i*dh, ow*sw + j*dw]``

    The image may lack N, or H (then the weight lacks KH too); geometry is always given for two axes.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, geometry, kept, pixels=None):
        """Convolve. ``geometry`` is (stride, padding, dilation, groups); ``kept`` is what inference keeps of weight and
        bias: see ``_kept``; ``pixels`` is (OH, OW), if it is not what the padding makes it.
        """
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        out = kernels.conv.conv2d(_images(x, weight), _filters(weight), bias, *geometry, kept, pixels)
        return _like(out, x, weight)

    @staticmethod
    def backward(ctx, grad):
        """dx: a transposed convolution; dw: the images correlated with the gradient; db: its sum over N, OH and OW."""
        x, weight = ctx.saved_tensors
        images, filters, grad = _images(x, weight), _filters(weight), _images(grad, weight)
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = kernels.conv.conv2d_input_grad(grad, filters, images.shape[2:], *ctx.geometry)
            dx = _like(dx, x, weight)
        if ctx.needs_input_grad[1]:
            dw = kernels.conv.conv2d_weight_grad(grad, images, filters.shape[2:], *ctx.geometry)
            dw = dw if dw.shape == weight.shape else dw.reshape(weight.shape)
        if ctx.needs_input_grad[2]:
            db = kernels.conv.conv2d_bias_grad(grad)
        return dx, dw, db, None, None, None


class Conv1d(Conv2d):
    """A convolution of images of height 1."""


class ConvTranspose2d(Function):
    """``out[n, f, h*sh + i*dh - ph, w*sw + j*dw - pw] += x[n, c, h, w] * weight[c, f, i, j]``, on top of ``bias[f]``.

    Forward is a convolution's input gradient; so backward is that convolution.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, size, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.geometry = stride, padding, dilation, groups
        out = kernels.conv.conv2d_input_grad(_images(x, weight), _filters(weight), size, *ctx.geometry)
        if bias is not None:
            out += bias[:, None, None]
        return _like(out, x, weight)

    @staticmethod
    def backward(ctx, grad):
        """dx: a convolution; dw: a convolution's, with image and gradient exchanged; db: the sum over N, OH and OW."""
        x, weight = ctx.saved_tensors
        images, filters, grad = _images(x, weight), _filters(weight), _images(grad, weight)
        dx = dw = db = None
        if ctx.needs_input_grad[0]:
            dx = kernels.conv.conv2d(grad, filters, None, *ctx.geometry)
            if dx.shape != images.shape:  # output_padding >= stride leaves room for one more window
                dx = dx[:, :, : images.shape[2], : images.shape[3]]
            dx = _like(dx, x, weight)
        if ctx.needs_input_grad[1]:
            dw = kernels.conv.conv2d_weight_grad(images, grad, filters.shape[2:], *ctx.geometry)
            dw = dw if dw.shape == weight.shape else dw.reshape(weight.shape)
        if ctx.needs_input_grad[2]:
            db = kernels.conv.conv2d_bias_grad(grad)
        return dx, dw, db, None, None, None, None, None


class ConvTranspose1d(ConvTranspose2d):
    """A transposed convolution of images of height 1."""


def _images(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return x as (N, C, H, W), contiguous: a single image is a batch of one, a row is an image of height 1."""
    if x.ndim < weight.ndim:
        x = x[None]
    return np.ascontiguousarray(x if x.ndim == 4 else x[:, :, None])


def _filters(weight: np.ndarray) -> np.ndarray:
    """Return weight as (F, C / groups, KH, KW), contiguous."""
    return np.ascontiguousarray(weight if weight.ndim == 4 else weight[:, :, None])


def _like(out: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Drop the axes that ``_images`` added to x."""
    if weight.ndim == 3:
        out = out[:, :, 0]
    return out if x.ndim == weight.ndim else out[0]


# the public functions: they check, then apply --------------------------------------------------------------------


def _convolve(check, op: str, axes: int, function, input, weight, bias, *options) -> Tensor:
    """Check everything, and apply ``function``."""
    input, weight, bias, options = fitting(check, op, axes, input, weight, bias, *options)
    return function.apply(input, weight, bias, *options)


def _correlate(op: str, axes: int, function, input, weight, bias, *options, pixels=None) -> Tensor:
    """Check everything, and apply ``function``; at inference, keep what is made of the weight, and record nothing."""
    input, weight, bias, options = fitting(check_convolution, op, axes, input, weight, bias, *options)
    if mode.enabled:
        rest = () if pixels is None else (pixels,)
        return function.apply(input, weight, bias, options, None, *rest)
    x, w, before = input._array, weight._array, ignore()
    try:
        b, kept = None if bias is None else bias._array, _kept(weight, bias)
        out = kernels.conv.conv2d(_images(x, w), _filters(w), b, *options, kept, pixels)
    finally:
        restore(before)
    return wrap(_like(out, x, w))


def _kept(weight: Tensor, bias: Tensor | None) -> dict | None:
    """Return what inference keeps of weight and bias: in which order the kernels read them. None where they may change
    unseen.

    A change through minidet empties it. One through an array that somebody outside holds is no change that we see: as
    soon as there is such an array, nothing is kept. A part of a memory keeps nothing, for parts would need a dict each.
    """
    storage, beside = weight._storage, None if bias is None else bias._storage
    if not all(each is None or _is_own(each) for each in (weight, bias)):
        storage.made = None
        return None
    version = 0 if beside is None else beside.version
    if storage.made is None or storage.made[0] is not beside or storage.made[1] != version:
        storage.made = beside, version, {}
    return storage.made[2]


def _is_own(tensor: Tensor) -> bool:
    """Whether a tensor is the whole of a memory of which nobody outside holds an array."""
    array = tensor._array
    return tensor._storage.memory is None and array.base is None and array.flags.c_contiguous


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """Convolve rows of numbers; :func:`conv2d` with one axis.

    ``out[n, f, o] = bias[f] + sum over c, j of weight[f, c, j] * padded[n, c, o * stride + j * dilation]``

    Parameters
    ----------
    input : Tensor
        (N, C, L) or (C, L), float.
    weight : Tensor
        (F, C / groups, K).
    bias : Tensor, optional
        (F,).
    stride, padding, dilation : int or tuple of one
        As in :func:`conv2d`.
    groups : int
        As in :func:`conv2d`.

    Returns
    -------
    Tensor
        (N, F, OL) or (F, OL), ``OL = (L + 2 padding - dilation (K - 1) - 1) // stride + 1``.
    """
    return _correlate("conv1d", 1, Conv1d, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """Convolve images (cross-correlate, in the words of mathematics: the kernel is not flipped).

    ``out[n, f, oh, ow] = bias[f] +
    sum over c, i, j of weight[f, c, i, j] * padded[n, c, oh * sh + i * dh, ow * sw + j * dw]``

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    weight : Tensor
        (F, C / groups, KH, KW), of the input's dtype.
    bias : Tensor, optional
        (F,).
    stride : int or (int, int)
        Pixels from one window to the next.
    padding : int, (int, int), "same" or "valid"
        Zeros on each side. "same" keeps H and W (stride 1 only), "valid" is 0.
    dilation : int or (int, int)
        Pixels from one tap of the kernel to the next.
    groups : int
        Both C and F are cut into so many parts, and part g of F sees part g of C only.

    Returns
    -------
    Tensor
        (N, F, OH, OW) or (F, OH, OW), ``OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``.

    Notes
    -----
    Kernels of 3 x 3 with stride 1 or 2, and at least 16 channels and filters, are computed by Winograd's algorithm: it
    adds and subtracts pixels before it multiplies. So a result whose window meets an infinite pixel may be NaN where
    the direct sum is infinite, and one whose window meets pixels near the dtype's largest number (1e38 in float32) may
    be infinite or NaN where the direct sum is finite. Other results are not touched. The same holds of the gradients;
    in the weight's, all nine taps of the channel or filter are met.
    """
    return _correlate("conv2d", 2, Conv2d, input, weight, bias, stride, padding, dilation, groups)


def conv2d_of_size(input, weight, bias, stride, padding, dilation, groups: int, size: tuple[int, int]) -> Tensor:
    """Return what :func:`conv2d` returns, but (OH, OW) is ``size``: zeros follow on the right and below, as many as the
    last windows need. Without ``padding`` there, or a copy of the image.
    """
    options = stride, padding, dilation, groups
    return _correlate("conv2d", 2, Conv2d, input, weight, bias, *options, pixels=tuple(size))


def conv_transpose1d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1, dilation=1
) -> Tensor:
    """Transpose :func:`conv1d`; :func:`conv_transpose2d` with one axis.

    Parameters
    ----------
    input : Tensor
        (N, C, L) or (C, L), float.
    weight : Tensor
        (C, F / groups, K).
    bias : Tensor, optional
        (F,).
    stride, padding, output_padding, dilation : int or tuple of one
        As in :func:`conv_transpose2d`.
    groups : int
        As in :func:`conv_transpose2d`.

    Returns
    -------
    Tensor
        (N, F, OL) or (F, OL), ``OL = (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1``.
        A result without a pixel is refused, as PyTorch refuses it.
    """
    return _convolve(check_transposed, "conv_transpose1d", 1, ConvTranspose1d, input, weight, bias, stride, padding,
                     output_padding, groups, dilation)  # fmt: skip


def conv_transpose2d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1, dilation=1
) -> Tensor:
    """Transpose :func:`conv2d`: every input pixel paints a copy of the kernel, scaled by its value, onto the result.

    ``out[n, f, h * sh + i * dh - ph, w * sw + j * dw - pw] += input[n, c, h, w] * weight[c, f, i, j]``

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    weight : Tensor
        (C, F / groups, KH, KW): that of the convolution from F channels to C which this one transposes.
    bias : Tensor, optional
        (F,).
    stride : int or (int, int)
        Pixels between the corners of two copies: the factor of enlargement.
    padding : int or (int, int)
        Pixels to cut off each side of the result.
    output_padding : int or (int, int)
        Pixels to add at the end of each axis, less than stride or dilation.
    groups : int
        Both C and F are cut into so many parts, and part g of F sees part g of C only.
    dilation : int or (int, int)
        Pixels from one tap of the kernel to the next.

    Returns
    -------
    Tensor
        (N, F, OH, OW) or (F, OH, OW), ``OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1``.
        A result without a pixel is refused, as PyTorch refuses it.
    """
    return _convolve(check_transposed, "conv_transpose2d", 2, ConvTranspose2d, input, weight, bias, stride, padding,
                     output_padding, groups, dilation)  # fmt: skip
