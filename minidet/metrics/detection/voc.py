"""PASCAL VOC's average precision.

Everingham et al., The PASCAL visual object classes (VOC) challenge, IJCV 2010, section 4.2; until 2009 precision was
averaged over 11 values of recall, since 2010 it is the area below the whole curve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import check_choice, number
from ..segmentation import mean_of_present
from .targets import overlaps, read_pictures


class VOCPrecision(NamedTuple):
    """Average precision: of each class by its label, and the mean over the classes that have something to find."""

    per_class: dict[int, float]
    mean: float


def voc_ap(ground_truth, detections, iou_threshold: float = 0.5, method: str = "area") -> VOCPrecision:
    """Return the average precision of each class, and their mean (mAP).

    Parameters
    ----------
    ground_truth : list of dict
        One for each picture: ``"boxes"`` (N, 4) as x1, y1, x2, y2 in pixels, ``"labels"`` (N,) from 1, and where there
        are some ``"difficult"`` (N,). ``"iscrowd"`` is taken for the same.
    detections : list of dict
        One for each picture, in the same order: ``"boxes"`` (D, 4), ``"labels"`` (D,), ``"scores"`` (D,).
    iou_threshold : float
        A detection is right from this overlap on.
    method : {"area", "11point"}
        ``"area"``: below the curve, after each precision became the largest one at this recall or more. ``"11point"``:
        mean over the recalls 0, 0.1, ..., 1 of the largest precision at this recall or more, which is 0 if it is not
        reached.

    Returns
    -------
    VOCPrecision
        ``per_class``, by label, for all labels that occur; NaN where there is nothing to find. ``mean`` is over the
        others.

    Notes
    -----
    The detections of a class, from all pictures together, are gone through by descending scores. Each is compared with
    the object of its class and picture that it overlaps most (the first of equals): below the threshold it is wrong; an
    object that is difficult makes it neither right nor wrong; an object that was found before makes it wrong (a
    duplicate); else it is right. Difficult objects are not among those to find. Boxes have the width x2 - x1: VOC's own
    program adds 1, for it counts pixels.

    Equal scores: in one picture they stay in their order. Of different pictures, the first of each come before the
    second of each, and wrong ones before right ones, so that the order of pictures does not matter.
    """
    op = "voc_ap"
    iou_threshold = number(op, "iou_threshold", iou_threshold, 0, 1)
    check_choice(op, "method", method, ("area", "11point"))
    truths, answers = read_pictures(op, ground_truth, detections)
    labels = np.unique(np.concatenate([np.zeros(0, np.int64)] + [picture.labels for picture in truths + answers]))
    found = {int(label): _of_class(label, truths, answers, iou_threshold, method) for label in labels}
    return VOCPrecision(found, mean_of_present(np.array(list(found.values()), np.float64)))


def _of_class(label: int, truths: list, answers: list, iou_threshold: float, method: str) -> float:
    total, scores, rights, ranks = 0, [], [], []
    for truth, answer in zip(truths, answers, strict=True):
        there, mine = truth.labels == label, np.flatnonzero(answer.labels == label)
        mine = mine[np.argsort(-answer.scores[mine], kind="stable")]
        total += np.count_nonzero(there & ~truth.ignored)
        right = _compared(overlaps(answer.boxes[mine], truth.boxes[there]), truth.ignored[there], iou_threshold)
        counted = right >= 0
        scores.append(answer.scores[mine][counted])
        rights.append(right[counted])
        ranks.append(np.flatnonzero(counted))
    if not total:
        return float("nan")
    scores, rights, ranks = (np.concatenate(parts) for parts in (scores, rights, ranks))
    rights = rights[np.lexsort((rights, ranks, -scores))]
    return _average(np.cumsum(rights), total, method)


def _compared(ious: np.ndarray, ignored: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Return 1 for each detection that is right, 0 for one that is wrong, -1 for one that does not count, (D,)."""
    right = np.zeros(len(ious), np.int64)
    if not len(ignored):
        return right
    taken = np.zeros(len(ignored), bool)
    best = ious.argmax(1)
    for d in np.flatnonzero(ious.max(1) >= max(iou_threshold, np.finfo(float).tiny)).tolist():
        n = best[d]
        if ignored[n]:
            right[d] = -1
        elif not taken[n]:
            right[d], taken[n] = 1, True
    return right


def _average(right: np.ndarray, total: int, method: str) -> float:
    """Return the average precision, of how many detections are right among the first 1, 2, ... of them."""
    precision = right / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # the largest at this recall or more
    if method == "area":
        return float((precision * np.diff(right, prepend=0)).sum() / total)
    reached = [precision[10 * right >= tenth * total][:1] for tenth in range(11)]  # integers: 3 of 10 are 0.3
    return float(np.concatenate(reached).sum() / 11)
