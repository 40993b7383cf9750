"""Non-maximum suppression: of several boxes around one object, the best stays."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..autograd import Tensor, tensor
from ..autograd.as_array import as_array
from ..errors import bad_argument, check_choice, number
from .boxes import checked_boxes


def nms(boxes, scores, iou_threshold: float) -> Tensor:
    """Go through the boxes from the best to the worst, and drop what overlaps a better one that was kept too much.

    ::

        while boxes are left:
            keep the box with the highest score
            drop all that have an IoU > iou_threshold with it

    Parameters
    ----------
    boxes : Tensor
        (N, 4), ``x1 <= x2`` and ``y1 <= y2``.
    scores : Tensor
        (N,). Of equal scores the first is the better one.
    iou_threshold : float
        In [0, 1].

    Returns
    -------
    Tensor
        int64, positions of the kept boxes, the best first.

    Raises
    ------
    ValueError
        A box is NaN or infinite, or a score is NaN.

    Notes
    -----
    Departs from torchvision: the IoU is a quotient of float64, so that one of exactly the threshold never counts as
    above it (torchvision's 3 / 10 in float32 is more than 0.3). A box without area drops nothing and is never dropped.
    """
    boxes, scores = _checked("nms", boxes, scores)
    return tensor(_keep(boxes, scores, np.zeros(len(scores), np.int64), _threshold("nms", iou_threshold)))


def batched_nms(boxes, scores, idxs, iou_threshold: float) -> Tensor:
    """Do :func:`nms` for each class by itself: a box never drops one of another class.

    Parameters
    ----------
    boxes : Tensor
        (N, 4), ``x1 <= x2`` and ``y1 <= y2``.
    scores : Tensor
        (N,).
    idxs : Tensor
        (N,), integers: the class of each box, or its image, or its level.
    iou_threshold : float
        In [0, 1].

    Returns
    -------
    Tensor
        int64, positions of the kept boxes of all classes, the best first.

    Raises
    ------
    ValueError
        A box is NaN or infinite, or a score is NaN.

    Notes
    -----
    Departs from torchvision, which moves the boxes of each class to a place of their own, by one number for all: in
    float32 that loses digits of boxes that lie far away, and it is wrong for negative coordinates. Here boxes are
    grouped, not moved.
    """
    boxes, scores = _checked("batched_nms", boxes, scores)
    groups = as_array("batched_nms", "idxs", idxs, "iu")
    if groups.shape != scores.shape:
        raise bad_argument("batched_nms", "idxs", f"has shape {groups.shape}", str(scores.shape), "one for each box")
    return tensor(_keep(boxes, scores, groups, _threshold("batched_nms", iou_threshold)))


def soft_nms(
    boxes,
    scores,
    iou_threshold: float = 0.3,
    sigma: float = 0.5,
    score_threshold: float = 0.001,
    method: str = "linear",
) -> tuple[Tensor, Tensor]:
    """Do not drop boxes that overlap a better one, but lower their scores (Bodla et al. 2017, "Soft-NMS").

    ::

        while boxes are left:
            take the box with the highest score now
            linear:    score *= 1 - IoU, where the IoU with it is >= iou_threshold
            gaussian:  score *= exp(-IoU^2 / sigma)

    Parameters
    ----------
    boxes : Tensor
        (N, 4), ``x1 <= x2`` and ``y1 <= y2``.
    scores : Tensor
        (N,), >= 0. Of equal scores the first is taken.
    iou_threshold : float
        In [0, 1], for "linear".
    sigma : float
        Positive, for "gaussian".
    score_threshold : float
        A box whose score falls below is dropped.
    method : {"linear", "gaussian"}

    Returns
    -------
    Tensor
        int64, positions of the boxes that are left, in the order in which they were taken.
    Tensor
        Their lowered scores, never increasing, in the dtype of ``scores``.

    Raises
    ------
    ValueError
        A box is NaN or infinite, or a score is not in [0, infinity).

    Notes
    -----
    torchvision has no such function.
    """
    boxes, scores = _checked("soft_nms", boxes, scores)
    if scores.size and not (scores.min() >= 0 and scores.max() < np.inf):
        raise bad_argument("soft_nms", "scores", f"contains {scores.min()} to {scores.max()}", "finite numbers >= 0")
    check_choice("soft_nms", "method", method, ("linear", "gaussian"))
    if number("soft_nms", "sigma", sigma, 0, float(np.finfo(np.float64).max)) == 0:
        raise bad_argument("soft_nms", "sigma", "is 0", "a positive number")
    lowest = number("soft_nms", "score_threshold", score_threshold)
    options = (_threshold("soft_nms", iou_threshold), float(sigma), lowest, method == "gaussian")
    order, lowered = kernels.nms.soft_nms(boxes, scores.astype(np.float64), *options)
    return tensor(order), tensor(lowered.astype(scores.dtype if scores.dtype.kind == "f" else np.float32))


def _threshold(op: str, iou_threshold) -> float:
    return number(op, "iou_threshold", iou_threshold, 0, 1)


def _checked(op: str, boxes, scores) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes as float64, and one score for each, not NaN."""
    boxes = checked_boxes(op, "boxes", boxes).detach().numpy()
    scores = as_array(op, "scores", scores, "iuf")
    if scores.shape != boxes.shape[:1]:
        raise bad_argument(op, "scores", f"has shape {scores.shape}", str(boxes.shape[:1]), "one for each box")
    if np.isnan(scores).any():
        raise bad_argument(op, "scores", "contains NaN", "numbers that can be put in order")
    return boxes.astype(np.float64), scores


def _keep(boxes, scores, groups, iou_threshold: float) -> np.ndarray:
    """Return the positions of what is kept: each group by itself, the best of all first."""
    best_first = _best_first(scores)
    by_group = best_first[np.argsort(groups[best_first], kind="stable")]
    changes = np.flatnonzero(np.diff(groups[by_group])) + 1
    ends = np.append(changes, len(groups)).astype(np.int64)
    kept = np.zeros(len(groups), bool)
    kept[by_group] = kernels.nms.nms(boxes[by_group], ends, iou_threshold)
    return best_first[kept[best_first]]


def _best_first(scores) -> np.ndarray:
    """Sort positions by falling score; equal ones stay in order."""
    return len(scores) - 1 - np.argsort(scores[::-1], kind="stable")[::-1]
