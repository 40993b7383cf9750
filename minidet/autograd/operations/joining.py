"""Several tensors into one, and one into several: cat, stack, split, chunk, unbind; and pad."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument, check_choice, check_room, integer, shortened, shown
from ..function import Function
from ..tensor import Tensor
from .axes import lengths, one_axis
from .promotion import cast, checked_tensor, is_scalar, result_type, scalar


class Cat(Function):
    """Tensors one after the other: each gets its part of the gradient."""

    @staticmethod
    def forward(ctx, axis, *arrays):
        ctx.axis = axis
        ctx.ends = np.cumsum([array.shape[axis] for array in arrays])[:-1]
        return np.concatenate(arrays, axis)

    @staticmethod
    def backward(ctx, grad):
        return (None, *np.split(grad, ctx.ends, ctx.axis))


class Stack(Function):
    """Tensors along a new axis: each gets its slice of the gradient."""

    @staticmethod
    def forward(ctx, axis, *arrays):
        ctx.axis = axis
        return np.stack(arrays, axis)

    @staticmethod
    def backward(ctx, grad):
        return (None, *np.moveaxis(grad, ctx.axis, 0))


class Split(Function):
    """Pieces of given lengths along an axis: the gradients are joined again."""

    @staticmethod
    def forward(ctx, x, sections, axis):
        ctx.axis = axis
        ends = np.cumsum(sections)[:-1] if sections else []
        return tuple(np.split(x, ends, axis))

    @staticmethod
    def backward(ctx, *grads):
        return np.concatenate(grads, ctx.axis), None, None


class Unbind(Function):
    """All slices along an axis: the gradients are stacked again."""

    @staticmethod
    def forward(ctx, x, axis):
        ctx.axis, ctx.shape = axis, x.shape
        return tuple(x[(slice(None),) * axis + (i, ...)] for i in range(x.shape[axis]))

    @staticmethod
    def backward(ctx, *grads):
        return np.stack(grads, ctx.axis), None


class Pad(Function):
    """A border of one value; a negative width cuts off. The gradient of the border is dropped."""

    @staticmethod
    def forward(ctx, x, widths, value):
        """``out[outer] = x[inner]``, ``value`` elsewhere: along each axis, what is not cut off, and where it lands."""
        ctx.shape = x.shape
        ctx.inner = tuple(
            slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, widths, strict=True)
        )
        ctx.outer = tuple(
            slice(max(before, 0), n + before + after - max(after, 0))
            for n, (before, after) in zip(x.shape, widths, strict=True)
        )
        shape = [n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)]
        out = np.empty(shape, x.dtype)
        out[ctx.outer] = x[ctx.inner]
        for axis, part in enumerate(ctx.outer):  # the border, and no pixel twice: an image is larger
            inside = ctx.outer[:axis]
            out[*inside, : part.start] = value
            out[*inside, part.stop :] = value
        return out

    @staticmethod
    def backward(ctx, grad):
        if all(part == slice(0, n) for part, n in zip(ctx.inner, ctx.shape, strict=True)):
            return grad[ctx.outer], None, None
        out = np.zeros(ctx.shape, grad.dtype)
        out[ctx.inner] = grad[ctx.outer]
        return out, None, None


def _tensors(op: str, tensors) -> list[Tensor]:
    if isinstance(tensors, (Tensor, np.ndarray)) or not isinstance(tensors, (tuple, list)):
        raise bad_argument(op, "tensors", f"is a {type(tensors).__name__}", "a tuple or list of tensors", "", TypeError)
    tensors = [checked_tensor(op, f"tensors[{i}]", tensor) for i, tensor in enumerate(tensors)]
    if not tensors:
        raise bad_argument(op, "tensors", "is empty", "at least one tensor")
    dtype = result_type(*tensors)
    return [cast(tensor, dtype) for tensor in tensors]


def cat(tensors, dim: int = 0) -> Tensor:
    """Join tensors along an axis that they have.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of equal shapes except along ``dim``. Tensors of shape (0,) are skipped, as in PyTorch.
    dim : int
    """
    return _cat("cat", tensors, dim)


def _cat(op: str, tensors, dim) -> Tensor:
    tensors = _tensors(op, tensors)
    tensors = [tensor for tensor in tensors if tensor.shape != (0,)] or tensors[:1]
    first = tensors[0]
    if first.ndim == 0:
        raise bad_argument(op, "tensors[0]", "has shape ()", "at least one axis", "use stack to join numbers")
    axis = one_axis(op, dim, first.ndim)
    for i, tensor in enumerate(tensors):
        expected = (*first.shape[:axis], *first.shape[axis + 1 :])
        if tensor.ndim != first.ndim or (*tensor.shape[:axis], *tensor.shape[axis + 1 :]) != expected:
            why = f"the first has shape {first.shape}"
            raise bad_argument(op, f"tensors[{i}]", f"has shape {tensor.shape}",
                               f"equal lengths except along dim {axis}", why)  # fmt: skip
    return Cat.apply(axis, *tensors)


def concatenate(tensors, axis: int = 0, *, dim: int | None = None) -> Tensor:
    """Do what :func:`cat` does; the axis may have either name."""
    return _cat("concatenate", tensors, axis if dim is None else dim)


def stack(tensors, dim: int = 0) -> Tensor:
    """Join tensors of equal shapes along a new axis."""
    tensors = _tensors("stack", tensors)
    axis = one_axis("stack", dim, tensors[0].ndim + 1)
    for i, tensor in enumerate(tensors):
        if tensor.shape != tensors[0].shape:
            why = "all shapes have to be equal"
            raise bad_argument("stack", f"tensors[{i}]", f"has shape {tensor.shape}", str(tensors[0].shape), why)
    return Stack.apply(axis, *tensors)


def split(tensor, split_size_or_sections, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut a tensor into views along an axis.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or sequence of int
        The length of every piece (the last one may be shorter), or all lengths.
    dim : int
    """
    tensor = checked_tensor("split", "tensor", tensor)
    axis = one_axis("split", dim, tensor.ndim)
    if tensor.ndim == 0:
        raise bad_argument("split", "tensor", "has shape ()", "at least one axis")
    length = tensor.shape[axis]
    if isinstance(split_size_or_sections, (tuple, list)):
        sections = lengths("split", (split_size_or_sections,), "split_size_or_sections")
        if sum(sections) != length:
            why = f"the tensor has shape {tensor.shape}"
            raise bad_argument("split", "split_size_or_sections", f"is {sections}", f"a sum of {length}", why)
    else:
        size = integer("split", "split_size_or_sections", split_size_or_sections, 1 if length else 0)
        sections = tuple(min(size, length - start) for start in range(0, length, size)) if length else (0,)
    return Split.apply(tensor, sections, axis)


def chunk(input, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut a tensor into at most ``chunks`` views of equal length along an axis (the last one may be shorter)."""
    input = checked_tensor("chunk", "input", input)
    chunks = integer("chunk", "chunks", chunks, 1)
    axis = one_axis("chunk", dim, input.ndim)
    if input.ndim == 0:
        raise bad_argument("chunk", "input", "has shape ()", "at least one axis")
    length = input.shape[axis]
    return split(input, -(-length // chunks), axis) if length else Split.apply(input, (0,) * chunks, axis)


def unbind(input, dim: int = 0) -> tuple[Tensor, ...]:
    """Return all slices along an axis, as views without that axis."""
    input = checked_tensor("unbind", "input", input)
    axis = one_axis("unbind", dim, input.ndim)
    if input.ndim == 0:
        raise bad_argument("unbind", "input", "has shape ()", "at least one axis")
    return Unbind.apply(input, axis) if input.shape[axis] else ()


def pad(input, pad, mode: str = "constant", value=None) -> Tensor:
    """Put a border around a tensor.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        Widths (before, after) of the last axis, then of the one before it, and so on: ``(left, right, top, bottom)``.
        Negative widths cut off.
    mode : {"constant"}
    value : number, optional
        What the border is made of; 0 by default.
    """
    input = checked_tensor("pad", "input", input)
    check_choice("pad", "mode", mode, ("constant",))
    if value is not None and not is_scalar(value):
        raise bad_argument("pad", "value", f"is a {type(value).__name__}", "a number", error=TypeError)
    if not isinstance(pad, (tuple, list)):
        raise bad_argument("pad", "pad", f"is {shown(pad)}", "pairs of integers", error=TypeError)
    pad = [integer("pad", "pad", width, low=-(2**62)) for width in pad]
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        why = f"the tensor has {input.ndim} axes"
        raise bad_argument("pad", "pad", f"is {tuple(pad)}", "one pair of integers per padded axis", why)
    widths = [(0, 0)] * input.ndim
    for i in range(len(pad) // 2):
        widths[input.ndim - 1 - i] = pad[2 * i], pad[2 * i + 1]
    for axis, (before, after) in enumerate(widths):
        if min(before, 0) + min(after, 0) + input.shape[axis] < 0 or input.shape[axis] + before + after < 0:
            why = f"axis {axis} has length {input.shape[axis]}"
            raise bad_argument("pad", "pad", f"cuts {before}, {after}", "no more than there is", why)
    sizes = (length + before + after for length, (before, after) in zip(input.shape, widths, strict=True))
    check_room("pad", "pad", f"is ({', '.join(map(shortened, pad))})", *sizes)
    return Pad.apply(input, widths, scalar("pad", "value", 0 if value is None else value, input.dtype))
