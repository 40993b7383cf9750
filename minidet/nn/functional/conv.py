"""Convolution and transposed convolution, in one and two dimensions.

All four are the same three kernels: a row of pixels is an image of height 1, and a transposed convolution is what a
convolution does to the gradient of its input.
"""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...autograd.function import Function
from ...autograd.joining import pad
from ...autograd.tensor import Tensor, read_tensor
from ...errors import bad_argument, check_float, check_rank, integer, integers

LETTERS = {1: ("L", "KL"), 2: ("H, W", "KH, KW")}


class Conv2d(Function):
    """``out[n, f, oh, ow] = bias[f] + sum of weight[f, c, i, j] * padded[n, c, oh*sh + i*dh, ow*sw + j*dw]``

    The image may lack N, or H (then the weight lacks KH too); geometry is always given for two axes.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.geometry = stride, padding, dilation, groups
        out = kernels.conv.conv2d(_images(x, weight), _filters(weight), bias, *ctx.geometry)
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
        return dx, dw, db, None, None, None, None


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


def _checked(op: str, axes: int, input, weight, bias, groups: int, transposed: bool):
    """Check ranks, dtypes, channels and groups; return the three tensors."""
    input, weight = read_tensor(op, "input", input), read_tensor(op, "weight", weight)
    bias = None if bias is None else read_tensor(op, "bias", bias)
    letters, kernel_letters = LETTERS[axes]
    check_rank(op, "input", input, axes + 2, axes + 1, letters=f"([N, ]C, {letters})")
    check_rank(op, "weight", weight, axes + 2, letters=f"(F, C / groups, {kernel_letters})")
    check_float(op, input=input, weight=weight, bias=bias)
    groups = integer(op, "groups", groups, 1)
    channels = input.shape[-axes - 1]
    if 0 in weight.shape:
        raise bad_argument(op, "weight", f"has shape {weight.shape}", "no axis of length 0")
    takes = weight.shape[0] if transposed else weight.shape[1] * groups
    if channels != takes:
        expected = f"({channels}, F / groups, {kernel_letters})" if transposed else \
            f"(F, {channels // groups}, {kernel_letters})" if channels % groups == 0 else \
            f"groups that divide {channels}"  # fmt: skip
        why = f"input of shape {input.shape} has {channels} channels" + (f" in {groups} groups" if groups > 1 else "")
        raise bad_argument(op, "weight", f"has shape {weight.shape}", expected, why)
    if weight.shape[0] % groups:
        why = f"every group has the same number of {'channels' if transposed else 'filters'}"
        raise bad_argument(op, "groups", f"is {groups}", f"a divisor of {weight.shape[0]}", why)
    filters = weight.shape[1] * groups if transposed else weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        why = f"weight of shape {weight.shape} gives {filters} channels"
        raise bad_argument(op, "bias", f"has shape {bias.shape}", f"({filters},)", why)
    return input, weight, bias, groups


def _pair(op: str, axes: int, argument: str, value, low: int) -> tuple[int, int]:
    """Read an integer or a tuple; a row of pixels gets what an axis of length 1 needs."""
    read = integers(op, argument, value, axes, low)
    return read if axes == 2 else (low, *read)


def _convolve(op: str, axes: int, function, input, weight, bias, stride, padding, dilation, groups) -> Tensor:
    """Check everything, and apply ``function``; along the axis that a row lacks, all lengths are 1, padding 0."""
    input, weight, bias, groups = _checked(op, axes, input, weight, bias, groups, transposed=False)
    stride = _pair(op, axes, "stride", stride, 1)
    dilation = _pair(op, axes, "dilation", dilation, 1)
    kernel = (1,) * (2 - axes) + weight.shape[2:]
    if isinstance(padding, str):
        input, padding = _padding_by_name(op, axes, input, padding, kernel, stride, dilation)
    else:
        padding = _pair(op, axes, "padding", padding, 0)
    size = (1,) * (2 - axes) + input.shape[-axes:]
    for length, k, p, d in zip(size, kernel, padding, dilation, strict=True):
        if length + 2 * p < d * (k - 1) + 1:
            raise bad_argument(op, "input", f"has shape {input.shape}", f"at least {d * (k - 1) + 1} pixels per axis",
                               f"the kernel of size {weight.shape[2:]} with dilation {dilation[2 - axes :]} is larger "
                               f"than the image padded by {padding[2 - axes :]}")  # fmt: skip
    return function.apply(input, weight, bias, stride, padding, dilation, groups)


def _padding_by_name(op: str, axes: int, input: Tensor, padding: str, kernel, stride, dilation):
    """Return the (perhaps padded) input and the padding that "same" or "valid" means."""
    if padding == "valid":
        return input, (0, 0)
    if padding != "same":
        raise bad_argument(op, "padding", f"is {padding!r}", "integers, 'same' or 'valid'")
    if stride != (1, 1):
        why = "with strides the result is smaller than the image"
        raise bad_argument(op, "padding", f"is 'same' with stride {stride[2 - axes :]}", "stride 1", why)
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    odd = [t % 2 for t in total][2 - axes :]
    if any(odd):  # one more pixel at the end of the axis, as PyTorch has it
        input = pad(input, [number for extra in reversed(odd) for number in (0, extra)])
    return input, tuple(t // 2 for t in total)


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
    return _convolve("conv1d", 1, Conv1d, input, weight, bias, stride, padding, dilation, groups)


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
    """
    return _convolve("conv2d", 2, Conv2d, input, weight, bias, stride, padding, dilation, groups)


def _convolve_transposed(op, axes, function, input, weight, bias, stride, padding, output_padding, groups, dilation):
    """Check everything, find the size ``(n - 1) s - 2 p + d (k - 1) + extra + 1``, and apply ``function``."""
    input, weight, bias, groups = _checked(op, axes, input, weight, bias, groups, transposed=True)
    stride = _pair(op, axes, "stride", stride, 1)
    padding = _pair(op, axes, "padding", padding, 0)
    extra = _pair(op, axes, "output_padding", output_padding, 0)
    dilation = _pair(op, axes, "dilation", dilation, 1)
    kernel = (1,) * (2 - axes) + weight.shape[2:]
    lengths = (1,) * (2 - axes) + input.shape[-axes:]
    geometry = zip(lengths, stride, padding, dilation, kernel, extra, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, s, p, d, k, e in geometry)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        expected = "less than stride or dilation"
        why = "it chooses among the sizes that a convolution would make the same"
        raise bad_argument(op, "output_padding", f"is {output_padding!r}", expected, why)
    if min(lengths) < 1 or min(size) < 1:
        why = f"the result would have the size {size[2 - axes :]}"
        raise bad_argument(op, "input", f"has shape {input.shape}", "a larger image or less padding", why)
    return function.apply(input, weight, bias, size, stride, padding, dilation, groups)


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
    """
    return _convolve_transposed("conv_transpose1d", 1, ConvTranspose1d, input, weight, bias, stride, padding,
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
    """
    return _convolve_transposed("conv_transpose2d", 2, ConvTranspose2d, input, weight, bias, stride, padding,
                                output_padding, groups, dilation)  # fmt: skip
