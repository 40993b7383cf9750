"""From one loss per element to what a loss function returns, and back."""

from __future__ import annotations

import numpy as np

from ...autograd.from_data import read_tensor
from ...autograd.sums import total as sum_over
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_choice, check_float

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: np.ndarray, reduction: str, total=None) -> np.ndarray:
    """Return the losses, their sum, or their sum divided by ``total`` (default: their number; 0 gives nan)."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.asarray(sum_over(losses, tuple(range(losses.ndim))))
    count = losses.dtype.type(losses.size if total is None else total)
    return np.asarray(sum_over(losses, tuple(range(losses.ndim))) / count)


def spread(grad: np.ndarray, slopes: np.ndarray, reduction: str) -> np.ndarray:
    """Return d result / d input, where ``slopes`` are the derivatives of the losses that :func:`reduced` took."""
    if reduction == "mean" and slopes.size:
        grad = grad / grad.dtype.type(slopes.size)
    return grad * slopes


def checked_pair(op: str, input, target, reduction: str) -> tuple[Tensor, Tensor]:
    """Check a float input, a float target of the same shape, and the reduction; return both as tensors."""
    input, target = read_tensor(op, "input", input), read_tensor(op, "target", target)
    check_float(op, input=input, target=target)
    if input.shape != target.shape:
        raise bad_argument(op, "target", f"has shape {target.shape}", str(input.shape),
                           "each element of the input has one target")  # fmt: skip
    check_choice(op, "reduction", reduction, REDUCTIONS)
    return input, target


def constant(op: str, argument: str, value) -> Tensor | None:
    """Return an argument that has no gradient as a tensor, or None."""
    if value is None:
        return None
    value = read_tensor(op, argument, value)
    if value.requires_grad:
        raise bad_argument(op, argument, "requires grad", "a constant", f"{op} has no gradient for it: use detach()")
    return value
