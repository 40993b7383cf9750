"""Unpooling: back to the larger image, to remembered positions or to the corner of each block; zeros elsewhere."""

from __future__ import annotations

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.tensor import Tensor, wrap
from ...errors import bad_argument, check_index_range, check_integer, check_room, integers
from .pool import as_batch, check_image, like_input


class MaxUnpool2d(Function):
    """``out[n, c].flat[indices[n, c, i, j]] = x[n, c, i, j]``; where positions coincide, the last value stays.

    Every value gets the gradient at its position, as in PyTorch: also one that was overwritten.
    """

    @staticmethod
    def forward(ctx, x, indices, output_size):
        ctx.save_for_backward(indices)
        return like_input(kernels.unpool.max_unpool2d(as_batch(x), as_batch(indices), output_size), x)

    @staticmethod
    def backward(ctx, grad):
        (indices,) = ctx.saved_tensors
        dx = kernels.unpool.max_unpool2d_grad(as_batch(grad), as_batch(indices))
        return like_input(dx, indices), None, None


class BedOfNails2d(Function):
    """``out[n, c, i * sh, j * sw] = x[n, c, i, j]``."""

    @staticmethod
    def forward(ctx, x, stride, output_size):
        ctx.stride, ctx.input_size = stride, x.shape[-2:]
        return like_input(kernels.unpool.bed_of_nails2d(as_batch(x), stride, output_size), x)

    @staticmethod
    def backward(ctx, grad):
        dx = kernels.unpool.bed_of_nails2d_grad(as_batch(grad), ctx.stride, ctx.input_size)
        return like_input(dx, grad), None, None


def _output_size(op: str, input: Tensor, kernel, stride, padding, output_size) -> tuple[int, int]:
    """Return (OH, OW): the smallest that pooling makes (H, W) of, or what the caller asks for if it is near that."""
    sizes = zip(input.shape[-2:], kernel, stride, padding, strict=True)
    default = tuple((size - 1) * s - 2 * p + k for size, k, s, p in sizes)
    if output_size is not None:
        if not isinstance(output_size, (tuple, list)) or len(output_size) not in (2, 4):
            raise bad_argument(op, "output_size", f"is {output_size!r}", "(OH, OW) or (N, C, OH, OW)")
        wanted = integers(op, "output_size", tuple(output_size[-2:]), 2, 1)
        if any(abs(w - d) >= s for w, d, s in zip(wanted, default, stride, strict=True)):
            expected = f"less than stride = {stride} away from {default}"
            raise bad_argument(op, "output_size", f"is {wanted}", expected, f"input has shape {input.shape}")
        check_room(op, "output_size", f"is {wanted}", *input.shape[:-2], *wanted)
        return wanted
    if min(default) < 1:
        raise bad_argument(op, "padding", f"is {padding}", "less", f"the result would have the size {default}")
    check_room(op, "stride", f"is {stride}", *input.shape[:-2], *default)
    return default


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """Put every value back to where max pooling found it; zeros elsewhere.

    ``out[n, c].flat[indices[n, c, i, j]] = input[n, c, i, j]``. Where pooling windows overlap, positions may coincide:
    the last value (in reading order) stays.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    indices : Tensor
        Positions ``oh * OW + ow``, of the input's shape: what ``max_pool2d(..., return_indices=True)`` returned.
    kernel_size, stride, padding : int or (int, int)
        The pooling's; the stride defaults to ``kernel_size``.
    output_size : (int, int), optional
        OH and OW; the default is ``OH = (H - 1) stride - 2 padding + KH``. Give it where pooling rounded down.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW).

    Raises
    ------
    IndexError
        If a position lies outside the output.
    """
    input, indices = check_image("max_unpool2d", input), read_tensor("max_unpool2d", "indices", indices)
    kernel = integers("max_unpool2d", "kernel_size", kernel_size, 2, 1)
    stride = kernel if stride is None else integers("max_unpool2d", "stride", stride, 2, 1)
    padding = integers("max_unpool2d", "padding", padding, 2, 0)
    check_integer("max_unpool2d", "indices", indices)
    if indices.shape != input.shape:
        was, expected = f"has shape {indices.shape}", str(input.shape)
        raise bad_argument("max_unpool2d", "indices", was, expected, "every value needs its position")
    size = _output_size("max_unpool2d", input, kernel, stride, padding, output_size)
    why = f"the output has {size[0]} x {size[1]} pixels"
    check_index_range("max_unpool2d", "indices", indices._array, 0, size[0] * size[1], why)
    if indices.dtype != "int64":
        indices = wrap(indices._array.astype("int64"))
    return MaxUnpool2d.apply(input, indices, size)


def bed_of_nails2d(input, kernel_size, stride=None, output_size=None) -> Tensor:
    """Put every value into the top left corner of its block of pixels; zeros elsewhere.

    ``out[n, c, i * sh, j * sw] = input[n, c, i, j]``. PyTorch has no such function.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W), float.
    kernel_size : int or (int, int)
        Size of the last block.
    stride : int or (int, int), optional
        Pixels from one corner to the next; the default is ``kernel_size``.
    output_size : (int, int), optional
        OH and OW; the default is ``OH = (H - 1) stride + KH``.

    Returns
    -------
    Tensor
        (N, C, OH, OW) or (C, OH, OW).
    """
    input = check_image("bed_of_nails2d", input)
    kernel = integers("bed_of_nails2d", "kernel_size", kernel_size, 2, 1)
    stride = kernel if stride is None else integers("bed_of_nails2d", "stride", stride, 2, 1)
    size = _output_size("bed_of_nails2d", input, kernel, stride, (0, 0), output_size)
    last = tuple((length - 1) * s for length, s in zip(input.shape[-2:], stride, strict=True))
    if size[0] <= last[0] or size[1] <= last[1]:
        why = f"the last value of an input of shape {input.shape} comes to {last}"
        raise bad_argument("bed_of_nails2d", "output_size", f"is {size}", f"more than {last}", why)
    return BedOfNails2d.apply(input, stride, size)
