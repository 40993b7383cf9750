"""Vectors of length 1."""

from __future__ import annotations

import numpy as np

from ...autograd.axes import one_axis
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, number


class Normalize(Function):
    """``out = x / max(|x|_p, eps)``, along one axis."""

    @staticmethod
    def forward(ctx, x, p, dim, eps):
        length = (np.abs(x) ** p).sum(axis=dim, keepdims=True) ** (1 / p)
        ctx.save_for_backward(x, length)
        ctx.p, ctx.dim, ctx.eps = p, dim, eps
        return x / np.maximum(length, x.dtype.type(eps))

    @staticmethod
    def backward(ctx, grad):
        x, length = ctx.saved_tensors
        long = length >= ctx.eps
        safe = np.where(long, length, x.dtype.type(ctx.eps))
        out = x / safe
        direction = np.sign(out) * np.abs(out) ** (ctx.p - 1) if ctx.p != 2 else out  # d length / dx
        along = (grad * out).sum(axis=ctx.dim, keepdims=True)
        return (grad - np.where(long, direction * along, x.dtype.type(0))) / safe, None, None, None


def normalize(input, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Return ``input / max(|input|_p, eps)`` along the axis ``dim``, with ``|x|_p = (sum |x|^p)^(1/p)``.

    Parameters
    ----------
    input : Tensor
        Float.
    p : float
        At least 1, finite.
    dim : int
        The axis of the vectors.
    eps : float
        Shorter vectors are divided by this.
    """
    input = read_tensor("normalize", "input", input)
    check_float("normalize", input=input)
    p, eps = number("normalize", "p", p, 1), number("normalize", "eps", eps, 0)
    if p == np.inf:
        raise bad_argument("normalize", "p", "is inf", "a finite number", "the maximum norm is not supported")
    if eps == 0:
        raise bad_argument("normalize", "eps", "is 0", "a number > 0", "a vector of zeros is divided by it")
    return Normalize.apply(input, p, one_axis("normalize", dim, input.ndim), eps)
