"""Dropout: multiply by random zeros, and by 1 / (1 - p) where there is none, so that the mean stays."""

from __future__ import annotations

import numpy as np

from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.tensor import Tensor
from ...errors import check_float, check_rank, flag, number
from ...random import generator


class Dropout(Function):
    """``out = input * factor``, where factor is 0 or 1 / (1 - p); it may broadcast."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, grad):
        (factor,) = ctx.saved_tensors
        return grad * factor, None


def _factor(op: str, shape, dtype, p: float, rng) -> np.ndarray:
    kept = generator(rng, op).random(shape, np.float32) >= np.float32(p)
    return kept * dtype.type(1 / (1 - p) if p < 1 else 0)


def dropout(input, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Return the input with each element set to 0 with probability ``p``, and divided by ``1 - p`` otherwise.

    Parameters
    ----------
    input : Tensor
        Float, of any shape.
    p : float
        In [0, 1].
    training : bool
        False returns the input itself.
    rng : numpy.random.Generator, optional
        Source of the zeros; :func:`minidet.manual_seed`'s by default.
    """
    input = read_tensor("dropout", "input", input)
    check_float("dropout", input=input)
    p = number("dropout", "p", p, 0, 1)
    if not flag("dropout", "training", training) or p == 0:
        return input
    return Dropout.apply(input, _factor("dropout", input.shape, input.dtype, p, rng))


def dropout2d(input, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Return the input (N, C, H, W) with whole channels set to 0; arguments as in :func:`dropout`.

    Neighbouring pixels are so alike that single zeros hide little.
    """
    input = read_tensor("dropout2d", "input", input)
    check_float("dropout2d", input=input)
    check_rank("dropout2d", "input", input, 4, letters="(N, C, H, W)")
    p = number("dropout2d", "p", p, 0, 1)
    if not flag("dropout2d", "training", training) or p == 0:
        return input
    return Dropout.apply(input, _factor("dropout2d", (*input.shape[:2], 1, 1), input.dtype, p, rng))
