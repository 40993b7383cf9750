"""From regions of any size to a grid of features of one size: on one map, or on the right map of several.

    region (x1, y1, x2, y2) -- which map? -- its part of the map -- P x P bins --> (C, P, P)

Girshick, Fast R-CNN (2015), section 2.1: the largest value of each bin (``"pool"``). He et al., Mask R-CNN (2017),
section 3: the mean of points between the pixels, without rounding (``"align"``). Lin et al., Feature Pyramid Networks
(2017), equation 1: a region of w x h pixels belongs to the map of stride 2^k,

    k = floor(4 + log2(sqrt(w h) / 224)),   no finer and no coarser than there are maps
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, cat, zeros
from ....errors import check_choice, integers, number
from ....errors import integer as checked_integer
from ....ops import roi_align, roi_pool

KINDS = ("align", "pool")


class MultiScaleRoIPool(nn.Module):
    """The figure.

    Parameters
    ----------
    output_size : int or (int, int)
        P, bins in a column and in a row.
    kind : {"align", "pool"}
    sampling_ratio : int
        Of ``"align"``: points of a bin in each direction; 0 for as many as the bin has pixels.
    canonical_scale, canonical_level : float, int
        224 and 4: a region of this side belongs to the map of stride 2^4.
    aligned : bool
        Of ``"align"``: pixel centres lie at half numbers, as Mask R-CNN's code has it since 2018.
    """

    def __init__(self, output_size=7, kind: str = "align", sampling_ratio: int = 2, *, canonical_scale: float = 224.0,
                 canonical_level: int = 4, aligned: bool = True):  # fmt: skip
        super().__init__()
        op = "MultiScaleRoIPool"
        check_choice(op, "kind", kind, KINDS)
        self.output_size = integers(op, "output_size", output_size, 2, 1)
        self.kind, self.aligned = kind, bool(aligned)
        self.sampling_ratio = checked_integer(op, "sampling_ratio", sampling_ratio, 0)
        self.canonical_scale = number(op, "canonical_scale", canonical_scale, 1e-6)
        self.canonical_level = checked_integer(op, "canonical_level", canonical_level)

    def forward(self, maps: dict[int, Tensor], boxes: list[np.ndarray]) -> Tensor:
        """Return (R, C, P, P), of the boxes of all images one after the other.

        Parameters
        ----------
        maps : dict of int to Tensor
            ``{stride: (N, C, h, w)}``.
        boxes : list of ndarray (R_i, 4)
            For each of the N images, in pixels.
        """
        strides = sorted(maps)
        first = maps[strides[0]]
        rows = np.concatenate([np.full((len(b), 1), i) for i, b in enumerate(boxes)]).astype(first.dtype)
        regions = np.concatenate([rows, np.concatenate(boxes).astype(first.dtype)], 1)  # (R, 5): image, x1, y1, x2, y2
        if not len(regions):
            return zeros((0, first.shape[1], *self.output_size), dtype=first.dtype)
        if len(strides) == 1:
            return self.on_one_map(first, regions, strides[0])
        level = self.levels(regions[:, 1:], strides)
        groups = [np.flatnonzero(level == i) for i in range(len(strides))]
        parts = [self.on_one_map(maps[stride], regions[group], stride)
                 for stride, group in zip(strides, groups, strict=True) if len(group)]  # fmt: skip
        place = np.empty(len(regions), np.int64)
        place[np.concatenate(groups)] = np.arange(len(regions))
        return cat(parts, 0)[place]

    def on_one_map(self, x: Tensor, regions: np.ndarray, stride: int) -> Tensor:
        """Pool regions (R, 5) on a map."""
        if self.kind == "pool":
            return roi_pool(x, regions, self.output_size, 1 / stride)
        ratio = self.sampling_ratio or -1
        return roi_align(x, regions, self.output_size, 1 / stride, ratio, self.aligned)

    def levels(self, boxes: np.ndarray, strides: list[int]) -> np.ndarray:
        """Return which of the maps, counted from the finest, each box (R, 4) belongs to: (R,)."""
        sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).clip(1e-6).astype(np.float64).prod(1))
        k = np.floor(self.canonical_level + np.log2(sides / self.canonical_scale) + 1e-6)
        return np.abs(np.log2(strides)[None, :] - k[:, None]).argmin(1)
