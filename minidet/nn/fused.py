"""Batch normalisation with the ReLU after it: one pass over memory, where nobody looks between them.

At inference both are limited by memory, not by arithmetic; together they read and write every number once, not twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from ..autograd.grad_mode import mode
from .activation import ReLU, ReLU6
from .functional.activation import relu
from .norm import BatchNorm1d, BatchNorm2d

LIMITS = {ReLU: (0.0, math.inf), ReLU6: (0.0, 6.0)}


def within(module, following) -> tuple[float, float] | None:
    """Return the limits to which ``following`` cuts what the normalisation ``module`` gives; None if both must run.

    Both run where operations are recorded, in training, and where a hook is to see what is between them.
    """
    if type(following) not in LIMITS or not _alone(module) or following._forward_pre_hooks or following._forward_hooks:
        return None
    return LIMITS[type(following)]


def fused(layers, apart=()) -> Iterator[tuple[str, Callable]]:
    """Yield ``(path, call)`` for ``(path, module)`` in a row; a normalisation and its ReLU are one call where they can.

    Parameters
    ----------
    layers : iterable of (str, Module)
        Each is applied to what the one before it returned.
    apart : collection of str
        Paths of modules whose own results are wanted.
    """
    layers, at = [*layers, ("", None)], 0
    while at < len(layers) - 1:
        (path, module), (next_path, following) = layers[at : at + 2]
        limits = None if path in apart else within(module, following)
        if limits is None:
            yield path, module
        else:
            yield next_path, partial(module.forward_within, low=limits[0], high=limits[1])
        at += 1 if limits is None else 2


def norm_relu(norm, input, other=None):
    """Return ``relu(norm(input) + other)``, in one pass where nothing is recorded and ``norm`` has no hook.

    Parameters
    ----------
    norm : Module
        A normalisation; :class:`BatchNorm2d` in evaluation is what one pass is made for.
    input : Tensor
        Its input, (N, C, H, W).
    other : Tensor, optional
        Of the result's shape: what a residual block adds.
    """
    if _alone(norm) and (other is None or (other.shape == input.shape and other.dtype == input.dtype)):
        return norm.forward_within(input, *LIMITS[ReLU], other)
    out = norm(input)
    return relu(out if other is None else out + other)


def _alone(module) -> bool:
    """Whether a module is a normalisation by statistics whose result nobody looks at: no tape, no hook."""
    if mode.enabled or type(module) not in (BatchNorm1d, BatchNorm2d):
        return False
    hooks = module._forward_pre_hooks or module._forward_hooks
    return not (module.training or module.running_mean is None or hooks)
