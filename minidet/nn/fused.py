"""Two steps in one pass over memory: a normalisation and its ReLU, a convolution and its ReLU, padding and convolution.

At inference they are limited by memory, not by arithmetic; together they read and write every number once, not twice.
Only where nobody looks between them: nothing is recorded, and no hook is to see what is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from ..autograd import pad
from ..autograd.grad_mode import mode
from .functional.activation import relu, relu6_over, relu_over
from .functional.conv import conv2d, conv2d_of_size
from .layers.activation import ReLU, ReLU6
from .layers.norm import BatchNorm1d, BatchNorm2d

LIMITS = {ReLU: (0.0, math.inf), ReLU6: (0.0, 6.0)}
IN_PLACE = {ReLU: relu_over, ReLU6: relu6_over}


def within(module, following) -> tuple[float, float] | None:
    """Return the limits to which ``following`` cuts what the normalisation ``module`` gives; None if both must run.

    Both run where operations are recorded, in training, and where a hook is to see what is between them.
    """
    if type(following) not in LIMITS or not _alone(module) or _has_hooks(following):
        return None
    return LIMITS[type(following)]


def fused(layers, apart=()) -> Iterator[tuple[str, Callable]]:
    """Yield ``(path, call)`` for ``(path, module)`` in a row; where it can be, a normalisation or a convolution and the
    ReLU after it are one call.

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
        limits, clip = (None, None) if path in apart else (within(module, following), clipped(module, following))
        if limits is not None:
            yield next_path, partial(module.forward_within, low=limits[0], high=limits[1])
        elif clip is not None:
            yield next_path, clip
        else:
            yield path, module
        at += 1 if limits is None and clip is None else 2


def clipped(module, following) -> Callable | None:
    """Return what applies a convolution and its ReLU, or None if both must run.

    The ReLU writes over the convolution's result, of which nobody else has seen anything: its class says so, by
    ``result_is_new`` among its own attributes, not those of a base.
    """
    activation = IN_PLACE.get(type(following))
    is_new = vars(type(module)).get("result_is_new", False)
    if mode.enabled or activation is None or not is_new or _has_hooks(module, following):
        return None
    return lambda input: activation(module(input))


def conv2d_padded(input, weight, bias, stride, borders, dilation, groups: int):
    """Return ``conv2d(pad(input, borders), ...)``, without a copy of the image where it is larger than the kernel.

    Parameters
    ----------
    input, weight, bias : Tensor
        As for :func:`functional.conv2d`.
    stride, dilation : (int, int)
    borders : (int, int, int, int)
        Zeros on the left, right, top and bottom, as for :func:`functional.pad`; on the right and below, not fewer.
    groups : int
    """
    left, right, top, bottom = borders
    reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    if min(right - left, bottom - top) < 0 or any(n < r for n, r in zip(input.shape[2:], reach, strict=True)):
        return conv2d(pad(input, borders), weight, bias, stride, 0, dilation, groups)
    sides = input.shape[2] + top + bottom, input.shape[3] + left + right
    size = [(side - r) // s + 1 for side, r, s in zip(sides, reach, stride, strict=True)]
    return conv2d_of_size(input, weight, bias, stride, (top, left), dilation, groups, size)


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
    return not (module.training or module.running_mean is None or _has_hooks(module))


def _has_hooks(*modules) -> bool:
    return any(module._forward_pre_hooks or module._forward_hooks for module in modules)
