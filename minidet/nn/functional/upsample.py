"""Resizing images, up or down, to any size."""

from __future__ import annotations

import math
import numbers

import numpy as np

from ... import kernels
from ...autograd.from_data import read_tensor
from ...autograd.function import Function
from ...autograd.tensor import Tensor
from ...errors import bad_argument, check_choice, check_float, check_rank, check_room, flag, integers


class Nearest(Function):
    """``out[n, c, i, j] = x[n, c, floor(i * scale), floor(j * scale)]``; scale is in input pixels per output pixel."""

    @staticmethod
    def forward(ctx, x, output_size, scales):
        ctx.input_size, ctx.scales = x.shape[2:], scales
        return kernels.upsample.nearest(np.ascontiguousarray(x), output_size, scales)

    @staticmethod
    def backward(ctx, grad):
        return kernels.upsample.nearest_grad(np.ascontiguousarray(grad), ctx.input_size, ctx.scales), None, None


class Bilinear(Function):
    """Every output pixel blends the four input pixels around its position, each axis linearly."""

    @staticmethod
    def forward(ctx, x, output_size, scales, align_corners):
        ctx.options = x.shape[2:], scales, align_corners
        return kernels.upsample.bilinear(np.ascontiguousarray(x), output_size, scales, align_corners)

    @staticmethod
    def backward(ctx, grad):
        return kernels.upsample.bilinear_grad(np.ascontiguousarray(grad), *ctx.options), None, None, None


def interpolate(
    input, size=None, scale_factor=None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:  # fmt: skip
    """Resize images.

    Output pixel i takes its value from the input position

    - nearest: ``floor(i * H / OH)``;
    - bilinear: ``(i + 0.5) * H / OH - 0.5``, the centres of the corner pixels move (``align_corners=False``);
    - bilinear: ``i * (H - 1) / (OH - 1)``, the centres of the corner pixels stay (``align_corners=True``).

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), float.
    size : int or (int, int), optional
        OH and OW. Either this or ``scale_factor``.
    scale_factor : float or (float, float), optional
        ``OH = floor(H * scale_factor)``; positions then use ``1 / scale_factor`` in place of ``H / OH``.
    mode : {"nearest", "bilinear"}
        How a value is made.
    align_corners : bool, optional
        Only for bilinear; None means False.
    recompute_scale_factor : bool, optional
        Use ``H / OH`` though ``scale_factor`` was given.

    Returns
    -------
    Tensor
        (N, C, OH, OW).
    """
    input = read_tensor("interpolate", "input", input)
    check_rank("interpolate", "input", input, 4, letters="(N, C, H, W)")
    check_float("interpolate", input=input)
    check_choice("interpolate", "mode", mode, ("nearest", "bilinear"))
    if 0 in input.shape[1:]:
        raise bad_argument("interpolate", "input", f"has shape {input.shape}", "at least one channel, row and column")
    if mode == "nearest" and align_corners is not None:
        why = "nearest neighbour has no corners to align"
        raise bad_argument("interpolate", "align_corners", f"is {align_corners!r}", "None", why)
    recompute = recompute_scale_factor is not None and flag(
        "interpolate", "recompute_scale_factor", recompute_scale_factor
    )
    given = f"size is {size}" if scale_factor is None else f"scale_factor is {scale_factor}"
    size, factors = _sizes(input, size, scale_factor, recompute)
    check_room("interpolate", *given.split(" ", 1), *input.shape[:2], *size)
    align_corners = align_corners is not None and flag("interpolate", "align_corners", align_corners)
    if align_corners:
        scales = tuple((i - 1) / (o - 1) if o > 1 else 0.0 for i, o in zip(input.shape[2:], size, strict=True))
    else:
        scales = tuple(i / o if f is None else 1 / f for i, o, f in zip(input.shape[2:], size, factors, strict=True))
    if mode == "nearest":
        return Nearest.apply(input, size, scales)
    return Bilinear.apply(input, size, scales, align_corners)


def _sizes(input: Tensor, size, scale_factor, recompute) -> tuple:
    """Return (OH, OW), and the factors that positions are computed with (None: from the sizes)."""
    if (size is None) == (scale_factor is None):
        was = "is not given, and neither is scale_factor" if size is None else "and scale_factor are both given"
        raise bad_argument("interpolate", "size", was, "exactly one of the two")
    if size is not None:
        if recompute:
            why = "with an explicit size there is none to recompute"
            raise bad_argument("interpolate", "recompute_scale_factor", f"is {recompute!r}", "None or False", why)
        return _exactly_two("size", size, lambda value: integers("interpolate", "size", value, 2, 1)), (None, None)
    factors = _exactly_two("scale_factor", scale_factor, _factors)
    size = tuple(math.floor(length * factor) for length, factor in zip(input.shape[2:], factors, strict=True))
    if min(size) < 1:
        why = f"the result would have the size {size}"
        raise bad_argument("interpolate", "scale_factor", f"is {scale_factor!r}", "a larger factor", why)
    return size, (None, None) if recompute else factors


def _exactly_two(argument: str, value, read) -> tuple:
    """Read a number, or a tuple of two; a tuple of one is an error here, as in PyTorch."""
    if isinstance(value, (tuple, list)) and len(value) != 2:
        raise bad_argument("interpolate", argument, f"is {value!r}", "one number, or one for each of H and W")
    return read(value)


def _factors(value) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    for factor in pair:
        if isinstance(factor, bool) or not isinstance(factor, numbers.Real):
            raise bad_argument("interpolate", "scale_factor", f"is {value!r}", "a number or two", error=TypeError)
        if not 0 < factor < math.inf:
            raise bad_argument("interpolate", "scale_factor", f"is {value!r}", "a finite number > 0")
    return tuple(float(factor) for factor in pair)
