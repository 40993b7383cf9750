"""Gradient clipping."""

from __future__ import annotations

import math

import numpy as np

from .. import kernels
from ..autograd.tensor import Tensor, wrap
from ..errors import bad_argument, flag, number
from .optimizer import finite, listed


def clip_grad_norm_(parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Tensor:
    """Shorten all gradients together, in place, so that their joint norm is at most ``max_norm``.

    The norm is that of one long vector of all gradients; they are multiplied by ``max_norm / (norm + 1e-6)`` if that is
    below 1. PyTorch keeps this function in ``torch.nn.utils``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are skipped.
    max_norm : float
    norm_type : float
        2 for Euclid's norm, ``math.inf`` for the largest magnitude, any other p > 0.
    error_if_nonfinite : bool
        Raise ``RuntimeError`` if the norm is NaN or infinite. Otherwise gradients become NaN or 0, as in PyTorch.

    Returns
    -------
    Tensor ()
        The norm before clipping, in the gradients' dtype.
    """
    if not math.isinf(number("clip_grad_norm_", "max_norm", max_norm, 0)):
        finite("clip_grad_norm_", "max_norm", max_norm)
    number("clip_grad_norm_", "norm_type", norm_type, 0)
    error_if_nonfinite = flag("clip_grad_norm_", "error_if_nonfinite", error_if_nonfinite)
    if norm_type == 0:
        raise bad_argument("clip_grad_norm_", "norm_type", f"is {norm_type!r}", "a number > 0, or math.inf")
    parameters = (
        [parameters]
        if isinstance(parameters, Tensor)
        else listed("clip_grad_norm_", "parameters", parameters, "Tensors")
    )
    for parameter in parameters:
        if not isinstance(parameter, Tensor):
            was = f"contains a {type(parameter).__name__}"
            raise bad_argument("clip_grad_norm_", "parameters", was, "Tensors", error=TypeError)
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not grads:
        return wrap(np.zeros((), np.float32))
    norm = _norm([grad._array for grad in grads], float(norm_type))
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(f"clip_grad_norm_: the norm of the gradients is {norm}, expected a finite number.")
    scale = max_norm / (norm + 1e-6)
    if not scale >= 1:  # NaN too
        for grad in grads:
            array = grad._write_array()
            np.multiply(array, array.dtype.type(scale), out=array)
    return wrap(np.asarray(norm, grads[0].dtype))


def _norm(arrays, norm_type: float) -> float:
    if norm_type == 2:
        flat = (np.ascontiguousarray(array).reshape(-1) for array in arrays)
        return math.sqrt(sum(kernels.optim.sum_of_squares(array) for array in flat))
    if norm_type == math.inf:
        return float(np.max([np.max(np.abs(array), initial=0) for array in arrays]))
    powers = sum(float(np.sum(np.abs(array, dtype=np.float64) ** norm_type)) for array in arrays)
    return powers ** (1 / norm_type)
