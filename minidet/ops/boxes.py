"""Areas and overlaps of boxes ``(x1, y1, x2, y2)``, with torchvision's names."""

from __future__ import annotations

import math

import numpy as np

from ..autograd import Tensor, clamp, maximum, minimum, stack, tensor, where
from ..autograd.from_data import read_tensor
from ..autograd.grad_mode import mode
from ..errors import bad_argument, integers, number, shown


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
    shared, union = _shared_and_union(first, second)
    return shared / where(union == 0, 1, union)  # where the union is 0, so is what is shared


def generalized_box_iou(boxes1, boxes2) -> Tensor:
    """Return the generalised IoU of each box of one list with each of another: in [-1, 1], and never flat.

    ``iou - (area(c) - area(a or b)) / area(c)``, where c is the smallest box around a and b (Rezatofighi et al. 2019,
    "Generalized intersection over union"). Boxes that are apart have a gradient that brings them together.

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
    Where the box around both has no area, the result is 0; torchvision's is NaN.
    """
    op = "generalized_box_iou"
    first, second = checked_boxes(op, "boxes1", boxes1), checked_boxes(op, "boxes2", boxes2)
    shared, union = _shared_and_union(first, second)
    around = maximum(first[:, None, 2:], second[None, :, 2:]) - minimum(first[:, None, :2], second[None, :, :2])
    area = around[..., 0] * around[..., 1]  # (N, M)
    return shared / where(union == 0, 1, union) - (area - union) / where(area == 0, 1, area)


def clip_boxes_to_image(boxes, size) -> Tensor:
    """Move the corners that lie outside an image to its border.

    Parameters
    ----------
    boxes : Tensor
        (..., 4).
    size : (int, int)
        Height and width of the image.

    Returns
    -------
    Tensor
        The shape of ``boxes``: 0 <= x <= width, 0 <= y <= height, with a gradient for what was not moved.

    Raises
    ------
    ValueError
        A box is NaN or infinite.
    """
    op = "clip_boxes_to_image"
    height, width = checked_size(op, size)
    boxes = read_tensor(op, "boxes", boxes)
    if boxes.ndim < 1 or boxes.shape[-1] != 4:
        raise bad_argument(op, "boxes", f"has shape {boxes.shape}", "(..., 4), x1, y1, x2 and y2 of each box")
    flat = checked_boxes(op, "boxes", boxes.reshape(math.prod(boxes.shape[:-1]), 4))
    if not (mode.enabled and flat.requires_grad):
        limits = np.array([width, height, width, height], flat.dtype)
        return tensor(np.clip(flat.detach().numpy(), 0, limits)).reshape(boxes.shape)
    corners = [clamp(flat[:, i], 0, width if i % 2 == 0 else height) for i in range(4)]
    return stack(corners, 1).reshape(boxes.shape)


def remove_small_boxes(boxes, min_size: float) -> Tensor:
    """Return the positions of the boxes whose sides are both at least ``min_size`` long.

    Parameters
    ----------
    boxes : Tensor
        (N, 4).
    min_size : float

    Returns
    -------
    Tensor
        (M,), int64, ascending.

    Raises
    ------
    ValueError
        A box is NaN or infinite.
    """
    boxes = checked_boxes("remove_small_boxes", "boxes", boxes).detach().numpy()
    sides = boxes[:, 2:] - boxes[:, :2]
    return tensor(np.flatnonzero((sides >= number("remove_small_boxes", "min_size", min_size)).all(1)))


def checked_size(op: str, size, argument: str = "size") -> tuple[int, int]:
    """Return an image's (height, width), or raise unless they are two integers >= 0."""
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise bad_argument(op, argument, f"is {shown(size)}", "(height, width)")
    return integers(op, argument, tuple(size), 2)


def _shared_and_union(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return the areas that each box of one list has in common with, and together with, each of another: (N, M)."""
    sides = []
    for axis in (0, 1):  # one after the other: an innermost axis of two numbers is slow
        low = maximum(first[:, None, axis], second[None, :, axis])  # (N, M)
        high = minimum(first[:, None, axis + 2], second[None, :, axis + 2])
        sides.append(clamp(high - low, min=0))
    shared = sides[0] * sides[1]
    return shared, _area(first)[:, None] + _area(second)[None, :] - shared


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
