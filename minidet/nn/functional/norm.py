"""Normalisation: over the batch, over groups of channels, over neighbouring channels, over all channels of a pixel."""

from __future__ import annotations

import math

import numpy as np

from ... import kernels
from ...autograd.float_errors import quiet
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.grad_mode import no_grad
from ...autograd.sums import total
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_float, check_rank, flag, integer, number


class BatchNorm(Function):
    """``out[:, c] = (x[:, c] - mean[c]) / sqrt(variance[c] + eps) * weight[c] + bias[c]``.

    Statistics are given (evaluation), or None: then they are the batch's, and are returned too, in float64.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, mean, variance, eps, *then):
        """Normalise by the statistics given, else by the batch's: mean 0 and variance 1 where it has no pixel.

        ``then`` is done to the result, which has no gradient then: ``low, high`` cut it, after ``other`` was added.
        """
        ctx.training = mean is None
        w, b = affine(x, weight, bias)
        if ctx.training:
            if x.size:
                out, mean, variance = kernels.norm.batch_norm(planes(x), w, b, eps)
            else:
                out, mean, variance = x.copy(), np.zeros(x.shape[1]), np.ones(x.shape[1])
            ctx.save_for_backward(x, weight, mean, 1 / np.sqrt(variance + eps))
            ctx.mark_non_differentiable(mean, variance)
            ctx.set_materialize_grads(False)
            return out.reshape(x.shape), mean, variance
        mean, variance = np.ascontiguousarray(mean), np.ascontiguousarray(variance)
        out = kernels.norm.batch_norm_eval(np.ascontiguousarray(x), mean, variance, w, b, eps, *then)
        if True in ctx.needs_input_grad:
            mean, variance = mean.astype(np.float64), variance.astype(np.float64)  # copies: buffers change
            ctx.save_for_backward(x, weight, mean, 1 / np.sqrt(variance + eps))
        return out

    @staticmethod
    def backward(ctx, grad, *_):
        x, weight, mean, invstd = ctx.saved_tensors
        w, _ = affine(x, weight, None)
        dx, dw, db = kernels.norm.batch_norm_grad(planes(grad), planes(x), mean, invstd, w, ctx.training)
        return dx.reshape(x.shape), dw, db, None, None, None


class GroupNorm(Function):
    """Normalise each image's channels, group by group; then ``weight[c]`` and ``bias[c]``."""

    @staticmethod
    def forward(ctx, x, weight, bias, groups, eps):
        out, mean, invstd = kernels.norm.group_norm(planes(x), groups, *affine(x, weight, bias), eps)
        ctx.save_for_backward(x, weight, mean, invstd)
        return out.reshape(x.shape)

    @staticmethod
    def backward(ctx, grad):
        x, weight, mean, invstd = ctx.saved_tensors
        w, _ = affine(x, weight, None)
        dx, dw, db = kernels.norm.group_norm_grad(planes(grad), planes(x), mean, invstd, w)
        return dx.reshape(x.shape), dw, db, None, None


class LocalResponseNorm(Function):
    """``out[:, c] = x[:, c] / (k + alpha * mean of x^2 over the channels around c) ** beta``."""

    @staticmethod
    def forward(ctx, x, size, alpha, beta, k):
        out, base = kernels.norm.local_response_norm(planes(x), size, alpha, beta, k)
        ctx.save_for_backward(x, base)
        ctx.options = size, alpha, beta
        return out.reshape(x.shape)

    @staticmethod
    def backward(ctx, grad):
        x, base = ctx.saved_tensors
        dx = kernels.norm.local_response_norm_grad(planes(grad), planes(x), base, *ctx.options)
        return dx.reshape(x.shape), None, None, None, None


class L2Norm(Function):
    """``out[n, c, h, w] = weight[c] * x[n, c, h, w] / sqrt(eps + sum over channels of x^2)``."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        inverse = 1 / np.sqrt(total(x * x, (1,)) + x.dtype.type(eps))  # (N, H, W)
        ctx.save_for_backward(x, weight, inverse)
        return x * inverse[:, None] * weight[:, None, None]

    @staticmethod
    def backward(ctx, grad):
        x, weight, inverse = ctx.saved_tensors
        xhat = x * inverse[:, None]
        g = grad * weight[:, None, None]
        along = total(g * xhat, (1,))  # the part along x cannot change a vector of length one
        dx = (g - xhat * along[:, None]) * inverse[:, None]
        return dx, total(grad * xhat, (0, 2, 3)), None


def planes(x: np.ndarray) -> np.ndarray:
    """Return x as (N, C, S), contiguous."""
    return np.ascontiguousarray(x).reshape(*x.shape[:2], math.prod(x.shape[2:]))


def affine(x: np.ndarray, weight, bias) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias, contiguous; ones and zeros if there are none."""
    weight = np.ones(x.shape[1], x.dtype) if weight is None else np.ascontiguousarray(weight)
    return weight, np.zeros_like(weight) if bias is None else np.ascontiguousarray(bias)


# the public functions: they check, then apply --------------------------------------------------------------------


#: Shapes and dtypes that were found to fit: for a small image the checks take longer than the normalisation.
_known: set[tuple] = set()
MOST_KNOWN = 4096


def _checked(op: str, input, letters: str, *ranks: int, **per_channel) -> list:
    """Return the tensors; raise unless the input has one of the ranks, and everything else is (C,), of one dtype."""
    given = [input, *per_channel.values()]
    signature = None
    if all(value is None or isinstance(value, Tensor) for value in given) and input is not None:
        signature = op, *[None if value is None else (value._array.shape, value._array.dtype) for value in given]
        if signature in _known:
            return given
    input = read_tensor(op, "input", input)
    check_rank(op, "input", input, *ranks, letters=letters)
    tensors = {name: None if value is None else read_tensor(op, name, value) for name, value in per_channel.items()}
    check_float(op, input=input, **tensors)
    for name, value in tensors.items():
        if value is not None and value.shape != input.shape[1:2]:
            why = f"input of shape {input.shape} has {input.shape[1]} channels"
            raise bad_argument(op, name, f"has shape {value.shape}", f"({input.shape[1]},)", why)
    if signature is not None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known.add(signature)
    return [input, *tensors.values()]


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training: bool = False, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel over the batch and all pixels.

    ``out = (input - mean) / sqrt(variance + eps) * weight + bias``, all but the input per channel. In training, mean
    and (biased) variance are the batch's, and the running ones follow, in place:
    ``running = (1 - momentum) * running + momentum * batch's``, with the unbiased variance. Source: Ioffe and Szegedy
    2015, https://arxiv.org/abs/1502.03167.

    Parameters
    ----------
    input : Tensor
        (N, C), (N, C, L) or (N, C, H, W), float.
    running_mean, running_var : Tensor or None
        (C,). Used in evaluation; changed in training, where both may be None.
    weight, bias : Tensor, optional
        (C,); ones and zeros by default.
    training : bool
        Whose statistics to use.
    momentum : float
        Weight of the new value.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        The input's shape.

    Raises
    ------
    ValueError
        In training with one value per channel, whose variance says nothing.
    """
    input, mean, var, weight, bias = _checked(
        "batch_norm", input, "(N, C[, L] or [, H, W])", 4, 3, 2,
        running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
    )  # fmt: skip
    eps, momentum = number("batch_norm", "eps", eps, 0.0), number("batch_norm", "momentum", momentum)
    if not flag("batch_norm", "training", training):
        for name, value in (("running_mean", mean), ("running_var", var)):
            if value is None:
                raise bad_argument("batch_norm", name, "is None", "a tensor", "evaluation has no other statistics")
        return BatchNorm.apply(input, weight, bias, mean._array, var._array, eps)
    count = input.numel() // max(input.shape[1], 1)
    if count == 1:
        was = f"has shape {input.shape}"
        raise bad_argument("batch_norm", "input", was, "more than one value per channel when training")
    out, batch_mean, batch_var = BatchNorm.apply(input, weight, bias, None, None, eps)
    if count:
        with quiet():
            _follow(mean, batch_mean._array, momentum)
            _follow(var, batch_var._array * (count / (count - 1)), momentum)
    return out


def batch_norm_within(
    input, running_mean, running_var, weight, bias, eps: float, low: float, high: float, other=None
) -> Tensor:
    """Return ``clamp(batch_norm(input, ...) + other, low, high)`` of evaluation in one pass, without gradient."""
    input, mean, var, weight, bias = _checked(
        "batch_norm", input, "(N, C[, L] or [, H, W])", 4, 3, 2,
        running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
    )  # fmt: skip
    with no_grad():
        statistics = mean._array, var._array
        if other is None:
            return BatchNorm.apply(input, weight, bias, *statistics, eps, low, high)
        return BatchNorm.apply(input, weight, bias, *statistics, eps, low, high, np.ascontiguousarray(other._array))


def _follow(running: Tensor | None, value: np.ndarray, momentum: float) -> None:
    if running is not None:
        array = running._write_array()
        array += (momentum * (value - array)).astype(array.dtype)


def group_norm(input, num_groups: int, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """Normalise each image over groups of channels and all pixels.

    ``out = (input - mean) / sqrt(variance + eps) * weight + bias``; mean and variance per image and group, weight and
    bias per channel. Source: Wu and He 2018, https://arxiv.org/abs/1803.08494.

    Parameters
    ----------
    input : Tensor
        (N, C, ...), float.
    num_groups : int
        A divisor of C. 1 is layer normalisation, C instance normalisation.
    weight, bias : Tensor, optional
        (C,); ones and zeros by default.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        The input's shape.
    """
    input, weight, bias = _checked("group_norm", input, "(N, C, ...)", 4, 3, 2, 5, weight=weight, bias=bias)
    groups, eps = integer("group_norm", "num_groups", num_groups, 1), number("group_norm", "eps", eps, 0.0)
    if input.shape[1] % groups:
        was, expected = f"is {groups}", f"a divisor of {input.shape[1]}"
        raise bad_argument("group_norm", "num_groups", was, expected, f"input has shape {input.shape}")
    if input.numel() // groups == 1:
        was = f"has shape {input.shape}"
        raise bad_argument("group_norm", "input", was, "more than one value per group")
    return GroupNorm.apply(input, weight, bias, groups, eps)


def local_response_norm(input, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide every value by what its neighbours in other channels have to say.

    ``out[n, c] = input[n, c] / (k + alpha / size * sum over i of input[n, i] ** 2) ** beta``,
    i from ``c - size // 2`` to ``c + (size - 1) // 2``. Source: Krizhevsky et al. 2012, section 3.3 (whose alpha is
    ``alpha / size`` here, as in PyTorch).

    Parameters
    ----------
    input : Tensor
        (N, C, L), (N, C, H, W) or with more axes, float.
    size : int
        Channels in the window.
    alpha, beta, k : float
        See the formula.

    Returns
    -------
    Tensor
        The input's shape.
    """
    (input,) = _checked("local_response_norm", input, "(N, C, L) or (N, C, H, W)", 4, 3, 5)
    size = integer("local_response_norm", "size", size, 1)
    options = (number("local_response_norm", name, v) for name, v in (("alpha", alpha), ("beta", beta), ("k", k)))
    return LocalResponseNorm.apply(input, size, *options)


def l2_norm(input, weight, eps: float = 1e-10) -> Tensor:
    """Scale the vector of all channels at each pixel to length one, then each channel by its weight.

    ``out[n, c, h, w] = weight[c] * input[n, c, h, w] / sqrt(eps + sum over i of input[n, i, h, w] ** 2)``. PyTorch has
    no such function. Source: Liu et al. 2015 (ParseNet), https://arxiv.org/abs/1506.04579, section 3.3.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), float.
    weight : Tensor
        (C,).
    eps : float
        Keeps a pixel of zeros from a division by zero.

    Returns
    -------
    Tensor
        The input's shape.
    """
    input, weight = _checked("l2_norm", input, "(N, C, H, W)", 4, weight=weight)
    if weight is None:
        raise bad_argument("l2_norm", "weight", "is None", "a tensor (C,)", error=TypeError)
    return L2Norm.apply(input, weight, number("l2_norm", "eps", eps, 0.0))
