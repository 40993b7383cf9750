"""Resizing as a layer."""

from __future__ import annotations

from ...errors import bad_argument, check_choice, number
from ..functional.upsample import interpolate
from ..module import Module


class Upsample(Module):
    """Resize images, (N, C, H, W) to (N, C, OH, OW); see :func:`functional.interpolate`.

    Parameters
    ----------
    size : int or (int, int), optional
        OH and OW. Either this or ``scale_factor``.
    scale_factor : float or (float, float), optional
        ``OH = floor(H * scale_factor)``.
    mode : {"nearest", "bilinear"}
        How a value is made.
    align_corners : bool, optional
        Whether the centres of the corner pixels stay (bilinear only).
    recompute_scale_factor : bool, optional
        Compute positions from the sizes though ``scale_factor`` was given.
    """

    def __init__(self, size=None, scale_factor=None, mode: str = "nearest", align_corners: bool | None = None,
                 recompute_scale_factor: bool | None = None):  # fmt: skip
        """Check that one of ``size`` and ``scale_factor`` is given; their values are checked when an image is there."""
        super().__init__()
        check_choice("Upsample", "mode", mode, ("nearest", "bilinear"))
        if (size is None) == (scale_factor is None):
            was = "is not given, and neither is scale_factor" if size is None else "and scale_factor are both given"
            raise bad_argument("Upsample", "size", was, "exactly one of the two")
        several = isinstance(scale_factor, (tuple, list))
        self.size = size
        factors = [number("Upsample", "scale_factor", x) for x in (scale_factor if several else (scale_factor,))
                   if scale_factor is not None]  # fmt: skip
        self.scale_factor = tuple(factors) if several else next(iter(factors), None)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input):
        return interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners,
                           self.recompute_scale_factor)  # fmt: skip

    def extra_repr(self) -> str:
        what = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{what}, mode={self.mode!r}"
