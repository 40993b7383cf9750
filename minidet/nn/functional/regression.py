"""Losses of numbers that should equal other numbers: functions of the difference ``d = input - target``."""

from __future__ import annotations

import numpy as np

from ...autograd.function import Function
from ...autograd.tensor import Tensor
from ...errors import bad_argument, number
from .reduction import checked_pair, reduced, spread


class _DifferenceLoss(Function):
    """A subclass says what a difference costs, ``cost(d, option)``, and its derivative, ``slope(d, option)``."""

    @staticmethod
    def forward(ctx, x, target, reduction, option):
        difference = x - target
        ctx.save_for_backward(difference)
        ctx.reduction, ctx.option = reduction, option
        return reduced(ctx.function.cost(difference, option), reduction)

    @staticmethod
    def backward(ctx, grad):
        (difference,) = ctx.saved_tensors
        dx = spread(grad, ctx.function.slope(difference, ctx.option), ctx.reduction)
        return dx, -dx if ctx.needs_input_grad[1] else None, None, None

    @staticmethod
    def cost(d, option):
        raise NotImplementedError

    @staticmethod
    def slope(d, option):
        raise NotImplementedError


class MseLoss(_DifferenceLoss):
    """``d^2``."""

    @staticmethod
    def cost(d, option):
        return d * d

    @staticmethod
    def slope(d, option):
        return 2 * d


class L1Loss(_DifferenceLoss):
    """``|d|``; the slope at 0 is 0."""

    @staticmethod
    def cost(d, option):
        return np.abs(d)

    @staticmethod
    def slope(d, option):
        return np.sign(d)


class HuberLoss(_DifferenceLoss):
    """``d^2 / 2`` up to delta, then a straight line: ``delta (|d| - delta / 2)``."""

    @staticmethod
    def cost(d, delta):
        size = np.abs(d)
        return np.where(size < delta, 0.5 * d * d, delta * (size - 0.5 * delta))

    @staticmethod
    def slope(d, delta):
        return np.clip(d, -delta, delta)


class SmoothL1Loss(_DifferenceLoss):
    """``d^2 / (2 beta)`` up to beta, then ``|d| - beta / 2``."""

    @staticmethod
    def cost(d, beta):
        size = np.abs(d)
        return np.where(size < beta, 0.5 / beta * d * d, size - 0.5 * beta)

    @staticmethod
    def slope(d, beta):
        return np.clip(d / d.dtype.type(beta), -1, 1)


def mse_loss(input, target, *, reduction: str = "mean") -> Tensor:
    """Return ``(input - target)^2``.

    Parameters
    ----------
    input, target : Tensor
        Float, of one dtype and the same shape (PyTorch would broadcast, with a warning). Both have gradients.
    reduction : {"mean", "sum", "none"}
        "mean" divides by the number of elements; of none, it is nan.
    """
    input, target = checked_pair("mse_loss", input, target, reduction)
    return MseLoss.apply(input, target, reduction, None)


def l1_loss(input, target, *, reduction: str = "mean") -> Tensor:
    """Return ``|input - target|``. Arguments as in :func:`mse_loss`."""
    input, target = checked_pair("l1_loss", input, target, reduction)
    return L1Loss.apply(input, target, reduction, None)


def smooth_l1_loss(input, target, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Return ``d^2 / (2 beta) where |d| < beta, else |d| - beta / 2``, with ``d = input - target`` (Fast R-CNN, eq. 3).

    Parameters
    ----------
    input, target, reduction
        As in :func:`mse_loss`.
    beta : float
        Where the parabola ends; at least 0, and 0 makes it :func:`l1_loss`, as does
        a number below the smallest normal one of the dtype (1.2e-38 in float32).
    """
    input, target = checked_pair("smooth_l1_loss", input, target, reduction)
    beta = number("smooth_l1_loss", "beta", beta, 0)
    if beta < np.finfo(input.dtype).tiny:  # half of 1 / beta may be infinite
        return L1Loss.apply(input, target, reduction, None)
    return SmoothL1Loss.apply(input, target, reduction, beta)


def huber_loss(input, target, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Return ``d^2 / 2 where |d| < delta, else delta (|d| - delta / 2)``, with ``d = input - target``.

    Parameters
    ----------
    input, target, reduction
        As in :func:`mse_loss`.
    delta : float
        Where the parabola ends; more than 0.
    """
    input, target = checked_pair("huber_loss", input, target, reduction)
    delta = number("huber_loss", "delta", delta, 0)
    if delta == 0:
        raise bad_argument("huber_loss", "delta", "is 0", "a number > 0", "the loss would be 0 everywhere")
    return HuberLoss.apply(input, target, reduction, delta)
