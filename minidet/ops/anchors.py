"""Anchors: the boxes that a detector starts from, the same around every cell of a map."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, tensor
from ..errors import bad_argument, check_room, integer, number, shown
from .boxes import checked_boxes, checked_size


class AnchorGenerator:
    """Boxes of some sizes and shapes around every cell of every map (Ren et al. 2015, Faster R-CNN, section 3.1.1).

    ::

        generator({8: map8, 16: map16})      [(H8 * W8 * A8, 4), (H16 * W16 * A16, 4)]

    A cell's anchors lie around ``(column * stride, row * stride)``, as torchvision's: the cell's upper left corner.
    The order is that of a map (N, H, W, A): rows, then columns, then anchors; of those, first all sizes of the first
    aspect ratio. Widths and heights are rounded so that corners of the first cell are whole numbers.

    Parameters
    ----------
    sizes : tuple of tuples of float
        For each map, the finest first, the sizes of its anchors in pixels: square roots of areas. One number stands for
        a map with a single size.
    aspect_ratios : tuple of tuples of float
        For each map, heights over widths. One tuple of numbers stands for all maps.

    Attributes
    ----------
    cell_anchors : list of ndarray
        For each map (A, 4), float32: the anchors around (0, 0).

    Notes
    -----
    Departs from torchvision. It is called with what a backbone returns, ``{stride: map}``, and needs no images: where
    a map's rows were rounded up, 97 pixels and 13 rows, torchvision takes 97 // 13 = 7 for the stride, not 8.
    All images of a batch share their maps, so that one list of anchors is returned, not one for each. ``sizes`` and
    ``aspect_ratios`` of different lengths raise; torchvision leaves out the rest. What lies across an image's border
    is told by :meth:`inside`: the paper does not train on it.
    """

    def __init__(self, sizes=((128, 256, 512),), aspect_ratios=((0.5, 1.0, 2.0),)):
        self.sizes = _levels("sizes", sizes)
        ratios = _sequence("aspect_ratios", aspect_ratios)
        if not isinstance(ratios[0], (tuple, list)):
            ratios = (ratios,) * len(self.sizes)
        self.aspect_ratios = _levels("aspect_ratios", ratios)
        if len(self.aspect_ratios) != len(self.sizes):
            was = f"has entries for {len(self.aspect_ratios)} maps"
            raise bad_argument("AnchorGenerator", "aspect_ratios", was, f"{len(self.sizes)}", "sizes has as many")
        pairs = zip(self.sizes, self.aspect_ratios, strict=True)
        self.cell_anchors = [_cell_anchors(size, ratio) for size, ratio in pairs]

    def __repr__(self) -> str:
        return f"AnchorGenerator(sizes={self.sizes}, aspect_ratios={self.aspect_ratios})"

    def num_anchors_per_location(self) -> list[int]:
        """Return how many anchors each cell has, for every map."""
        return [len(anchors) for anchors in self.cell_anchors]

    def __call__(self, feature_maps) -> list[Tensor]:
        """Return the anchors of every map.

        Parameters
        ----------
        feature_maps : dict
            What a backbone returns: ``{stride: map}``, the finest first; maps are (N, C, H, W). (H, W) will do.

        Returns
        -------
        list of Tensor
            For each map (H * W * A, 4), float32.
        """
        if not isinstance(feature_maps, dict):
            was = f"is a {type(feature_maps).__name__}"
            raise bad_argument("AnchorGenerator", "feature_maps", was, "a dict {stride: map}", error=TypeError)
        if len(feature_maps) != len(self.cell_anchors):
            was = f"has {len(feature_maps)} maps"
            raise bad_argument("AnchorGenerator", "feature_maps", was, f"{len(self.cell_anchors)}", "sizes has as many")
        levels = zip(feature_maps.items(), self.cell_anchors, strict=True)
        return [_grid_anchors(stride, _map_size(map_), cell) for (stride, map_), cell in levels]

    @staticmethod
    def inside(anchors, image_size) -> Tensor:
        """Tell which anchors lie inside an image: the others, across its border, are left out of training.

        Parameters
        ----------
        anchors : Tensor
            (N, 4).
        image_size : (int, int)
            Height and width of the image, without what pads it to the size of its batch.

        Returns
        -------
        Tensor
            (N,), bool.
        """
        height, width = checked_size("AnchorGenerator.inside", image_size, "image_size")
        anchors = checked_boxes("AnchorGenerator.inside", "anchors", anchors).detach().numpy()
        return tensor((anchors[:, :2] >= 0).all(1) & (anchors[:, 2] <= width) & (anchors[:, 3] <= height))


def _cell_anchors(sizes, ratios) -> np.ndarray:
    """Return (A, 4) float32: boxes of these areas and shapes around (0, 0), rounded, as torchvision computes them."""
    tall = np.sqrt(np.array(ratios, np.float32))
    sizes = np.array(sizes, np.float32)
    widths, heights = ((1 / tall)[:, None] * sizes).ravel(), (tall[:, None] * sizes).ravel()
    return np.round(np.stack([-widths, -heights, widths, heights], 1) / 2)


def _grid_anchors(stride, size, cell: np.ndarray) -> Tensor:
    """Return (H * W * A, 4) float32: the anchors of one cell, moved to all cells."""
    stride = integer("AnchorGenerator", "stride", stride, 1)
    check_room("AnchorGenerator", "feature_maps", f"has a map of {size}", *size, len(cell), 4)
    y, x = np.meshgrid(*(np.arange(length, dtype=np.float32) * np.float32(stride) for length in size), indexing="ij")
    corners = np.stack([x, y, x, y], 2)[:, :, None]  # (H, W, 1, 4)
    return tensor((corners + cell).reshape(-1, 4))


def _map_size(map_) -> tuple[int, int]:
    """Return (H, W) of a map (N, C, H, W), or of what is a pair already."""
    shape = getattr(map_, "shape", map_)
    if not isinstance(shape, (tuple, list)) or len(shape) not in (2, 4):
        raise bad_argument("AnchorGenerator", "feature_maps", f"has a map {shown(shape)}", "(N, C, H, W), or (H, W)")
    return checked_size("AnchorGenerator", tuple(shape[-2:]), "feature_maps")


def _sequence(argument: str, value) -> tuple:
    if not isinstance(value, (tuple, list)) or not value:
        raise bad_argument("AnchorGenerator", argument, f"is {shown(value)}", "a tuple with a tuple for each map")
    return tuple(value)


def _levels(argument: str, value) -> tuple[tuple[float, ...], ...]:
    """Return for each map a tuple of positive numbers."""
    levels = []
    for level in _sequence(argument, value):
        level = level if isinstance(level, (tuple, list)) else (level,)
        numbers = tuple(number("AnchorGenerator", argument, item, 0, 1e6) for item in _sequence(argument, level))
        if min(numbers) == 0:
            raise bad_argument("AnchorGenerator", argument, "contains 0", "positive numbers")
        levels.append(numbers)
    return tuple(levels)
