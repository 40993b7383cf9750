"""+ - * / ** and friends: elementwise arithmetic with broadcasting and PyTorch's promotion of dtypes."""

from __future__ import annotations

import numbers

import numpy as np

from ...errors import bad_argument, check_choice, shown
from ..float_errors import quiet
from ..function import Function
from ..tensor import DEFAULT_FLOAT, Tensor, to_array, wrap
from .promotion import cast, checked_tensor, is_scalar, operands, scalar, unbroadcast


class Add(Function):
    """a + b: the gradient goes to both."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        return a + b

    @staticmethod
    def backward(ctx, grad):
        a_shape, b_shape = ctx.shapes
        return (
            unbroadcast(grad, a_shape) if ctx.needs_input_grad[0] else None,
            unbroadcast(grad, b_shape) if ctx.needs_input_grad[1] else None,
        )


class Sub(Function):
    """a - b."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.shapes = a.shape, b.shape
        return a - b

    @staticmethod
    def backward(ctx, grad):
        a_shape, b_shape = ctx.shapes
        return (
            unbroadcast(grad, a_shape) if ctx.needs_input_grad[0] else None,
            -unbroadcast(grad, b_shape) if ctx.needs_input_grad[1] else None,
        )


class Mul(Function):
    """a * b: each gets the gradient times the other."""

    @staticmethod
    def forward(ctx, a, b):
        needs_a, needs_b = ctx.needs_input_grad
        ctx.save_for_backward(a if needs_b else None, b if needs_a else None)  # the other may change in place
        ctx.shapes = a.shape, b.shape
        return a * b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        a_shape, b_shape = ctx.shapes
        return (
            unbroadcast(grad * b, a_shape) if ctx.needs_input_grad[0] else None,
            unbroadcast(grad * a, b_shape) if ctx.needs_input_grad[1] else None,
        )


class Div(Function):
    """a / b: d/da = 1 / b, d/db = -a / b^2."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        quotient = grad / b
        return (
            unbroadcast(quotient, a.shape) if ctx.needs_input_grad[0] else None,
            unbroadcast(-quotient * (a / b), b.shape) if ctx.needs_input_grad[1] else None,
        )


class Neg(Function):
    """-a."""

    @staticmethod
    def forward(ctx, a):
        return -a

    @staticmethod
    def backward(ctx, grad):
        return -grad


class Pow(Function):
    """a ** b: d/da = b a^(b - 1), d/db = a^b log a; 0 where the limit is, so that neither is NaN at a = 0."""

    @staticmethod
    def forward(ctx, a, b):
        out = a * a if b.ndim == 0 and b == 2 else a**b
        ctx.save_for_backward(a, b, out if ctx.needs_input_grad[1] else None)
        return out

    @staticmethod
    def backward(ctx, grad):
        """d/da and d/db of the class, times ``grad``, summed over the axes that broadcasting added or stretched."""
        a, b, out = ctx.saved_tensors
        grad_a = grad_b = None
        if ctx.needs_input_grad[0]:
            if b.ndim == 0 and b == 2:
                slope = 2 * a
            else:
                slope = np.where(b == 0, b.dtype.type(0), b * a ** (b - b.dtype.type(1)))
            grad_a = unbroadcast(grad * slope, a.shape)
        if ctx.needs_input_grad[1]:
            slope = np.where((a == 0) & (b >= 0), a.dtype.type(0), out * np.log(a))
            grad_b = unbroadcast(grad * slope, b.shape)
        return grad_a, grad_b


class Remainder(Function):
    """a - b floor(a / b), with the sign of b: d/da = 1, d/db = -floor(a / b)."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.remainder(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return (
            unbroadcast(grad, a.shape) if ctx.needs_input_grad[0] else None,
            unbroadcast(-grad * np.floor(a / b), b.shape) if ctx.needs_input_grad[1] else None,
        )


def add(input, other, *, alpha=1) -> Tensor:
    """Return ``input + alpha * other``.

    Parameters
    ----------
    input, other : Tensor or number
        Shapes broadcast, dtypes are promoted as in PyTorch.
    alpha : number
        Multiplied in the dtype of the result; an integer where both hold integers.
    """
    a, b = operands("add", input, other)
    return Add.apply(a, _times("add", alpha, b))


def sub(input, other, *, alpha=1) -> Tensor:
    """Return ``input - alpha * other``."""
    a, b = operands("sub", input, other)
    if a.dtype.kind == "b":
        raise bad_argument("sub", "input", "has dtype bool", "numbers", "use logical_xor or ^", TypeError)
    return Sub.apply(a, _times("sub", alpha, b))


def _times(op: str, alpha, value):
    """Return alpha * value in the dtype of the value: it was cast to what both operands meet in."""
    if isinstance(alpha, (int, float)) and alpha == 1:
        return value
    if not is_scalar(alpha):
        raise bad_argument(op, "alpha", f"is a {type(alpha).__name__}", "a number", error=TypeError)
    if value.dtype.kind != "f" and not isinstance(alpha, (numbers.Integral, np.bool_)):
        raise bad_argument(
            op, "alpha", f"is {shown(alpha)}", "an integer", f"the result has dtype {value.dtype}", TypeError
        )
    if isinstance(value, Tensor):
        return cast(Mul.apply(*operands(op, value, alpha, name="alpha")), value.dtype)
    with quiet():
        return value * scalar(op, "alpha", alpha, value.dtype)


def mul(input, other) -> Tensor:
    """Return ``input * other``, elementwise."""
    return Mul.apply(*operands("mul", input, other))


def div(input, other, *, rounding_mode=None) -> Tensor:
    """Return ``input / other``, elementwise; integers divide to float32. ``rounding_mode`` has to be None."""
    check_choice("div", "rounding_mode", rounding_mode, (None,))
    a, b = operands("div", input, other)
    if a.dtype.kind != "f":
        a, b = (cast(x, DEFAULT_FLOAT) if isinstance(x, Tensor) else x.astype(DEFAULT_FLOAT) for x in (a, b))
    return Div.apply(a, b)


def neg(input) -> Tensor:
    """Return ``-input``."""
    input = checked_tensor("neg", "input", input)
    if input.dtype.kind == "b":
        raise bad_argument("neg", "input", "has dtype bool", "numbers", "use logical_not or ~", TypeError)
    return Neg.apply(input)


def pow(input, exponent) -> Tensor:
    """Return ``input ** exponent``, elementwise.

    Integers to a negative integer power raise ``ValueError``: their result is no integer.
    """
    a, b = operands("pow", input, exponent, name="exponent")
    if a.dtype.kind == "b":
        raise bad_argument("pow", "input", "has dtype bool", "numbers", error=TypeError)
    if b.dtype.kind == "i" and (to_array(b) < 0).any():
        raise bad_argument("pow", "exponent", "is negative", "exponents >= 0", "the base is an integer tensor")
    return Pow.apply(a, b)


def remainder(input, other) -> Tensor:
    """Return the remainder of ``input / other`` with the sign of ``other``, elementwise (Python's ``%``)."""
    a, b = operands("remainder", input, other)
    _check_divisor("remainder", b)
    return Remainder.apply(a, b)


def floor_divide(input, other) -> Tensor:
    """Return ``floor(input / other)``, elementwise (Python's ``//``); it has no gradient."""
    a, b = operands("floor_divide", input, other)
    _check_divisor("floor_divide", b)
    with quiet():
        return wrap(np.asarray(np.floor_divide(to_array(a), to_array(b))))


def _check_divisor(op: str, divisor) -> None:
    if divisor.dtype.kind == "b":
        raise bad_argument(op, "other", "has dtype bool", "numbers", error=TypeError)
    if divisor.dtype.kind != "f" and not to_array(divisor).all():
        raise bad_argument(op, "other", "contains 0", "integers other than 0")
