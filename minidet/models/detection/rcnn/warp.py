"""Regions of any shape become squares: the anisotropic warp.

Girshick, Donahue, Darrell, Malik. Rich feature hierarchies for accurate object detection and semantic segmentation.
CVPR 2014, arXiv:1311.2524, appendix A, figure 7, column D with context:

    image        box and what is around it        crop, S x S
                 +-------------------+            +---------------+
                 |   +-----------+   |            | +-----------+ |   <- p pixels of context,
                 |   |    box    |   |    -->     | |           | |      in the *crop's* pixels
                 |   +-----------+   |            | |    box    | |
                 +-------------------+            | |           | |
                                                  +---------------+

The box fills the inner (S - 2 p) x (S - 2 p) pixels, whatever its own shape, so the region that is cut out is the box
scaled by S / (S - 2 p) around its centre. Where it reaches beyond the image there is the mean colour, which the
network's normalisation makes 0. Between pixels is interpolated, bilinearly.
"""

from __future__ import annotations

import numpy as np

from ....autograd.as_array import as_array
from ....errors import bad_argument, check_rank, integer, number
from ....ops.boxes import checked_boxes


def warp(image, boxes, size: int, context: int = 16, fill=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Cut regions out of an image, and bring all of them to one size.

    Parameters
    ----------
    image : ndarray
        (3, H, W), float.
    boxes : ndarray
        (R, 4), each with an area; they may reach beyond the image.
    size : int
        S, pixels a side.
    context : int
        p, pixels on each side of the crop that show what is around the box: 16 of 227 in the paper.
    fill : (float, float, float)
        Red, green and blue of what lies beyond the image.

    Returns
    -------
    ndarray
        (R, 3, S, S), in the image's dtype.

    Raises
    ------
    ValueError
        A box is NaN, infinite, or without area.
    """
    image = as_array("warp", "image", image, "f")
    check_rank("warp", "image", image, 3, letters="(3, H, W)")
    size, context = checked_crop("warp", size, context)
    fill = np.array([number("warp", "fill", value) for value in fill], image.dtype).reshape(3, 1, 1)
    boxes = checked_boxes("warp", "boxes", boxes).detach().numpy().astype(np.float64)
    flat = np.flatnonzero((boxes[:, 2:] <= boxes[:, :2]).any(1))
    if flat.size:
        raise bad_argument("warp", "boxes", f"contains {boxes[flat[0]].tolist()}", "boxes with area")
    scale = size / (size - 2 * context)
    places = (np.arange(size) + 0.5) / size - 0.5  # of the crop's pixels, in shares of it, from its middle
    image, out = image - fill, np.empty((len(boxes), 3, size, size), image.dtype)
    for i, (x1, y1, x2, y2) in enumerate(boxes):
        rows = _neighbours((y1 + y2) / 2 + places * (y2 - y1) * scale, image.shape[1], image.dtype)
        columns = _neighbours((x1 + x2) / 2 + places * (x2 - x1) * scale, image.shape[2], image.dtype)
        out[i] = _interpolated(_interpolated(image, *rows, axis=1), *columns, axis=2)
    return out + fill


def _neighbours(at: np.ndarray, length: int, dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return, for places along an axis, the pixels before and after, and their weights: 0 beyond the image.

    Pixel n lies at n + 0.5. In the half pixel at the image's border, the last pixel counts alone.
    """
    inside = (at >= 0) & (at <= length)
    before = np.clip(np.floor(np.clip(at, 0, length) - 0.5), 0, length - 1)
    share = np.clip(np.clip(at, 0, length) - 0.5 - before, 0, 1)
    first = before.astype(np.intp)
    second = np.minimum(first + 1, length - 1)
    return first, second, (inside * (1 - share)).astype(dtype), (inside * share).astype(dtype)


def _interpolated(x: np.ndarray, first, second, weight1, weight2, axis: int) -> np.ndarray:
    shape = (1, -1, 1) if axis == 1 else (1, 1, -1)
    return x.take(first, axis) * weight1.reshape(shape) + x.take(second, axis) * weight2.reshape(shape)


def checked_crop(op: str, size, context) -> tuple[int, int]:
    """Return a crop's side and its context, or raise unless something is left between."""
    size, context = integer(op, "crop_size", size, 1, 4096), integer(op, "context", context, 0)
    if 2 * context >= size:
        raise bad_argument(op, "context", f"is {context}", f"less than half of crop_size = {size}")
    return size, context
