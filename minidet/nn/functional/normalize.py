"""Vectors of length 1."""

from __future__ import annotations

import numpy as np

from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.operations.axes import one_axis
from ...autograd.sums import total
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, number


class Normalize(Function):
    """``out = x / max(|x|_p, eps)``, along one axis."""

    @staticmethod
    def forward(ctx, x, p, dim, eps):
        ctx.p, ctx.axes, ctx.eps = p, (dim,) if x.ndim else (), eps
        length = _length(np.abs(x), p, ctx.axes)
        ctx.save_for_backward(x, length)
        return x / np.maximum(length, x.dtype.type(eps))

    @staticmethod
    def backward(ctx, grad):
        x, length = ctx.saved_tensors
        safe = np.maximum(length, x.dtype.type(ctx.eps))  # nan where the length is
        if ctx.p == 0:  # the length is a count
            return grad / safe, None, None, None
        out = x / safe
        along = total(grad * out, ctx.axes, keepdims=True)
        turned = np.where(length >= ctx.eps, _direction(out, ctx.p, ctx.axes) * along, x.dtype.type(0))
        return (grad - turned) / safe, None, None, None


def _length(size: np.ndarray, p: float, axes) -> np.ndarray:
    if p == np.inf:
        return size.max(axis=axes, keepdims=True, initial=0)
    if p == 0:
        return (size != 0).sum(axis=axes, keepdims=True).astype(size.dtype)
    if p == 2:
        return np.sqrt(total(size * size, axes, keepdims=True))
    return total(size**p, axes, keepdims=True) ** (1 / p)


def _direction(out: np.ndarray, p: float, axes) -> np.ndarray:
    """Return d length / dx, which depends on ``out``, the vector of length 1, alone; 0 where x is 0, as in PyTorch."""
    if p == 2:
        return out
    if p == np.inf:  # components that tie share the slope evenly
        size = np.abs(out)
        is_largest = size == size.max(axis=axes, keepdims=True, initial=0)
        return np.sign(out) * is_largest / is_largest.sum(axis=axes, keepdims=True).astype(out.dtype)
    return np.where(out == 0, out.dtype.type(0), np.sign(out) * np.abs(out) ** (p - 1))


def normalize(input, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Return ``input / max(|input|_p, eps)`` along the axis ``dim``, with ``|x|_p = (sum |x|^p)^(1/p)``.

    Parameters
    ----------
    input : Tensor
        Float.
    p : float
        At least 0. Infinity takes the largest ``|x|``, 0 the number of components that are not 0.
    dim : int
        The axis of the vectors.
    eps : float
        Shorter vectors are divided by this.
    """
    input = read_tensor("normalize", "input", input)
    check_float("normalize", input=input)
    p, eps = number("normalize", "p", p, 0), number("normalize", "eps", eps, 0)
    if input.dtype.type(eps) == 0:
        raise bad_argument(
            "normalize", "eps", f"is {eps:g}", f"a number > 0 in {input.dtype}", "a vector of zeros is divided by it"
        )
    return Normalize.apply(input, p, one_axis("normalize", dim, input.ndim), eps)
