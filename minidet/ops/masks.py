"""From the grid of a mask head to the pixels of an image, and back: where a mask's numbers lie in a box.

Both ways follow one convention. Pixel column j covers ``j <= x < j + 1``, its centre is j + 0.5. A mask of M columns
cuts its box into M bins of equal width, whose values stand at the bins' centres: bin m at
``x1 + (m + 0.5) (x2 - x1) / M``. So a mask of ones fills a box with corners at whole numbers exactly, and nothing moves
by half a pixel.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, check_room, integers
from .boxes import checked_boxes


def paste_masks_in_image(masks, boxes, img_shape) -> Tensor:
    """Return masks in the pixels of an image: each is stretched over its box, bilinearly; around it is 0.

    A pixel whose centre (x, y) lies in the box has the value of the mask at column
    ``(x - x1) / (x2 - x1) * M - 0.5`` and row ``(y - y1) / (y2 - y1) * M - 0.5``, interpolated between the four next
    bins; beyond the outer bins' centres it is theirs.

    Parameters
    ----------
    masks : Tensor
        (N, 1, M, M), probabilities.
    boxes : Tensor
        (N, 4), x1, y1, x2, y2 in pixels of the image; parts of them may lie outside of it.
    img_shape : (int, int)
        H and W.

    Returns
    -------
    Tensor
        (N, 1, H, W), of the dtype of ``masks``, without a gradient.

    Raises
    ------
    TypeError
        ``masks`` are no floats.
    ValueError
        A box is NaN or infinite; shapes do not fit.

    Notes
    -----
    torchvision pads the mask by a ring of zeros and rounds the box outwards to whole pixels, which moves and enlarges
    it: perfect masks of 28 x 28 in perfect boxes do not come back (He et al., Mask R-CNN, 2017, section 3.1 says only
    "resized to the RoI size"). So there is no argument ``padding``.

    Masks are pasted one by one: but for the result, memory does not grow with their number.
    """
    op = "paste_masks_in_image"
    values = as_array(op, "masks", masks, "f")
    if values.ndim != 4 or values.shape[1] != 1 or 0 in values.shape[2:]:
        raise bad_argument(op, "masks", f"has shape {values.shape}", "(N, 1, M, M)")
    places = checked_boxes(op, "boxes", boxes).detach().numpy().astype(np.float64)
    if len(places) != len(values):
        raise bad_argument(op, "boxes", f"has shape {places.shape}", f"({len(values)}, 4)", "each mask has one")
    height, width = integers(op, "img_shape", img_shape, 2, 0)
    check_room(op, "img_shape", f"is {(height, width)}", len(values), height, width)
    out = np.zeros((len(values), 1, height, width), values.dtype)
    for mask, (x1, y1, x2, y2), image in zip(values[:, 0], places, out[:, 0], strict=True):
        rows, down = _weights(y1, y2, height, mask.shape[0])  # (h, M)
        columns, across = _weights(x1, x2, width, mask.shape[1])  # (w, M)
        image[rows, columns] = down.astype(mask.dtype) @ mask @ across.astype(mask.dtype).T
    return tensor(out)


def _weights(low: float, high: float, length: int, bins: int) -> tuple[slice, np.ndarray]:
    """Return which of ``length`` pixels have centres in [low, high), and the weight of each bin in each: (w, M)."""
    first, last = (min(max(math.ceil(edge - 0.5), 0), length) for edge in (low, high))
    if last <= first:
        return slice(0, 0), np.zeros((0, bins))
    centres = np.arange(first, last) + 0.5
    at = np.clip((centres - low) / (high - low) * bins - 0.5, 0, bins - 1)
    left = np.minimum(at.astype(np.int64), max(bins - 2, 0))
    weights = np.zeros((len(at), bins))
    rows = np.arange(len(at))
    weights[rows, left] = 1 - (at - left)
    weights[rows, np.minimum(left + 1, bins - 1)] += at - left
    return slice(first, last), weights


def crop_masks(masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return what share of each bin of a box a mask covers: the targets of a mask head.

    Parameters
    ----------
    masks : ndarray bool
        (R, H, W), in pixels of an image.
    boxes : ndarray
        (R, 4), one for each, in pixels of the same image. What lies outside the image is not covered.
    size : (int, int)
        Bins in a column and in a row.

    Returns
    -------
    ndarray float32
        (R, *size), from 0 to 1. A mask that fills its box gives ones.
    """
    out = np.zeros((len(masks), *size), np.float32)
    for mask, (x1, y1, x2, y2), target in zip(masks, boxes.astype(np.float64), out, strict=True):
        rows, down = _shares(y1, y2, mask.shape[0], size[0])  # (M, h)
        columns, across = _shares(x1, x2, mask.shape[1], size[1])  # (M, w)
        target[...] = down @ mask[rows, columns] @ across.T
    return out


def _shares(low: float, high: float, length: int, bins: int) -> tuple[slice, np.ndarray]:
    """Return which of ``length`` pixels overlap [low, high), and what share of each bin each of them is: (M, w)."""
    first, last = (min(max(edge, 0), length) for edge in (math.floor(low), math.ceil(high)))
    if last <= first or high <= low:
        return slice(0, 0), np.zeros((bins, 0))
    edges = low + (high - low) * np.arange(bins + 1) / bins
    pixels = np.arange(first, last)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)  # (M, w)
    return slice(first, last), np.clip(shared, 0, None) / (edges[1:] - edges[:-1])[:, None]
