"""Pooling: the largest value or the mean of every window of an image."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, check_rank, check_room, flag, integer, integers

LARGEST = 2**31 - 1  # of what describes a window: positions then fit into 64 bits
MOST_TAPS = 2**20  # that a window visits along one axis


class MaxPool2d(Function):
    """``out[n, c, i, j] = max of the window (i, j)``; the gradient goes to where the maximum was."""

    @staticmethod
    def forward(ctx, x, kernel, stride, padding, dilation, output_size, return_indices):
        images, window = as_batch(x), (kernel, stride, padding, dilation, output_size)
        if not (return_indices or ctx.needs_input_grad[0]):
            return like_input(kernels.pool_values.max_pool2d_values(images, *window), x)
        values, indices = kernels.pool.max_pool2d(images, *window)
        return _keep(ctx, x, values, indices, return_indices)

    @staticmethod
    def backward(ctx, grad, *_):
        return max_gradient(ctx, grad), *[None] * 6


class AdaptiveMaxPool2d(Function):
    """Max pooling with as many windows as the output has pixels."""

    @staticmethod
    def forward(ctx, x, output_size, return_indices):
        values, indices = kernels.pool.adaptive_max_pool2d(as_batch(x), output_size)
        return _keep(ctx, x, values, indices, return_indices)

    @staticmethod
    def backward(ctx, grad, *_):
        return max_gradient(ctx, grad), None, None


def _keep(ctx, x, values, indices, return_indices):
    """Save what the gradient needs, and return what the caller wants."""
    values, indices = like_input(values, x), like_input(indices, x)
    ctx.save_for_backward(indices)
    ctx.set_materialize_grads(False)  # the indices have none: no zeros in their place
    ctx.input_shape = x.shape
    return (values, indices) if return_indices else values


def max_gradient(ctx, grad):
    """Add every gradient at the saved position of its value."""
    (indices,) = ctx.saved_tensors
    dx = kernels.pool.max_pool2d_grad(as_batch(grad), as_batch(indices), ctx.input_shape[-2:])
    return dx.reshape(ctx.input_shape)


class AvgPool2d(Function):
    """``out[n, c, i, j] = sum of the window (i, j) / its divisor``."""

    @staticmethod
    def forward(ctx, x, kernel, stride, padding, count_include_pad, divisor_override, output_size):
        ctx.input_shape = x.shape
        ctx.options = kernel, stride, padding, count_include_pad, divisor_override
        return like_input(kernels.pool.avg_pool2d(as_batch(x), *ctx.options, output_size), x)

    @staticmethod
    def backward(ctx, grad):
        dx = kernels.pool.avg_pool2d_grad(as_batch(grad), *ctx.options, ctx.input_shape[-2:])
        return dx.reshape(ctx.input_shape), *[None] * 6


class AdaptiveAvgPool2d(Function):
    """Average pooling with as many windows as the output has pixels."""

    @staticmethod
    def forward(ctx, x, output_size):
        ctx.input_shape = x.shape
        return like_input(kernels.pool.adaptive_avg_pool2d(as_batch(x), output_size), x)

    @staticmethod
    def backward(ctx, grad):
        dx = kernels.pool.adaptive_avg_pool2d_grad(as_batch(grad), ctx.input_shape[-2:])
        return dx.reshape(ctx.input_shape), None


def as_batch(x: np.ndarray) -> np.ndarray:
    """Return x as (N, C, H, W), contiguous: a single image is a batch of one."""
    return np.ascontiguousarray(x if x.ndim == 4 else x[None])


def like_input(out: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Drop the batch axis again if x came without."""
    return out if x.ndim == 4 else out[0]


# the public functions: they check, then apply --------------------------------------------------------------------


def check_image(op: str, input) -> Tensor:
    """Return the input as a tensor; raise unless it is a batch of images (N may be 0), or one image, of floats."""
    input = read_tensor(op, "input", input)
    check_rank(op, "input", input, 4, 3, letters="([N, ]C, H, W)")
    check_float(op, input=input)
    if 0 in input.shape[-3:]:
        raise bad_argument(op, "input", f"has shape {input.shape}", "at least one channel, row and column")
    return input


def check_window(op: str, kernel_size, stride, padding) -> tuple:
    """Return kernel, stride and padding as pairs; the stride defaults to the kernel."""
    kernel = integers(op, "kernel_size", kernel_size, 2, 1)
    stride = kernel if stride is None else integers(op, "stride", stride, 2, 1)
    padding = integers(op, "padding", padding, 2, 0)
    for argument, value in (("kernel_size", kernel), ("stride", stride)):
        if max(value) > LARGEST:
            raise bad_argument(op, argument, f"is {value}", f"integers <= {LARGEST}", "as in PyTorch")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        expected = f"at most half of kernel_size = {kernel}"
        raise bad_argument(op, "padding", f"is {padding}", expected, "a window has to hold more than padding")
    return kernel, stride, padding


def _output_size(op: str, input: Tensor, kernel, stride, padding, dilation, ceil_mode: bool) -> tuple[int, int]:
    """Count the windows along both axes: with ``ceil_mode``, also one that ends outside, if it starts inside."""
    sizes = []
    for size, k, s, p, d in zip(input.shape[-2:], kernel, stride, padding, dilation, strict=True):
        room = size + 2 * p - d * (k - 1) - 1
        count = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= size + p:
            count -= 1
        if count < 1:
            why = f"the window of size {kernel} with dilation {dilation} is larger than the image padded by {padding}"
            raise bad_argument(op, "input", f"has shape {input.shape}", "room for one window", why)
        sizes.append(count)
    return tuple(sizes)


def _check_no_empty_window(op: str, input: Tensor, stride, padding, dilation, output_size) -> None:
    """Raise if a dilated window steps over the whole image: it would have no maximum."""
    for size, s, p, d, count in zip(input.shape[-2:], stride, padding, dilation, output_size, strict=True):
        start = np.arange(count) * s - p
        if np.any(np.where(start < 0, start % d, start) >= size):
            why = f"dilation {dilation} steps from the padding on one side to the padding on the other"
            raise bad_argument(op, "input", f"has shape {input.shape}", "an image pixel in every window", why)


def max_pool2d(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest value of every window.

    ``out[n, c, i, j] = max over a, b of input[n, c, i * sh - ph + a * dh, j * sw - pw + b * dw]``

    Among equal values the first (in reading order) gets the gradient. A NaN is larger than everything.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    kernel_size : int or (int, int)
        KH and KW.
    stride : int or (int, int), optional
        Pixels from one window to the next; the default is ``kernel_size``.
    padding : int or (int, int)
        Border of -infinity around the image, at most half the kernel.
    dilation : int or (int, int)
        Pixels from one tap of the window to the next.
    ceil_mode : bool
        Count windows that end outside too.
    return_indices : bool
        Return ``(values, indices)``: what :func:`max_unpool2d` takes.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW), ``OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``.
    Tensor
        Only with ``return_indices``: int64, the position ``h * W + w`` of each value.
    """
    input = check_image("max_pool2d", input)
    kernel, stride, padding = check_window("max_pool2d", kernel_size, stride, padding)
    dilation = integers("max_pool2d", "dilation", dilation, 2, 1)
    if max(dilation) > LARGEST:
        raise bad_argument("max_pool2d", "dilation", f"is {dilation}", f"integers <= {LARGEST}", "as in PyTorch")
    ceil_mode = flag("max_pool2d", "ceil_mode", ceil_mode)
    return_indices = flag("max_pool2d", "return_indices", return_indices)
    size = _output_size("max_pool2d", input, kernel, stride, padding, dilation, ceil_mode)
    _check_no_empty_window("max_pool2d", input, stride, padding, dilation, size)
    kernel, padding = _inside(input.shape[-2:], kernel, stride, padding, dilation, size)
    return MaxPool2d.apply(input, kernel, stride, padding, dilation, size, return_indices)


def _inside(image_size, kernel, stride, padding, dilation, output_size) -> tuple:
    """Return kernel and padding without the taps that lie outside the image in every window: nobody visits those."""
    axes = []
    for size, k, s, p, d, count in zip(image_size, kernel, stride, padding, dilation, output_size, strict=True):
        first = max(0, -(((count - 1) * s - p) // d))  # the last window's first tap that is not above the image
        last = min(k, (size - 1 + p) // d + 1)  # the first window's first tap below it
        if last - first > MOST_TAPS + size:
            expected = f"padding that leaves at most {MOST_TAPS} taps outside the image"
            raise bad_argument("max_pool2d", "padding", f"is {padding}", expected, f"the stride is {stride}")
        axes.append((last - first, p - first * d))
    return tuple(zip(*axes, strict=True))


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """Return the mean of every window.

    ``out[n, c, i, j] = sum over a, b of padded[n, c, i * sh + a, j * sw + b] / divisor``

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    kernel_size, stride, padding, ceil_mode
        As in :func:`max_pool2d`; the border is zeros.
    count_include_pad : bool
        Whether the divisor counts the border's pixels. What lies beyond the border (``ceil_mode``) never counts.
    divisor_override : int, optional
        The divisor, whatever the window holds. Not 0.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW).
    """
    input = check_image("avg_pool2d", input)
    kernel, stride, padding = check_window("avg_pool2d", kernel_size, stride, padding)
    ceil_mode = flag("avg_pool2d", "ceil_mode", ceil_mode)
    count_include_pad = flag("avg_pool2d", "count_include_pad", count_include_pad)
    size = _output_size("avg_pool2d", input, kernel, stride, padding, (1, 1), ceil_mode)
    if divisor_override is not None:
        divisor_override = integer("avg_pool2d", "divisor_override", divisor_override, -(2**31))
        if divisor_override == 0:
            raise bad_argument("avg_pool2d", "divisor_override", "is 0", "another integer, or None")
    return AvgPool2d.apply(input, kernel, stride, padding, count_include_pad, divisor_override, size)


def _adaptive_size(op: str, input: Tensor, output_size) -> tuple[int, int]:
    """Return (OH, OW); None keeps the input's size along that axis."""
    if output_size is None or isinstance(output_size, int):
        output_size = (output_size, output_size)
    if not isinstance(output_size, (tuple, list)) or len(output_size) != 2:
        raise bad_argument(op, "output_size", f"is {output_size!r}", "an integer, None, or two of them")
    pairs = zip(output_size, input.shape[-2:], strict=True)
    size = integers(op, "output_size", tuple(own if wanted is None else wanted for wanted, own in pairs), 2, 0)
    check_room(op, "output_size", f"is {output_size!r}", *input.shape[:-2], *size)
    return size


def adaptive_avg_pool2d(input, output_size) -> Tensor:
    """Return the mean of every window of a grid that covers the image, whatever its size.

    Window i of OH covers the rows ``floor(i * H / OH)`` to ``ceil((i + 1) * H / OH) - 1``; windows may overlap.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    output_size : int or (int or None, int or None)
        OH and OW; None keeps H or W. ``1`` averages whole planes, ``0`` gives nothing.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW).
    """
    input = check_image("adaptive_avg_pool2d", input)
    return AdaptiveAvgPool2d.apply(input, _adaptive_size("adaptive_avg_pool2d", input, output_size))


def adaptive_max_pool2d(input, output_size, return_indices: bool = False) -> Tensor | tuple[Tensor, Tensor]:
    """Return the largest value of every window of :func:`adaptive_avg_pool2d`'s grid.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    output_size : int or (int or None, int or None)
        OH and OW; None keeps H or W.
    return_indices : bool
        Return ``(values, indices)``.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW).
    Tensor
        Only with ``return_indices``: int64, the position ``h * W + w`` of each value.
    """
    input = check_image("adaptive_max_pool2d", input)
    size = _adaptive_size("adaptive_max_pool2d", input, output_size)
    return AdaptiveMaxPool2d.apply(input, size, flag("adaptive_max_pool2d", "return_indices", return_indices))
