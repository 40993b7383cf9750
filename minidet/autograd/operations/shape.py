"""The same elements in another shape. Results are views where NumPy makes views: they share memory and versions."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument
from ..function import Function
from ..tensor import Tensor
from .axes import lengths, one_axis, some_axes
from .promotion import checked_tensor, unbroadcast


class Reshape(Function):
    """Another shape for the same elements: the gradient gets the old one."""

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx, grad):
        return grad.reshape(ctx.shape), None


class Permute(Function):
    """Another order of axes: the gradient gets the inverse order."""

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return x.transpose(dims)

    @staticmethod
    def backward(ctx, grad):
        inverse = [0] * len(ctx.dims)
        for new, old in enumerate(ctx.dims):
            inverse[old] = new
        return grad.transpose(inverse), None


class Expand(Function):
    """Axes of length 1 repeated: the gradients of all repetitions add up."""

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return x if x.shape == shape else np.broadcast_to(x, shape)

    @staticmethod
    def backward(ctx, grad):
        return unbroadcast(grad, ctx.shape), None


class Clone(Function):
    """A copy: the gradient passes."""

    @staticmethod
    def forward(ctx, x):
        return x.copy(order="C")

    @staticmethod
    def backward(ctx, grad):
        return grad


class Flip(Function):
    """Axes reversed: the gradient is reversed too."""

    @staticmethod
    def forward(ctx, x, axes):
        ctx.axes = axes
        return np.flip(x, axes).copy()  # PyTorch copies, and so has no negative strides

    @staticmethod
    def backward(ctx, grad):
        return np.flip(grad, ctx.axes), None


def _full_shape(op: str, x: Tensor, shape) -> tuple[int, ...]:
    """Check a new shape, and fill in its -1."""
    shape = lengths(op, (shape,) if isinstance(shape, (tuple, list)) else ((shape,),), low=-1)
    size, unknown = x._array.size, shape.count(-1)
    if unknown > 1:
        raise bad_argument(op, "shape", f"is {shape}", "at most one -1")
    known = 1
    for length in shape:
        known *= 1 if length == -1 else length
    if (size != known) if not unknown else (known == 0 or size % known):
        raise bad_argument(op, "shape", f"is {shape}", f"{size} elements", f"the tensor has shape {x.shape}")
    return tuple(size // known if length == -1 else length for length in shape) if unknown else shape


def reshape(input, shape) -> Tensor:
    """Return the elements in another shape: a view if possible, else a copy. One length may be -1."""
    input = checked_tensor("reshape", "input", input)
    return Reshape.apply(input, _full_shape("reshape", input, shape))


def view(input, shape, op: str = "view") -> Tensor:
    """Return the elements in another shape, sharing the memory; raises if that takes a copy."""
    input = checked_tensor(op, "input", input)
    shape = _full_shape(op, input, shape)
    array = input._array
    if not array.flags.c_contiguous and not np.may_share_memory(array.reshape(shape), array):
        why = f"the input of shape {input.shape} has strides {array.strides}, so that it takes a copy: use reshape"
        raise bad_argument(op, "shape", f"is {shape}", "a shape that fits the strides", why)
    return Reshape.apply(input, shape)


def flatten(input, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with the axes ``start_dim`` to ``end_dim`` (included) merged into one."""
    input = checked_tensor("flatten", "input", input)
    start = one_axis("flatten", start_dim, input.ndim, "start_dim")
    end = one_axis("flatten", end_dim, input.ndim, "end_dim")
    if start > end:
        why = f"start_dim is {start_dim}"
        raise bad_argument("flatten", "end_dim", f"is {end_dim}", "an axis not before start_dim", why)
    shape = input.shape
    merged = 1
    for length in shape[start : end + 1]:
        merged *= length
    return Reshape.apply(input, (*shape[:start], merged, *shape[end + 1 :]))


def squeeze(input, dim=None) -> Tensor:
    """Return the tensor without its axes of length 1: all of them, or those among ``dim``."""
    input = checked_tensor("squeeze", "input", input)
    axes = () if isinstance(dim, tuple) and not dim else some_axes("squeeze", dim, input.ndim)
    shape = tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in axes)
    return Reshape.apply(input, shape)


def unsqueeze(input, dim: int) -> Tensor:
    """Return the tensor with a new axis of length 1 at ``dim``."""
    input = checked_tensor("unsqueeze", "input", input)
    axis = one_axis("unsqueeze", dim, input.ndim + 1)
    return Reshape.apply(input, (*input.shape[:axis], 1, *input.shape[axis:]))


def permute(input, dims) -> Tensor:
    """Return the tensor with its axes in the order ``dims``."""
    input = checked_tensor("permute", "input", input)
    dims = dims if isinstance(dims, (tuple, list)) else (dims,)
    order = tuple(one_axis("permute", dim, input.ndim, "dims") for dim in dims)
    if sorted(order) != list(range(input.ndim)):
        raise bad_argument("permute", "dims", f"is {tuple(dims)}", f"every one of the {input.ndim} axes once")
    return Permute.apply(input, order)


def transpose(input, dim0: int, dim1: int) -> Tensor:
    """Return the tensor with two axes exchanged."""
    input = checked_tensor("transpose", "input", input)
    first = one_axis("transpose", dim0, input.ndim, "dim0")
    second = one_axis("transpose", dim1, input.ndim, "dim1")
    order = list(range(input.ndim))
    if order:
        order[first], order[second] = second, first
    return Permute.apply(input, tuple(order))


def t(input) -> Tensor:
    """Return the transpose of a matrix; vectors and numbers as they are."""
    input = checked_tensor("t", "input", input)
    if input.ndim > 2:
        raise bad_argument("t", "input", f"has shape {input.shape}", "at most 2 axes", "use transpose or permute")
    return Permute.apply(input, tuple(reversed(range(input.ndim))))


def broadcast_to(input, shape) -> Tensor:
    """Return a view in which axes of length 1 (and new axes in front) are repeated to ``shape``.

    A length of -1 keeps the axis as it is. Elements share memory: clone before writing.
    """
    return expand(input, shape, "broadcast_to")


def expand(input, shape, op: str = "expand") -> Tensor:
    """Do what :func:`broadcast_to` does: PyTorch's name of the method."""
    input = checked_tensor(op, "input", input)
    shape = lengths(op, (shape,) if isinstance(shape, (tuple, list)) else ((shape,),), low=-1)
    new = len(shape) - input.ndim
    old = (*[None] * new, *input.shape) if new >= 0 else ()
    fits = new >= 0 and all(
        (want != -1 if have is None else want in (-1, have) or have == 1) for want, have in zip(shape, old, strict=True)
    )
    if not fits:
        why = f"the tensor has shape {input.shape}; only axes of length 1 and new axes in front can be repeated"
        raise bad_argument(op, "shape", f"is {shape}", "a shape to broadcast to", why)
    return Expand.apply(input, tuple(have if want == -1 else want for want, have in zip(shape, old, strict=True)))


def flip(input, dims) -> Tensor:
    """Return a copy with the axes ``dims`` reversed."""
    input = checked_tensor("flip", "input", input)
    none = isinstance(dims, (tuple, list)) and not dims
    return Flip.apply(input, () if none else some_axes("flip", dims, input.ndim))


def clone(input) -> Tensor:
    """Return a copy that the tape knows: gradients pass. ``detach().clone()`` leaves the tape."""
    return Clone.apply(checked_tensor("clone", "input", input))


def contiguous(input) -> Tensor:
    """Return the tensor itself if its memory is contiguous in row-major order, else a copy that is."""
    input = checked_tensor("contiguous", "input", input)
    return input if input._array.flags.c_contiguous else Clone.apply(input)
