"""From many numbers to few: sums, means, extrema, variance, over all elements or along axes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...errors import bad_argument, flag, number
from ..function import Function
from ..sequence import as_dtype
from ..sums import total
from ..tensor import Tensor, wrap
from .axes import one_axis, some_axes
from .elementwise import maximum, minimum
from .promotion import cast, checked_tensor, float_input


class Extremum(NamedTuple):
    """What ``max(input, dim)`` and ``min(input, dim)`` return."""

    values: Tensor
    indices: Tensor


def kept(array: np.ndarray, shape: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    """Give a reduced array (of a gradient, say) its reduced axes back, with length 1."""
    if array.ndim == len(shape):
        return array
    return array.reshape([1 if i in axes else length for i, length in enumerate(shape)])


def spread(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Broadcast; what has the shape already stays writable, for which kernels are compiled."""
    return array if array.shape == shape else np.broadcast_to(array, shape)


class Sum(Function):
    """Sum over axes: the gradient is copied to every summand."""

    @staticmethod
    def forward(ctx, x, axes, keepdim):
        ctx.shape, ctx.axes = x.shape, axes
        return total(x, axes, keepdim)

    @staticmethod
    def backward(ctx, grad):
        return spread(kept(grad, ctx.shape, ctx.axes), ctx.shape), None, None


class Mean(Function):
    """Mean over axes: every element gets 1 / n of the gradient."""

    @staticmethod
    def forward(ctx, x, axes, keepdim):
        ctx.shape, ctx.axes = x.shape, axes
        ctx.count = math.prod(x.shape[axis] for axis in axes)
        return total(x, axes, keepdim) / x.dtype.type(ctx.count)  # 0 / 0: the mean of nothing is NaN

    @staticmethod
    def backward(ctx, grad):
        share = kept(grad, ctx.shape, ctx.axes) / grad.dtype.type(ctx.count)
        return spread(share, ctx.shape), None, None


class Amax(Function):
    """Maximum over axes: elements that tie share the gradient evenly."""

    reduce = np.maximum.reduce

    @classmethod
    def forward(cls, ctx, x, axes, keepdim):
        out = np.asarray(cls.reduce(x, axis=axes, keepdims=keepdim))
        ctx.save_for_backward(x, out)
        ctx.axes = axes
        return out

    @staticmethod
    def backward(ctx, grad):
        x, out = ctx.saved_tensors
        out = kept(out, x.shape, ctx.axes)
        ties = (x == out) | (np.isnan(x) & np.isnan(out))
        count = ties.sum(axis=ctx.axes, keepdims=True).astype(grad.dtype)  # as integers: float32 counts to 2^24
        share = kept(grad, x.shape, ctx.axes) / count
        return np.where(ties, share, grad.dtype.type(0)), None, None


class Amin(Amax):
    """Minimum over axes: elements that tie share the gradient evenly."""

    reduce = np.minimum.reduce


class Max(Function):
    """Maximum along one axis, and where it is: the gradient goes there and nowhere else."""

    find = staticmethod(np.argmax)

    @classmethod
    def forward(cls, ctx, x, axis, keepdim):
        indices = np.expand_dims(cls.find(x, axis=axis), axis)
        values = np.take_along_axis(x, indices, axis)
        ctx.save_for_backward(indices)
        ctx.shape, ctx.axis = x.shape, axis
        return (values, indices) if keepdim else (values.squeeze(axis), indices.squeeze(axis))

    @staticmethod
    def backward(ctx, grad, _):
        (indices,) = ctx.saved_tensors
        out = np.zeros(ctx.shape, grad.dtype)
        np.put_along_axis(out, indices, grad.reshape(indices.shape), ctx.axis)
        return out, None, None


class Min(Max):
    """Minimum along one axis, and where it is: the gradient goes there and nowhere else."""

    find = staticmethod(np.argmin)


class Var(Function):
    """sum (x - mean)^2 / (n - correction): derivative 2 (x - mean) / (n - correction)."""

    @staticmethod
    def forward(ctx, x, axes, correction, keepdim):
        count = math.prod(x.shape[axis] for axis in axes)
        first = tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(x.ndim))
        centred = x - x[first]  # equal numbers: exactly 0, which x - mean is not, for the mean is rounded
        centred = centred - total(centred, axes, True) / x.dtype.type(count)
        ctx.freedom = x.dtype.type(count - correction if count > correction else 0)  # 0: NaN, as in PyTorch
        out = total(np.square(centred), axes, keepdim) / ctx.freedom
        ctx.save_for_backward(centred)
        ctx.axes = axes
        return out

    @staticmethod
    def backward(ctx, grad):
        centred = ctx.saved_tensors[0]
        return kept(grad, centred.shape, ctx.axes) * (2 / ctx.freedom) * centred, None, None, None


class Std(Var):
    """Square root of the variance: derivative (x - mean) / ((n - correction) std), 0 where std is 0."""

    @staticmethod
    def forward(ctx, x, axes, correction, keepdim):
        std = np.sqrt(Var.forward(ctx, x, axes, correction, True))
        ctx.save_for_backward(*ctx.saved_tensors, std)
        return std if keepdim else std.squeeze(axes)

    @staticmethod
    def backward(ctx, grad):
        _, std = ctx.saved_tensors
        slope = np.where(std == 0, grad.dtype.type(0), grad.dtype.type(0.5) / std)
        return Var.backward(ctx, kept(grad, slope.shape, ctx.axes) * slope)


class LogSumExp(Function):
    """log sum exp(x), computed around the maximum: derivative exp(x - logsumexp), the softmax."""

    @staticmethod
    def forward(ctx, x, axes, keepdim):
        top = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, x.dtype.type(0))
        out = np.log(total(np.exp(x - top), axes, True)) + top
        ctx.save_for_backward(x, out)
        ctx.axes = axes
        return out if keepdim else out.squeeze(axes)

    @staticmethod
    def backward(ctx, grad):
        x, out = ctx.saved_tensors
        return kept(grad, x.shape, ctx.axes) * np.exp(x - out), None, None


def sum(input, dim=None, keepdim: bool = False, *, dtype=None) -> Tensor:
    """Return the sum over all elements, or over the axes ``dim`` (an int or several). Of integers and bool: int64."""
    input = checked_tensor("sum", "input", input)
    if dtype is not None:
        input = cast(input, as_dtype("sum", dtype))
    elif input._array.dtype.kind != "f":
        input = cast(input, np.dtype(np.int64))
    return Sum.apply(input, some_axes("sum", dim, input._array.ndim), flag("sum", "keepdim", keepdim))


def mean(input, dim=None, keepdim: bool = False, *, dtype=None) -> Tensor:
    """Return the mean over all elements, or over the axes ``dim``. Integers raise; the mean of nothing is NaN."""
    input = checked_tensor("mean", "input", input)
    if dtype is not None:
        input = cast(input, as_dtype("mean", dtype))
    _need_float("mean", input)
    return Mean.apply(input, some_axes("mean", dim, input._array.ndim), flag("mean", "keepdim", keepdim))


def _need_float(op: str, input: Tensor) -> None:
    if input._array.dtype.kind != "f":
        why = "convert first, with float()"
        raise bad_argument(op, "input", f"has dtype {input.dtype}", "float32 or float64", why, TypeError)


def _need_elements(op: str, input: Tensor, axes: tuple[int, ...]) -> None:
    if 0 in [input.shape[axis] for axis in axes]:
        why = "nothing has no extremum"
        raise bad_argument(op, "input", f"has shape {input.shape}", f"at least one element along axes {axes}", why)


def amax(input, dim=(), keepdim: bool = False) -> Tensor:
    """Return the maximum over the axes ``dim`` (all by default); ties share the gradient evenly."""
    return _extremum("amax", Amax, input, dim, keepdim)


def amin(input, dim=(), keepdim: bool = False) -> Tensor:
    """Return the minimum over the axes ``dim`` (all by default); ties share the gradient evenly."""
    return _extremum("amin", Amin, input, dim, keepdim)


def _extremum(op: str, function, input, dim, keepdim: bool) -> Tensor:
    input = checked_tensor(op, "input", input)
    axes = some_axes(op, dim, input.ndim)
    _need_elements(op, input, axes)
    return function.apply(input, axes, flag(op, "keepdim", keepdim))


def max(input, dim=None, keepdim: bool = False):
    """Return the largest element; along ``dim``: the pair (values, indices); of two tensors: :func:`maximum`.

    Without ``dim`` ties share the gradient evenly; with it the gradient goes to ``indices``, the first of them.
    NaN counts as larger than anything.
    """
    if isinstance(dim, Tensor):
        return maximum(input, dim)
    return _extremum("max", Amax, input, (), keepdim) if dim is None else _along("max", Max, input, dim, keepdim)


def min(input, dim=None, keepdim: bool = False):
    """Return the smallest element; along ``dim``: the pair (values, indices); of two tensors: :func:`minimum`.

    Without ``dim`` ties share the gradient evenly; with it the gradient goes to ``indices``, the first of them.
    NaN counts as smaller than anything.
    """
    if isinstance(dim, Tensor):
        return minimum(input, dim)
    return _extremum("min", Amin, input, (), keepdim) if dim is None else _along("min", Min, input, dim, keepdim)


def _along(op: str, function, input, dim, keepdim: bool) -> Extremum:
    input = checked_tensor(op, "input", input)
    axis, keepdim = one_axis(op, dim, input.ndim), flag(op, "keepdim", keepdim)
    if input.ndim == 0:
        return Extremum(_extremum(op, Amax, input, (), False), wrap(np.zeros((), np.int64)))
    _need_elements(op, input, (axis,))
    return Extremum(*function.apply(input, axis, keepdim))


def var(input, dim=None, unbiased: bool = True, keepdim: bool = False, *, correction=None) -> Tensor:
    """Return the variance over the axes ``dim`` (all by default).

    Parameters
    ----------
    input : Tensor
    dim : int or several, optional
    unbiased : bool
        Divide by n - 1 (default) or by n.
    keepdim : bool
    correction : number, optional
        Divide by n - correction instead. With too few elements the result is NaN.
    """
    return _spread("var", Var, input, dim, unbiased, keepdim, correction)


def std(input, dim=None, unbiased: bool = True, keepdim: bool = False, *, correction=None) -> Tensor:
    """Return the standard deviation, the square root of :func:`var`."""
    return _spread("std", Std, input, dim, unbiased, keepdim, correction)


def _spread(op: str, function, input, dim, unbiased: bool, keepdim: bool, correction) -> Tensor:
    input = checked_tensor(op, "input", input)
    _need_float(op, input)
    if isinstance(dim, bool):  # var(x, False) is PyTorch's older way to say unbiased=False
        dim, unbiased = None, dim
    unbiased = flag(op, "unbiased", unbiased)
    correction = int(unbiased) if correction is None else number(op, "correction", correction)
    return function.apply(input, some_axes(op, dim, input.ndim), correction, flag(op, "keepdim", keepdim))


def logsumexp(input, dim, keepdim: bool = False) -> Tensor:
    """Return ``log(sum(exp(input)))`` over the axes ``dim`` without overflow."""
    input = float_input("logsumexp", input)
    return LogSumExp.apply(input, some_axes("logsumexp", dim, input.ndim), flag("logsumexp", "keepdim", keepdim))


def argmax(input, dim=None, keepdim: bool = False) -> Tensor:
    """Return the index of the largest element (the first one), in the flattened tensor or along ``dim``."""
    return _position("argmax", np.argmax, input, dim, keepdim)


def argmin(input, dim=None, keepdim: bool = False) -> Tensor:
    """Return the index of the smallest element (the first one), in the flattened tensor or along ``dim``."""
    return _position("argmin", np.argmin, input, dim, keepdim)


def _position(op: str, find, input, dim, keepdim: bool) -> Tensor:
    input = checked_tensor(op, "input", input)
    axis, keepdim = None if dim is None else one_axis(op, dim, input.ndim), flag(op, "keepdim", keepdim)
    _need_elements(op, input, some_axes(op, dim, input.ndim))
    if input.ndim == 0:
        return wrap(np.zeros((), np.int64))
    return wrap(np.asarray(find(input._array, axis=axis, keepdims=keepdim), np.int64))
