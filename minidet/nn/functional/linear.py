"""The affine map, and the one-hot code that a table look-up would be the product with."""

from __future__ import annotations

import math

import numpy as np

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.sums import total
from ...autograd.tensor import Tensor, wrap
from ...errors import bad_argument, check_float, check_index_range, check_integer, check_rank, check_room, integer


class Linear(Function):
    """``out[..., f] = bias[f] + sum over c of input[..., c] * weight[f, c]``."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        rows = x.reshape(math.prod(x.shape[:-1]), weight.shape[1])
        out = kernels.linear.linear(rows, weight).reshape(*x.shape[:-1], weight.shape[0])
        if bias is not None:
            out += bias
        return out

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        dx = dw = db = None
        count = math.prod(grad.shape[:-1])
        rows = grad.reshape(count, weight.shape[0])  # (rows, F)
        if ctx.needs_input_grad[0]:
            dx = kernels.linear.linear_input_grad(rows, weight).reshape(x.shape)
        if ctx.needs_input_grad[1]:
            dw = kernels.linear.linear_weight_grad(rows, x.reshape(count, weight.shape[1]))
        if ctx.needs_input_grad[2]:
            db = total(rows, (0,))
        return dx, dw, db


def linear(input, weight, bias=None) -> Tensor:
    """Return ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor
        (..., C), float.
    weight : Tensor
        (F, C).
    bias : Tensor, optional
        (F,).

    Returns
    -------
    Tensor
        (..., F).
    """
    input, weight = read_tensor("linear", "input", input), read_tensor("linear", "weight", weight)
    bias = None if bias is None else read_tensor("linear", "bias", bias)
    check_float("linear", input=input, weight=weight, bias=bias)
    check_rank("linear", "weight", weight, 2, letters="(F, C)")
    if input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        raise bad_argument("linear", "input", f"has shape {input.shape}", f"(..., {weight.shape[1]})",
                           f"weight of shape {weight.shape} takes {weight.shape[1]} features")  # fmt: skip
    if bias is not None and bias.shape != weight.shape[:1]:
        raise bad_argument("linear", "bias", f"has shape {bias.shape}", f"({weight.shape[0]},)",
                           f"weight of shape {weight.shape} gives {weight.shape[0]} features")  # fmt: skip
    return Linear.apply(input, weight, bias)


def one_hot(tensor, num_classes: int = -1) -> Tensor:
    """Return ``out[..., k] = 1 where tensor[...] == k, else 0``.

    Parameters
    ----------
    tensor : Tensor
        Integers in [0, num_classes), of any shape.
    num_classes : int
        K; -1 stands for the largest entry + 1.

    Returns
    -------
    Tensor
        The tensor's shape + (K,), int64, without gradient.
    """
    labels = read_tensor("one_hot", "tensor", tensor)._array
    check_integer("one_hot", "tensor", labels)
    classes = integer("one_hot", "num_classes", num_classes, -1)
    if classes == -1 and labels.size == 0:
        why = "an empty tensor has no largest entry to count the classes by"
        raise bad_argument("one_hot", "num_classes", "is -1", "a number of classes", why)
    classes = int(labels.max()) + 1 if classes == -1 else classes
    check_index_range("one_hot", "tensor", labels, 0, max(classes, 0))
    check_room("one_hot", "num_classes", f"is {num_classes}", *labels.shape, classes)
    out = np.zeros((*labels.shape, classes), np.int64)  # only the ones are written: pages of zeros cost nothing
    np.put_along_axis(out, labels[..., None].astype(np.int64), 1, -1)
    return wrap(out)
