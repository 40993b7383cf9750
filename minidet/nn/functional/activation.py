"""Nonlinearities: element by element, except softmax and log_softmax, which normalise along one axis."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.operations.axes import one_axis
from ...autograd.sums import total
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, number


class Relu(Function):
    """``out = max(input, 0)``; d out / d input is 1 where out > 0, else 0."""

    @staticmethod
    def forward(ctx, x):
        out = np.asarray(kernels.activation.relu(np.asarray(x, order="C")))  # ascontiguousarray: () becomes (1,)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return kernels.activation.relu_grad(np.asarray(grad, order="C"), out)


class Relu6(Function):
    """``out = min(max(input, 0), 6)``; d out / d input is 0 where out is 0 or 6, else 1 (for NaN too)."""

    @staticmethod
    def forward(ctx, x):
        out = np.asarray(kernels.activation.relu6(np.asarray(x, order="C")))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return kernels.activation.relu6_grad(np.asarray(grad, order="C"), out)


class LeakyRelu(Function):
    """``out = input where input > 0, else slope * input``."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return np.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return np.where(x > 0, grad, ctx.slope * grad), None


class Softplus(Function):
    """``out = log(1 + exp(beta * input)) / beta``, and just the input where ``beta * input > threshold``."""

    @staticmethod
    def forward(ctx, x, beta, threshold):
        ctx.save_for_backward(x)
        ctx.beta, ctx.threshold = beta, threshold
        scaled = beta * x
        return np.where(scaled > threshold, x, np.logaddexp(scaled, 0) / beta)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        scaled = ctx.beta * x
        slope = np.exp(-np.logaddexp(-scaled, 0))  # sigmoid(beta x), in a form that does not overflow
        return np.where(scaled > ctx.threshold, grad, grad * slope), None, None


class Softmax(Function):
    """``out[k] = exp(input[k]) / sum over j of exp(input[j])``, along one axis."""

    @staticmethod
    def forward(ctx, x, dim):
        out = _shifted(x, dim)
        np.exp(out, out=out)
        out /= _sum(out, dim)
        ctx.save_for_backward(out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        dx = grad * out
        dx -= out * _sum(dx, ctx.dim)
        return dx, None


class LogSoftmax(Function):
    """``out[k] = input[k] - log(sum over j of exp(input[j]))``, along one axis."""

    @staticmethod
    def forward(ctx, x, dim):
        out = _shifted(x, dim)
        out -= np.log(_sum(np.exp(out), dim))
        ctx.save_for_backward(out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return grad - np.exp(out) * _sum(grad, ctx.dim), None


def _sum(x: np.ndarray, dim: int) -> np.ndarray:
    return total(x, (dim,) if x.ndim else (), keepdims=True)


def _shifted(x: np.ndarray, dim: int) -> np.ndarray:
    """Return x minus its largest entry along an axis, a new array: exp() of it cannot overflow."""
    if x.size == 0:
        return x.copy()
    return np.asarray(x - x.max(axis=dim, keepdims=True))  # 0-d: a number otherwise


# the public functions: they check, then apply --------------------------------------------------------------------


def _checked(op: str, input) -> Tensor:
    input = read_tensor(op, "input", input)
    check_float(op, input=input)
    return input


def _axis(op: str, input: Tensor, dim: int | None) -> int:
    if dim is None:
        raise bad_argument(op, "dim", "is None", "the axis of the classes", "which axis is to sum to 1 is not guessed")
    return one_axis(op, dim, input.ndim)


def relu(input) -> Tensor:
    """Return ``max(input, 0)`` element by element (the gradient at 0 is 0)."""
    return Relu.apply(_checked("relu", input))


def relu_over(input: Tensor) -> Tensor:
    """Apply :func:`relu` in place to what nobody else has, and return it: for results at inference."""
    kernels.activation.relu(input._write_array(), input._array)
    return input


def relu6_over(input: Tensor) -> Tensor:
    """Apply :func:`relu6` in place, as :func:`relu_over`."""
    kernels.activation.relu6(input._write_array(), input._array)
    return input


def relu6(input) -> Tensor:
    """Return ``min(max(input, 0), 6)`` element by element."""
    return Relu6.apply(_checked("relu6", input))


def leaky_relu(input, negative_slope: float = 0.01) -> Tensor:
    """Return ``input`` where it is positive, else ``negative_slope * input``."""
    return LeakyRelu.apply(_checked("leaky_relu", input), number("leaky_relu", "negative_slope", negative_slope))


def softplus(input, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return ``log(1 + exp(beta * input)) / beta``, a smooth ReLU.

    Where ``beta * input > threshold`` the input itself is returned (and has the gradient 1).
    """
    beta = number("softplus", "beta", beta)
    if beta == 0:
        raise bad_argument("softplus", "beta", "is 0", "a number other than 0", "the result is divided by it")
    return Softplus.apply(_checked("softplus", input), beta, number("softplus", "threshold", threshold))


def softmax(input, dim: int | None = None) -> Tensor:
    """Return ``exp(input) / sum(exp(input))`` along the axis ``dim``.

    Parameters
    ----------
    input : Tensor
        Logits, float, of any shape.
    dim : int
        The axis that sums to 1. Has to be given.
    """
    input = _checked("softmax", input)
    dim = _axis("softmax", input, dim)
    return Softmax.apply(input, dim)


def log_softmax(input, dim: int | None = None) -> Tensor:
    """Return ``input - log(sum(exp(input)))`` along the axis ``dim``: log(softmax) without underflow.

    Parameters
    ----------
    input : Tensor
        Logits, float, of any shape.
    dim : int
        The axis whose exponentials sum to 1. Has to be given.
    """
    input = _checked("log_softmax", input)
    dim = _axis("log_softmax", input, dim)
    return LogSoftmax.apply(input, dim)
