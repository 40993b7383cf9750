"""Initial values of parameters, written into a tensor in place. Each function returns the tensor.

A layer keeps the size of what flows through it if the variance of its weights is about 1 / fan_in, where fan_in is
the number of inputs that one output sums over.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.operations.promotion import is_scalar, scalar
from ..autograd.tensor import Tensor
from ..errors import bad_argument, check_choice, number, shown
from ..random import generator

FINITE = -1e300, 1e300  # a difference of two bounds has to be finite too
GAINS = ("linear", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "sigmoid", "tanh", "relu", "leaky_relu",
         "selu")  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that makes up for what a nonlinearity does to the standard deviation.

    ``param`` is the negative slope of ``"leaky_relu"`` (default 0.01).
    """
    check_choice("calculate_gain", "nonlinearity", nonlinearity, GAINS)
    if nonlinearity == "tanh":
        return 5.0 / 3.0
    if nonlinearity == "selu":
        return 3.0 / 4.0
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else number("calculate_gain", "param", param)
        return math.sqrt(2.0 / (1.0 + slope**2))
    return 1.0


def fans(tensor: Tensor, op: str = "fans") -> tuple[int, int]:
    """Return (fan_in, fan_out) of a weight (out, in, ...): each counts the positions of the kernel.

    A transposed convolution's weight is (in, out, ...), so the two change places; PyTorch leaves that as it is.
    """
    _check(op, tensor)
    if tensor.ndim < 2:
        why = "fan_in and fan_out are read off a weight (out, in, ...)"
        raise bad_argument(op, "tensor", f"has shape {tensor.shape}", "at least 2 axes", why)
    positions = math.prod(tensor.shape[2:])
    return tensor.shape[1] * positions, tensor.shape[0] * positions


def _check(op: str, tensor) -> None:
    if not isinstance(tensor, Tensor):
        raise bad_argument(op, "tensor", f"is a {type(tensor).__name__}", "a tensor", error=TypeError)


def _write(op: str, tensor: Tensor, values) -> Tensor:
    """Write numbers, or random ones: those only into a tensor of floats."""
    _check(op, tensor)
    if tensor.dtype.kind != "f" and np.ndim(values):
        raise bad_argument(op, "tensor", f"has dtype {tensor.dtype}", "float32 or float64", error=TypeError)
    tensor._write_array()[...] = values
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``."""
    _check("constant_", tensor)
    if not is_scalar(val):
        raise bad_argument("constant_", "val", f"is {shown(val)}", "a number", error=TypeError)
    return _write("constant_", tensor, scalar("constant_", "val", val, tensor.dtype))


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return _write("zeros_", tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return _write("ones_", tensor, 1)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, *, rng: np.random.Generator | None = None) -> Tensor:
    """Draw from the uniform distribution on [a, b)."""
    return _uniform("uniform_", tensor, a, b, rng)


def _uniform(op: str, tensor: Tensor, a, b, rng) -> Tensor:
    _check(op, tensor)
    a, b = number(op, "a", a, *FINITE), number(op, "b", b, *FINITE)
    if not a <= b:
        raise bad_argument(op, "b", f"is {b}", f"at least a = {a}")
    return _write(op, tensor, generator(rng, op).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, rng: np.random.Generator | None = None) -> Tensor:
    """Draw from the normal distribution."""
    return _normal("normal_", tensor, mean, std, rng)


def _normal(op: str, tensor: Tensor, mean, std, rng) -> Tensor:
    _check(op, tensor)
    mean, std = number(op, "mean", mean), number(op, "std", std, 0.0)
    return _write(op, tensor, generator(rng, op).normal(mean, std, tensor.shape))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *,
                  rng: np.random.Generator | None = None) -> Tensor:  # fmt: skip
    """Draw from the normal distribution, restricted to [a, b] (bounds in the tensor's units, not in ``std``)."""
    from scipy.special import ndtr, ndtri  # slow to import, and few need it

    op = "trunc_normal_"
    _check(op, tensor)
    mean, std, a, b = (number(op, name, x, *FINITE) for name, x in (("mean", mean), ("std", std), ("a", a), ("b", b)))
    if not a < b:
        raise bad_argument("trunc_normal_", "b", f"is {b}", f"more than a = {a}")
    if not std > 0:
        raise bad_argument("trunc_normal_", "std", f"is {std}", "a number > 0")
    low, high = ndtr((a - mean) / std), ndtr((b - mean) / std)
    values = mean + std * ndtri(generator(rng, op).uniform(low, high, tensor.shape))
    return _write("trunc_normal_", tensor, np.clip(values, a, b))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, *, rng: np.random.Generator | None = None) -> Tensor:
    """Draw from U(-r, r), r = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 16)."""
    op = "xavier_uniform_"
    bound = number(op, "gain", gain, 0.0) * math.sqrt(6.0 / max(sum(fans(tensor, op)), 1))
    return _uniform(op, tensor, -bound, bound, rng)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, *, rng: np.random.Generator | None = None) -> Tensor:
    """Draw from N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    op = "xavier_normal_"
    return _normal(op, tensor, 0.0, number(op, "gain", gain, 0.0) * math.sqrt(2.0 / max(sum(fans(tensor, op)), 1)), rng)


def _kaiming_std(op: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    check_choice(op, "mode", mode, ("fan_in", "fan_out"))
    fan = fans(tensor, op)[0 if mode == "fan_in" else 1]
    number(op, "a", a)
    check_choice(op, "nonlinearity", nonlinearity, GAINS)
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *,
                     rng: np.random.Generator | None = None) -> Tensor:  # fmt: skip
    """Draw from U(-r, r), r = gain sqrt(3 / fan) (He et al., 2015, eq. 10 and 14).

    Parameters
    ----------
    a : float
        Negative slope of the leaky ReLU that follows.
    mode : {"fan_in", "fan_out"}
        Keep the variance of what flows forward, or of the gradients.
    nonlinearity : str
        What follows; see :func:`calculate_gain`.
    """
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return _uniform("kaiming_uniform_", tensor, -bound, bound, rng)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *,
                    rng: np.random.Generator | None = None) -> Tensor:  # fmt: skip
    """Draw from N(0, s^2), s = gain / sqrt(fan); arguments as in :func:`kaiming_uniform_`."""
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return _normal("kaiming_normal_", tensor, 0.0, std, rng)


def bilinear_(tensor: Tensor) -> Tensor:
    """Make a transposed convolution start as bilinear up-sampling (Long et al., FCN, 2015, section 3.3).

    For the weight (C, F / groups, KH, KW) of a transposed convolution with kernel 2s - s % 2, stride s and padding
    (s - 1) // 2 rounded up. Channel c is sent to channel c alone:
    ``weight[c, c, i, j] = t(i) t(j)``, ``t(i) = 1 - |i - centre| / ((K + 1) // 2)``.
    With one output channel per group (F / groups = 1), ``weight[c, 0]`` gets the filter. PyTorch has no such function.
    """
    _check("bilinear_", tensor)
    if tensor.ndim != 4 or tensor.shape[1] not in (1, tensor.shape[0]):
        why = "each channel is enlarged by itself"
        raise bad_argument("bilinear_", "tensor", f"has shape {tensor.shape}", "(C, C, KH, KW) or (C, 1, KH, KW)", why)
    channels, outputs, kh, kw = tensor.shape
    weight = np.zeros(tensor.shape)
    channel = np.arange(channels)
    weight[channel, channel if outputs > 1 else 0] = np.outer(_tent(kh), _tent(kw))
    return _write("bilinear_", tensor, weight)


def _tent(size: int) -> np.ndarray:
    """Return the weights of linear interpolation seen from one source pixel: 0.25 0.75 0.75 0.25 for size 4."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    return 1 - np.abs(np.arange(size) - centre) / factor
