"""Losses of class scores: one number per class goes in, and one class per element is right."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.sums import total as sum_over
from ...autograd.tensor import Tensor
from ...errors import (
    bad_argument,
    check_choice,
    check_float,
    check_index_range,
    check_integer,
    check_rank,
    integer,
    number,
)
from .reduction import REDUCTIONS, constant, reduced


class CrossEntropy(Function):
    """``loss = -w[y] log softmax(x)[y]``; the gradient ``w[y] (softmax(x) - one_hot(y))`` is computed along with it.

    The formula with smoothing stands at the kernel.
    """

    @staticmethod
    def forward(ctx, x, target, weight, ignore_index, reduction, smoothing):
        scores, labels = _as_rows(x, target)
        total = _total_weight(target, weight, ignore_index) if reduction == "mean" else 1
        weight = np.ones(scores.shape[1], x.dtype) if weight is None else weight
        scale = 1 / x.dtype.type(total)
        dx = np.empty(scores.shape if ctx.needs_input_grad[0] else (0, 0, 0), x.dtype)
        losses = kernels.loss.cross_entropy(scores, labels, weight, ignore_index, smoothing, scale, dx)
        ctx.save_for_backward(dx)
        ctx.shape, ctx.reduction = x.shape, reduction
        return reduced(losses.reshape(target.shape), reduction, total)

    @staticmethod
    def backward(ctx, grad):
        (dx,) = ctx.saved_tensors
        if ctx.reduction == "none":
            dx = dx * grad.reshape(dx.shape[0], 1, dx.shape[2])
        elif grad != 1:
            dx = dx * grad
        return _from_rows(dx, ctx.shape), None, None, None, None, None


def _as_rows(x: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x as (N, K, P) and target as (N, P), contiguous, P large: (N, K) becomes (1, K, N)."""
    if x.ndim == 1:
        x, target = x[None], target[None]
    if x.ndim == 2:
        return np.ascontiguousarray(x.T)[None], np.ascontiguousarray(target, np.int64)[None]
    positions = int(np.prod(x.shape[2:]))
    labels = np.ascontiguousarray(target, np.int64)
    return np.ascontiguousarray(x).reshape(*x.shape[:2], positions), labels.reshape(x.shape[0], positions)


def _from_rows(dx: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo ``_as_rows``: always a view, so that nobody takes the saved array for their own."""
    return dx[0].T.reshape(shape) if len(shape) <= 2 else dx.reshape(shape)


def _total_weight(target: np.ndarray, weight: np.ndarray | None, ignore_index: int) -> float:
    """Return the sum of ``weight[y]`` over the targets that count; their number without weights."""
    if weight is None:
        return float(target.size - np.count_nonzero(target == ignore_index))
    counts = np.bincount(target[target != ignore_index].ravel(), minlength=weight.size)
    return float(counts @ weight.astype(np.float64))


class NllLoss(Function):
    """``loss = -w[y] x[y]``, where x are logarithms of probabilities."""

    @staticmethod
    def forward(ctx, x, target, weight, ignore_index, reduction):
        axis = min(1, x.ndim - 1)
        counted = target != ignore_index
        label = np.expand_dims(np.where(counted, target, 0), axis)
        total = _total_weight(target, weight, ignore_index)
        weight = np.ones(x.shape[axis], x.dtype) if weight is None else weight
        slopes = np.where(np.expand_dims(counted, axis), -weight[label], x.dtype.type(0))
        ctx.save_for_backward(slopes, label)
        ctx.axis, ctx.shape, ctx.reduction, ctx.total = axis, x.shape, reduction, total
        losses = slopes * np.take_along_axis(x, label, axis)
        losses = np.where(counted, losses.squeeze(axis), x.dtype.type(0))  # not 0 * inf, which is nan
        return reduced(losses, reduction, total)

    @staticmethod
    def backward(ctx, grad):
        slopes, label = ctx.saved_tensors
        if ctx.reduction == "mean" and ctx.total:
            grad = grad / grad.dtype.type(ctx.total)
        dx = np.zeros(ctx.shape, slopes.dtype)
        scaled = slopes * (np.expand_dims(grad, ctx.axis) if ctx.reduction == "none" else grad)
        np.put_along_axis(dx, label, scaled, ctx.axis)
        return dx, None, None, None, None


class MultiMarginLoss(Function):
    """``loss = sum over k != y of w[y] max(0, margin - x[y] + x[k])^p / K``."""

    @staticmethod
    def forward(ctx, x, target, p, margin, weight, reduction):
        rows = x.reshape(-1, x.shape[-1])  # (N, K)
        label = target.reshape(-1, 1)
        excess = np.maximum(rows - np.take_along_axis(rows, label, 1) + x.dtype.type(margin), 0)
        np.put_along_axis(excess, label, 0, 1)
        share = np.full(label.shape, 1 / rows.shape[1], x.dtype) if weight is None else weight[label] / rows.shape[1]
        slopes = share * ((excess > 0) if p == 1 else 2 * excess)
        np.put_along_axis(slopes, label, -sum_over(slopes, (1,), keepdims=True), 1)
        ctx.save_for_backward(slopes.reshape(x.shape))
        ctx.reduction, ctx.total = reduction, len(rows)
        losses = sum_over(share * (excess if p == 1 else excess * excess), (1,))
        return reduced(losses.reshape(target.shape), reduction)

    @staticmethod
    def backward(ctx, grad):
        (slopes,) = ctx.saved_tensors
        if ctx.reduction == "none":
            grad = grad[..., None]
        elif ctx.reduction == "mean" and ctx.total:
            grad = grad / grad.dtype.type(ctx.total)
        return grad * slopes, None, None, None, None, None


# the public functions: they check, then apply --------------------------------------------------------------------


def _checked(op: str, input, target, weight, reduction: str, ignore_index: int | None):
    """Check shapes, dtypes and labels; return the input, and arrays of the target and the weight."""
    input = read_tensor(op, "input", input)
    check_float(op, input=input)
    if target is None:
        raise bad_argument(op, "target", "is None", "a tensor of classes", error=TypeError)
    target, weight = constant(op, "target", target)._array, constant(op, "weight", weight)
    if input.ndim == 0 or input.shape[min(1, input.ndim - 1)] == 0:
        raise bad_argument(op, "input", f"has shape {input.shape}", "(N, K, ...) with K > 0 or (K,)")
    classes = input.shape[min(1, input.ndim - 1)]
    expected = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    if target.shape != expected:
        why = f"input of shape {input.shape} has {classes} classes along axis {min(1, input.ndim - 1)}"
        raise bad_argument(op, "target", f"has shape {target.shape}", str(expected), why)
    check_integer(op, "target", target)
    if target.size and (target.min() < 0 or target.max() >= classes):  # cheap; most often there is nothing to look for
        counted = target if ignore_index is None else target[target != ignore_index]
        why = f"input of shape {input.shape} has {classes} classes"
        check_index_range(op, "target", counted, 0, classes, why)
    check_float(op, input=input, weight=weight)
    if weight is not None and weight.shape != (classes,):
        raise bad_argument(op, "weight", f"has shape {weight.shape}", f"({classes},)", "one weight per class")
    check_choice(op, "reduction", reduction, REDUCTIONS)
    return input, target, None if weight is None else weight._array


def cross_entropy(
    input, target, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> Tensor:
    """Return the cross entropy between softmax(input) and the target classes.

    With ``p = softmax(input)`` over the classes, ``y`` the target and ``e = label_smoothing``::

        loss = -(1 - e) weight[y] log p[y] - e / K * sum over k of weight[k] log p[k]

    Parameters
    ----------
    input : Tensor
        Scores (logits) (N, K), (N, K, d1, ...) or (K,), float.
    target : Tensor
        Classes (N,), (N, d1, ...) or (), integers in [0, K) or ``ignore_index``.
    weight : Tensor, optional
        (K,), of the input's dtype.
    ignore_index : int
        Targets of this value do not count: loss 0, gradient 0, whatever the scores are. (PyTorch's gradient is nan
        where one of them is +infinity or nan.)
    reduction : {"mean", "sum", "none"}
        "mean" divides by the sum of ``weight[y]`` over the targets that count. If none does, the mean is nan and the
        gradient 0, as in PyTorch.
    label_smoothing : float
        In [0, 1]: the part of the probability that is spread over all classes.

    Returns
    -------
    Tensor
        A number, or with ``reduction="none"`` one per target.
    """
    ignore_index = integer("cross_entropy", "ignore_index", ignore_index, -(2**63))
    input, target, weight = _checked("cross_entropy", input, target, weight, reduction, ignore_index)
    label_smoothing = number("cross_entropy", "label_smoothing", label_smoothing, 0, 1)
    return CrossEntropy.apply(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(input, target, weight=None, *, ignore_index: int = -100, reduction: str = "mean") -> Tensor:
    """Return ``-weight[y] * input[y]``: the negative log likelihood, for an input that is :func:`log_softmax`'s result.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities (N, K), (N, K, d1, ...) or (K,), float.
    target, weight, ignore_index, reduction
        As in :func:`cross_entropy`.
    """
    ignore_index = integer("nll_loss", "ignore_index", ignore_index, -(2**63))
    input, target, weight = _checked("nll_loss", input, target, weight, reduction, ignore_index)
    return NllLoss.apply(input, target, weight, ignore_index, reduction)


def multi_margin_loss(
    input, target, p: int = 1, margin: float = 1.0, weight=None, *, reduction: str = "mean"
) -> Tensor:
    """Return the hinge loss of a multi-class support vector machine.

    ``loss = sum over k != y of weight[y] max(0, margin - input[y] + input[k])^p / K``

    Parameters
    ----------
    input : Tensor
        Scores (N, K) or (K,), float.
    target : Tensor
        Classes (N,) or (), integers in [0, K).
    p : {1, 2}
        The hinge, or its square.
    margin : float
        By how much the right class has to lead.
    weight : Tensor, optional
        (K,), of the input's dtype.
    reduction : {"mean", "sum", "none"}
        "mean" divides by N.
    """
    check_choice("multi_margin_loss", "p", p, (1, 2))
    margin = number("multi_margin_loss", "margin", margin)
    input = read_tensor("multi_margin_loss", "input", input)
    check_rank("multi_margin_loss", "input", input, 1, 2, letters="([N, ]K)")
    input, target, weight = _checked("multi_margin_loss", input, target, weight, reduction, None)
    return MultiMarginLoss.apply(input, target, p, margin, weight, reduction)
