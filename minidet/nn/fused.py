"""Batch normalisation with the ReLU after it: one pass over memory, where nobody looks between them.

At inference both are limited by memory, not by arithmetic; together they read and write every number once, not twice.
"""

from __future__ import annotations

import math

from ..autograd.grad_mode import mode
from .activation import ReLU, ReLU6
from .norm import BatchNorm1d, BatchNorm2d

LIMITS = {ReLU: (0.0, math.inf), ReLU6: (0.0, 6.0)}


def within(module, following) -> tuple[float, float] | None:
    """Return the limits to which ``following`` cuts what the normalisation ``module`` gives; None if both must run.

    Both run where operations are recorded, in training, and where a hook is to see what is between them.
    """
    if mode.enabled or type(module) not in (BatchNorm1d, BatchNorm2d) or type(following) not in LIMITS:
        return None
    hooks = (each for one in (module, following) for each in (one._forward_pre_hooks, one._forward_hooks))
    if module.training or module.running_mean is None or any(hooks):
        return None
    return LIMITS[type(following)]
