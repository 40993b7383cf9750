"""Losses of yes or no: one probability, or its logit, per element, and a target between 0 and 1."""

from __future__ import annotations

import numpy as np

from ...autograd.function import Function
from ...autograd.sums import total
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, check_rank, number
from .reduction import checked_pair, constant, reduced, spread


def _sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))  # at most 1: no overflow
    return np.where(x < 0, e, x.dtype.type(1)) / (1 + e)


def _softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x)) = -log(1 - sigmoid(x))."""
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def _weighted(grad: np.ndarray, slopes: np.ndarray, weight, reduction: str) -> np.ndarray:
    """Return the gradient, where ``slopes`` are the derivatives of the losses before they are weighted."""
    return spread(grad, slopes if weight is None else slopes * weight, reduction)


class BinaryCrossEntropy(Function):
    """``loss = -w (t log x + (1 - t) log(1 - x))``, with logarithms cut off at -100."""

    @staticmethod
    def forward(ctx, x, target, weight, reduction):
        losses = -target * np.maximum(np.log(x), -100) - (1 - target) * np.maximum(np.log1p(-x), -100)
        ctx.save_for_backward(x, target, weight)
        ctx.reduction = reduction
        return reduced(losses if weight is None else losses * weight, reduction)

    @staticmethod
    def backward(ctx, grad):
        x, target, weight = ctx.saved_tensors
        dx = dt = None
        if ctx.needs_input_grad[0]:
            dx = _weighted(grad, (x - target) / np.maximum(x * (1 - x), x.dtype.type(1e-12)), weight, ctx.reduction)
        if ctx.needs_input_grad[1]:
            slopes = np.maximum(np.log1p(-x), -100) - np.maximum(np.log(x), -100)
            dt = _weighted(grad, slopes, weight, ctx.reduction)
        return dx, dt, None, None


class BinaryCrossEntropyWithLogits(Function):
    """``loss = -w (v t log p + (1 - t) log(1 - p))``, with p = sigmoid(x) and v the weight of positives."""

    @staticmethod
    def forward(ctx, x, target, weight, pos_weight, reduction):
        positive = target if pos_weight is None else target * pos_weight
        losses = (1 - target) * x + (1 - target + positive) * _softplus(-x)
        slopes = _sigmoid(x) * (1 - target + positive) - positive
        target_slopes = None
        if ctx.needs_input_grad[1]:
            target_slopes = -x if pos_weight is None else (pos_weight - 1) * _softplus(-x) - x
        ctx.save_for_backward(slopes, target_slopes, weight)
        ctx.reduction = reduction
        return reduced(losses if weight is None else losses * weight, reduction)

    @staticmethod
    def backward(ctx, grad):
        slopes, target_slopes, weight = ctx.saved_tensors
        dt = None if target_slopes is None else _weighted(grad, target_slopes, weight, ctx.reduction)
        dx = _weighted(grad, slopes, weight, ctx.reduction) if ctx.needs_input_grad[0] else None
        return dx, dt, None, None, None


class SigmoidFocalLoss(Function):
    """``loss = a q^gamma ce``: the cross entropy ce, times the probability q of what is wrong, to a power.

    ``q = p (1 - t) + (1 - p) t`` and ``a = alpha t + (1 - alpha) (1 - t)``, with p = sigmoid(x) and the target t;
    so d ce / dx = p - t and dq / dx = p (1 - p) (1 - 2 t).
    """

    @staticmethod
    def forward(ctx, x, target, alpha, gamma, reduction):
        p = _sigmoid(x)
        ce = (1 - target) * x + _softplus(-x)
        wrong = p * (1 - target) + _sigmoid(-x) * target
        factor = wrong**gamma if alpha < 0 else wrong**gamma * (alpha * target + (1 - alpha) * (1 - target))
        slopes = factor * (p - target)
        if gamma:
            relative = (1 - 2 * target) * p * _sigmoid(-x) / np.where(wrong > 0, wrong, 1)  # d log(q) / dx
            slopes += gamma * factor * ce * relative
        ctx.save_for_backward(slopes)
        ctx.reduction = reduction
        return reduced(factor * ce, reduction)

    @staticmethod
    def backward(ctx, grad):
        (slopes,) = ctx.saved_tensors
        return spread(grad, slopes, ctx.reduction), None, None, None, None


class DiceLoss(Function):
    """``loss = 1 - A / B``, ``A = 2 sum(x t) + smooth``, ``B = sum(x^2) + sum(t^2) + smooth``, over a map's pixels."""

    @staticmethod
    def forward(ctx, x, target, smooth, reduction):
        pixels = tuple(range(2, x.ndim))
        smooth = x.dtype.type(smooth)
        top = 2 * total(x * target, pixels) + smooth  # (N, K)
        bottom = total(x * x + target * target, pixels) + smooth
        ctx.save_for_backward(x, target, top, bottom)
        ctx.reduction = reduction
        return reduced(1 - top / bottom, reduction)

    @staticmethod
    def backward(ctx, grad):
        x, target, top, bottom = ctx.saved_tensors
        shape = bottom.shape + (1,) * (x.ndim - 2)
        factor = spread(grad, 2 / (bottom * bottom), ctx.reduction).reshape(shape)
        return factor * (top.reshape(shape) * x - bottom.reshape(shape) * target), None, None, None


# the public functions: they check, then apply --------------------------------------------------------------------


def _checked(op: str, input, target, reduction: str, **weights):
    """Check a pair and what broadcasts to its shape; return the input, the target and the weights."""
    input, target = checked_pair(op, input, target, reduction)
    weights = {name: constant(op, name, weight) for name, weight in weights.items()}
    check_float(op, input=input, **weights)
    for name, weight in weights.items():
        if weight is None:
            continue
        try:
            fits = np.broadcast_shapes(weight.shape, input.shape) == input.shape
        except ValueError:
            fits = False
        if not fits:
            expected = f"a shape that broadcasts to {input.shape}"
            raise bad_argument(op, name, f"has shape {weight.shape}", expected)
    return input, target, *weights.values()


def binary_cross_entropy(input, target, weight=None, *, reduction: str = "mean") -> Tensor:
    """Return ``-weight (target log(input) + (1 - target) log(1 - input))``.

    Logarithms are cut off at -100, so that the loss stays finite. Prefer
    :func:`binary_cross_entropy_with_logits`: it loses no digits.

    Parameters
    ----------
    input : Tensor
        Probabilities in [0, 1], of any shape, float.
    target : Tensor
        The input's shape and dtype; usually 0 or 1. It has a gradient too.
    weight : Tensor, optional
        Broadcasts to the input's shape.
    reduction : {"mean", "sum", "none"}
        "mean" divides by the number of elements.
    """
    op = "binary_cross_entropy"
    input, target, weight = _checked(op, input, target, reduction, weight=weight)
    for argument, array in (("input", input._array), ("target", target._array)):
        if not np.all((array >= 0) & (array <= 1)):  # written so that nan fails
            raise bad_argument(op, argument, "has values outside [0, 1], or nan", "probabilities",
                               "the logarithm of anything else is undefined")  # fmt: skip
    return BinaryCrossEntropy.apply(input, target, weight, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, *, reduction: str = "mean", pos_weight=None) -> Tensor:
    """Return ``-weight (pos_weight target log(p) + (1 - target) log(1 - p))``, with ``p = sigmoid(input)``.

    Parameters
    ----------
    input : Tensor
        Logits of any shape, float.
    target : Tensor
        The input's shape and dtype; usually 0 or 1. It has a gradient too.
    weight : Tensor, optional
        Broadcasts to the input's shape.
    reduction : {"mean", "sum", "none"}
        "mean" divides by the number of elements.
    pos_weight : Tensor, optional
        The weight of positives, broadcasts to the input's shape.
    """
    op = "binary_cross_entropy_with_logits"
    checked = _checked(op, input, target, reduction, weight=weight, pos_weight=pos_weight)
    return BinaryCrossEntropyWithLogits.apply(*checked, reduction)


def sigmoid_focal_loss(inputs, targets, alpha: float = 0.25, gamma: float = 2, reduction: str = "none") -> Tensor:
    """Return the focal loss of RetinaNet (Lin et al., 2017, eq. 5); torchvision's ``ops.sigmoid_focal_loss``.

    ``a (1 - p_t)^gamma ce``, where ``ce`` is :func:`binary_cross_entropy_with_logits`, ``p_t`` the probability given to
    what is right, and ``a`` is ``alpha`` for positives, ``1 - alpha`` for negatives.

    Parameters
    ----------
    inputs : Tensor
        Logits of any shape, float.
    targets : Tensor
        The inputs' shape and dtype, a constant; 0 or 1.
    alpha : float
        In [0, 1], or -1 for no such factor.
    gamma : float
        At least 0: how much less the easy examples count.
    reduction : {"none", "mean", "sum"}
        "mean" divides by the number of elements (the paper: by the number of anchors assigned to an object).
    """
    op = "sigmoid_focal_loss"
    alpha, gamma = number(op, "alpha", alpha, -1, 1), number(op, "gamma", gamma, 0)
    if -1 < alpha < 0:
        raise bad_argument(op, "alpha", f"is {alpha}", "a number in [0, 1], or -1 for none")
    inputs, targets = _checked(op, inputs, targets, reduction)
    constant(op, "targets", targets)
    return SigmoidFocalLoss.apply(inputs, targets, alpha, gamma, reduction)


def dice_loss(input, target, smooth: float = 1.0, reduction: str = "mean") -> Tensor:
    """Return one minus the overlap of two maps (V-Net, Milletari et al., 2016, section 3). PyTorch has no such loss.

    ``1 - (2 sum(input * target) + smooth) / (sum(input^2) + sum(target^2) + smooth)``, summed over the pixels of a map

    Parameters
    ----------
    input : Tensor
        Probabilities (N, K, d1, ...), float, after a sigmoid or softmax.
    target : Tensor
        The input's shape and dtype, a constant: 1 inside the object, else 0.
    smooth : float
        More than 0: an empty map that is predicted empty costs nothing.
    reduction : {"mean", "sum", "none"}
        Over N and K.
    """
    input, target = _checked("dice_loss", input, target, reduction)
    constant("dice_loss", "target", target)
    if input.ndim < 3:
        check_rank("dice_loss", "input", input, 3, letters="or more (N, K, d1, ...)")
    smooth = number("dice_loss", "smooth", smooth, 0)
    if input.dtype.type(smooth) == 0:
        expected = f"a number > 0 in {input.dtype}"
        raise bad_argument("dice_loss", "smooth", f"is {smooth:g}", expected, "two empty maps would give 0 / 0")
    return DiceLoss.apply(input, target, smooth, reduction)
