"""Functions of one element at a time: exp, log, sqrt, tanh, sigmoid, abs, clamp, maximum, minimum, where."""

from __future__ import annotations

import numpy as np

from ...errors import bad_argument
from ..function import Function
from ..tensor import Tensor
from .promotion import (
    cast,
    check_broadcast,
    checked_tensor,
    float_input,
    is_scalar,
    operands,
    result_type,
    scalar,
    unbroadcast,
)


class Exp(Function):
    """e^x: its own derivative."""

    @staticmethod
    def forward(ctx, x):
        out = np.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return grad * out


class Log(Function):
    """ln x: derivative 1 / x."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / x


class Sqrt(Function):
    """sqrt(x): derivative 1 / (2 sqrt(x))."""

    @staticmethod
    def forward(ctx, x):
        out = np.sqrt(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return grad / (2 * out)


class Tanh(Function):
    """tanh(x): derivative 1 - tanh(x)^2."""

    @staticmethod
    def forward(ctx, x):
        out = np.tanh(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return grad * (1 - out * out)


class Sigmoid(Function):
    """s = 1 / (1 + e^-x): derivative s (1 - s)."""

    @staticmethod
    def forward(ctx, x):
        out = np.asarray(1 / (1 + np.exp(-x)))  # e^-x may overflow to inf, and s is then 0: as it should be
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return grad * ((1 - out) * out)


class Abs(Function):
    """|x|: derivative sign(x), 0 at 0."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * np.sign(x)


class Clamp(Function):
    """min(max(x, low), high): derivative 1 between the bounds and on them, 0 outside."""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.bounds = low, high
        out = x
        if low is not None:
            out = np.maximum(out, low)
        if high is not None:
            out = np.minimum(out, high)
        return out

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        low, high = ctx.bounds
        inside = True
        if low is not None:
            inside = x >= low
        if high is not None:
            inside = inside & (x <= high)
        return grad * inside, None, None


class Maximum(Function):
    """max(a, b): the gradient goes to the larger one, half to each at a tie."""

    choose = staticmethod(np.maximum)
    loses = staticmethod(np.less)

    @classmethod
    def shares(cls, a, b) -> tuple[np.ndarray, np.ndarray]:
        """Return the parts of the gradient that ``a`` and ``b`` get."""
        tie = a == b
        both = a.dtype.type(1)
        half = a.dtype.type(0.5)
        return tuple(np.where(tie, half, both * ~cls.loses(x, y)).astype(a.dtype) for x, y in ((a, b), (b, a)))

    @classmethod
    def forward(cls, ctx, a, b):
        ctx.save_for_backward(a, b)
        return cls.choose(a, b)

    @classmethod
    def backward(cls, ctx, grad):
        a, b = ctx.saved_tensors
        share_a, share_b = cls.shares(a, b)
        return (
            unbroadcast(grad * share_a, a.shape) if ctx.needs_input_grad[0] else None,
            unbroadcast(grad * share_b, b.shape) if ctx.needs_input_grad[1] else None,
        )


class Minimum(Maximum):
    """min(a, b): the gradient goes to the smaller one, half to each at a tie."""

    choose = staticmethod(np.minimum)
    loses = staticmethod(np.greater)


class Where(Function):
    """a where the condition holds, else b: the gradient goes to the one that was taken."""

    @staticmethod
    def forward(ctx, condition, a, b):
        ctx.save_for_backward(condition)
        ctx.shapes = a.shape, b.shape
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx, grad):
        (condition,) = ctx.saved_tensors
        a_shape, b_shape = ctx.shapes
        zero = grad.dtype.type(0)
        return (
            None,
            unbroadcast(np.where(condition, grad, zero), a_shape) if ctx.needs_input_grad[1] else None,
            unbroadcast(np.where(condition, zero, grad), b_shape) if ctx.needs_input_grad[2] else None,
        )


def exp(input) -> Tensor:
    """Return e to the power of each element."""
    return Exp.apply(float_input("exp", input))


def log(input) -> Tensor:
    """Return the natural logarithm of each element: -inf at 0, NaN below."""
    return Log.apply(float_input("log", input))


def sqrt(input) -> Tensor:
    """Return the square root of each element: NaN below 0."""
    return Sqrt.apply(float_input("sqrt", input))


def tanh(input) -> Tensor:
    """Return the hyperbolic tangent of each element."""
    return Tanh.apply(float_input("tanh", input))


def sigmoid(input) -> Tensor:
    """Return 1 / (1 + exp(-x)) of each element."""
    return Sigmoid.apply(float_input("sigmoid", input))


def abs(input) -> Tensor:
    """Return the absolute value of each element."""
    input = checked_tensor("abs", "input", input)
    if input.dtype.kind == "b":
        raise bad_argument("abs", "input", "has dtype bool", "numbers", error=TypeError)
    return Abs.apply(input)


def clamp(input, min=None, max=None) -> Tensor:
    """Return each element, moved into [min, max].

    Parameters
    ----------
    input : Tensor
    min, max : number, optional
        At least one of them. Where ``min > max``, the result is ``max``.
    """
    input = checked_tensor("clamp", "input", input)
    given = {name: bound for name, bound in (("min", min), ("max", max)) if bound is not None}
    if not given:
        raise bad_argument("clamp", "min and max", "are None", "at least one number")
    for name, bound in given.items():
        if not is_scalar(bound):
            why = "for a bound per element use maximum and minimum"
            raise bad_argument("clamp", name, f"is a {type(bound).__name__}", "a number", why, TypeError)
    dtype = result_type(input, *given.values())
    low, high = (None if x is None else scalar("clamp", name, x, dtype) for name, x in (("min", min), ("max", max)))
    return Clamp.apply(cast(input, dtype), low, high)


def maximum(input, other) -> Tensor:
    """Return the larger of two, elementwise; NaN if one of them is NaN."""
    return Maximum.apply(*operands("maximum", input, other))


def minimum(input, other) -> Tensor:
    """Return the smaller of two, elementwise; NaN if one of them is NaN."""
    return Minimum.apply(*operands("minimum", input, other))


def where(condition, input=None, other=None):
    """Return elements of ``input`` where ``condition`` holds, else of ``other``.

    Parameters
    ----------
    condition : Tensor of bool
    input, other : Tensor or number, optional
        All three shapes broadcast. Without them, the indices of the true elements, one tensor per axis.
    """
    condition = checked_tensor("where", "condition", condition)
    if input is None and other is None:
        return tuple(Tensor(indices) for indices in np.atleast_1d(condition._array).nonzero())
    if condition.dtype.kind != "b":
        raise bad_argument("where", "condition", f"has dtype {condition.dtype}", "bool", error=TypeError)
    a, b = operands("where", input, other)
    for argument, x in (("input", a), ("other", b)):
        check_broadcast("where", "condition", condition, argument, x)
    return Where.apply(condition, a, b)
