"""How good proposals are: is there, for every object, a box that fits it?

A detector that looks at proposals only cannot find what none of them covers: recall is its upper bound.
"""

from __future__ import annotations

import numpy as np

from ..autograd.as_array import as_array
from ..errors import bad_argument, check_integer, number
from ..ops import box_iou


def proposal_recall(boxes, truth, iou_threshold: float = 0.5) -> float:
    """Return the share of objects that some proposal overlaps by an IoU of ``iou_threshold`` or more.

    Parameters
    ----------
    boxes : list of Tensor
        (N, 4) for each picture: the proposals that count, for example the first 2000.
    truth : list of dict
        ``"boxes"`` (M, 4) of each picture's objects. Those with ``"difficult"`` are left out.
    iou_threshold : float

    Returns
    -------
    float
        NaN without any object.
    """
    op = "proposal_recall"
    iou_threshold = number(op, "iou_threshold", iou_threshold, 0, 1)
    best, _ = _best_overlaps(op, boxes, truth, labelled=False)
    return float((best >= iou_threshold).mean()) if len(best) else float("nan")


def mean_average_best_overlap(boxes, truth) -> float:
    """Return MABO: each object's best IoU, averaged over the objects of a class, then over the classes.

    Parameters
    ----------
    boxes : list of Tensor
        (N, 4) for each picture.
    truth : list of dict
        ``"boxes"`` (M, 4) and ``"labels"`` (M,) of each picture's objects. Those with ``"difficult"`` are left out.

    Returns
    -------
    float
        NaN without any object. Classes without one do not count.

    Notes
    -----
    Uijlings et al., Selective Search for Object Recognition, IJCV 2013, section 5.
    """
    best, labels = _best_overlaps("mean_average_best_overlap", boxes, truth, labelled=True)
    averages = [best[labels == label].mean() for label in np.unique(labels)]
    return float(np.mean(averages)) if averages else float("nan")


def _best_overlaps(op: str, boxes, truth, labelled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the best IoU of every object of all pictures, and its label; (M,) each."""
    for argument, value in (("boxes", boxes), ("truth", truth)):
        if not isinstance(value, (list, tuple)):
            what = "a list with one entry for each picture"
            raise bad_argument(op, argument, f"is a {type(value).__name__}", what, error=TypeError)
    if len(boxes) != len(truth):
        raise bad_argument(op, "boxes", f"has {len(boxes)} entries", f"{len(truth)}, as truth")
    best, labels = [np.zeros(0)], [np.zeros(0, np.int64)]
    for proposals, target in zip(boxes, truth, strict=True):
        true_boxes, true_labels = _objects(op, target, labelled)
        overlaps = box_iou(_plain(op, "boxes", proposals), true_boxes).numpy()
        best.append(overlaps.max(0, initial=0.0))
        labels.append(true_labels)
    return np.concatenate(best), np.concatenate(labels)


def _objects(op: str, target, labelled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of a picture's objects, float64 (M, 4), and their labels (M,), zeros if they have none."""
    needed = {"boxes", "labels"} if labelled else {"boxes"}
    if not isinstance(target, dict) or not needed <= target.keys():
        was, expected = f"contains a {type(target).__name__}", f"dicts with {' and '.join(sorted(needed))}"
        raise bad_argument(op, "truth", was, expected, error=TypeError)
    boxes = _plain(op, "truth's boxes", target["boxes"])
    labels = as_array(op, "truth's labels", target["labels"] if labelled else np.zeros(len(boxes), np.int64), "iuf")
    labels = labels.astype(np.int64) if labels.size == 0 else labels
    check_integer(op, "truth's labels", labels)
    difficult = as_array(op, "truth's difficult", target.get("difficult", np.zeros(len(boxes), bool)), "b")
    for name, array in (("labels", labels), ("difficult", difficult)):
        if array.shape != (len(boxes),):
            raise bad_argument(op, f"truth's {name}", f"has shape {array.shape}", f"({len(boxes)},), one for each box")
    return boxes[~difficult], labels[~difficult]


def _plain(op: str, argument: str, boxes) -> np.ndarray:
    """Return boxes as float64 (N, 4), or raise; an empty list is no boxes."""
    array = as_array(op, argument, boxes, "iuf")
    array = array.reshape(0, 4) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise bad_argument(op, argument, f"has shape {array.shape}", "(N, 4), x1, y1, x2 and y2 of each box")
    if not np.isfinite(array).all():
        raise bad_argument(op, argument, "contains NaN or infinity", "finite numbers")
    return array.astype(np.float64)
