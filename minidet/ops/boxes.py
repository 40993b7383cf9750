"""Areas and overlaps of boxes ``(x1, y1, x2, y2)``, with torchvision's names."""

from __future__ import annotations

import numpy as np

from ..autograd import Tensor, clamp, maximum, minimum, where
from ..autograd.from_data import read_tensor
from ..errors import bad_argument


def box_area(boxes) -> Tensor:
    """Return ``(x2 - x1) (y2 - y1)`` of each box.

    Parameters
    ----------
    boxes : Tensor
        (N, 4), ``x1 <= x2`` and ``y1 <= y2``. Integers count in 64 bits.

    Returns
    -------
    Tensor
        (N,), with a gradient for the boxes.

    Raises
    ------
    ValueError
        A box is NaN or infinite.
    """
    return _area(checked_boxes("box_area", "boxes", boxes))


def box_iou(boxes1, boxes2) -> Tensor:
    """Return the intersection over union of each box of one list with each of another.

    ``area(a and b) / (area(a) + area(b) - area(a and b))``

    Parameters
    ----------
    boxes1, boxes2 : Tensor
        (N, 4) and (M, 4), ``x1 <= x2`` and ``y1 <= y2``.

    Returns
    -------
    Tensor
        (N, M), with a gradient for both.

    Raises
    ------
    ValueError
        A box is NaN or infinite.

    Notes
    -----
    Two boxes without area have an IoU of 0. torchvision divides 0 by 0; its NaN would win every ``argmax``.
    """
    first, second = checked_boxes("box_iou", "boxes1", boxes1), checked_boxes("box_iou", "boxes2", boxes2)
    corner1 = maximum(first[:, None, :2], second[None, :, :2])  # (N, M, 2)
    corner2 = minimum(first[:, None, 2:], second[None, :, 2:])
    sides = clamp(corner2 - corner1, min=0)
    shared = sides[..., 0] * sides[..., 1]  # (N, M)
    union = _area(first)[:, None] + _area(second)[None, :] - shared
    return shared / where(union == 0, 1, union)  # where the union is 0, so is what is shared


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def checked_boxes(op: str, argument: str, boxes) -> Tensor:
    """Return boxes as a tensor (N, 4), or raise unless they are that, and finite. Integers become int64."""
    boxes = read_tensor(op, argument, boxes)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise bad_argument(op, argument, f"has shape {boxes.shape}", "(N, 4), x1, y1, x2 and y2 of each box")
    if boxes.dtype.kind not in "iuf":
        raise bad_argument(op, argument, f"has dtype {boxes.dtype}", "numbers", error=TypeError)
    if not np.isfinite(boxes.detach().numpy()).all():
        raise bad_argument(op, argument, "contains NaN or infinity", "finite numbers")
    return boxes if boxes.dtype.kind == "f" else boxes.to(np.int64)
