"""Matrix products, batched as in PyTorch and NumPy."""

from __future__ import annotations

import math

import numpy as np

from ...errors import bad_argument
from ..function import Function
from ..tensor import Tensor
from .promotion import check_broadcast, checked_tensor, unbroadcast


class MatMul(Function):
    """C = A B: dA = dC B', dB = A' dC. A vector on the left is a row, on the right a column, that the result drops."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return _product(a, b)

    @staticmethod
    def backward(ctx, grad):
        """``dA = dC B'``, ``dB = A' dC``, with vectors as matrices meanwhile; summed over axes that were broadcast."""
        a, b = ctx.saved_tensors
        rows = a[None] if a.ndim == 1 else a  # (..., M, K)
        columns = b[:, None] if b.ndim == 1 else b  # (..., K, N)
        if b.ndim == 1:
            grad = grad[..., None]
        if a.ndim == 1:
            grad = grad[..., None, :]  # (..., M, N)
        grad_a = grad_b = None
        if ctx.needs_input_grad[0]:
            grad_a = unbroadcast(_product(grad, columns.swapaxes(-1, -2)), rows.shape).reshape(a.shape)
        if ctx.needs_input_grad[1]:
            if b.ndim <= 2:  # one product over all the batch instead of a sum of products
                count = math.prod(rows.shape[:-1])
                left, right = rows.reshape(count, rows.shape[-1]), grad.reshape(count, grad.shape[-1])
                grad_b = (left.T @ right).reshape(b.shape)
            else:
                grad_b = unbroadcast(rows.swapaxes(-1, -2) @ grad, columns.shape)
        return grad_a, grad_b


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous:  # one big product instead of many small ones
        return (a.reshape(math.prod(a.shape[:-1]), a.shape[-1]) @ b).reshape(*a.shape[:-1], b.shape[-1])
    return a @ b


def matmul(input, other) -> Tensor:
    """Return the matrix product over the last two axes; the axes before broadcast.

    Parameters
    ----------
    input : Tensor, (..., M, K) or (K,)
    other : Tensor, (..., K, N) or (K,)
        Of the same dtype. A vector is taken as a row on the left and as a column on the right.

    Returns
    -------
    Tensor, (..., M, N), without M or N where a vector was.
    """
    a, b = checked_tensor("matmul", "input", input), checked_tensor("matmul", "other", other)
    for argument, x in (("input", a), ("other", b)):
        if x.ndim == 0:
            raise bad_argument("matmul", argument, "has shape ()", "at least one axis", "use * to multiply by a number")
    if a.dtype != b.dtype:
        why = f"input has dtype {a.dtype}, and a product works in one precision"
        raise bad_argument("matmul", "other", f"has dtype {b.dtype}", str(a.dtype), why, TypeError)
    if a.dtype.kind == "b":
        raise bad_argument("matmul", "input", "has dtype bool", "numbers", error=TypeError)
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        axis = "(..., K, N)" if b.ndim > 1 else "(K,)"
        why = f"input has shape {a.shape}, so K is {a.shape[-1]}"
        raise bad_argument("matmul", "other", f"has shape {b.shape}", axis, why)
    if a.ndim > 2 and b.ndim > 2:
        batches = (np.broadcast_to(0, x.shape[:-2]) for x in (a, b))  # K may be 0: no element to pick
        check_broadcast("matmul", "input", next(batches), "other", next(batches))
    return MatMul.apply(a, b)
