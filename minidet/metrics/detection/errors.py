"""What kinds of mistakes a detector makes.

Hoiem, Chodpathumwan and Dai, Diagnosing error in object detectors, ECCV 2012; with the definitions of Bolya, Foley,
Hays and Hoffman, TIDE: a general toolbox for identifying object detection errors, ECCV 2020, section 2.2.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ...errors import bad_argument, number
from .targets import Picture, overlaps, read_pictures


@dataclass
class ErrorTypes:
    """How many detections are right, and how many are wrong in which way; how many objects were missed.

    Every detection with a score that is high enough is counted once: ``correct``, ``localization``, ``confusion``,
    ``duplicate``, ``background``, ``both`` or ``ignored``.
    """

    correct: int = 0
    localization: int = 0
    confusion: int = 0
    duplicate: int = 0
    background: int = 0
    both: int = 0
    ignored: int = 0
    missed: int = 0
    #: (true label, predicted label) -> how many of ``confusion`` there are
    confused: Counter = field(default_factory=Counter)

    def wrong(self) -> int:
        """Return the number of detections that are wrong."""
        return self.localization + self.confusion + self.duplicate + self.background + self.both


def error_types(ground_truth, detections, iou_threshold: float = 0.5, background_threshold: float = 0.1,
                score_threshold: float = 0.0) -> ErrorTypes:  # fmt: skip
    """Count the mistakes of each kind.

    Parameters
    ----------
    ground_truth, detections : list of dict
        As for :func:`~minidet.metrics.voc_ap`.
    iou_threshold, background_threshold : float
        t_f and t_b below.
    score_threshold : float
        Detections that score less are not looked at.

    Returns
    -------
    ErrorTypes

    Notes
    -----
    In each picture, detections are gone through by descending scores (equal ones in their order). Each takes the object
    of its class that it overlaps most among those that nobody took, if the IoU is t_f or more: it is **correct**. Of
    what is left, a detection is **ignored** if more than t_f of it lies in a crowd of its class, or if its IoU with a
    difficult object of its class is more than t_f. With the largest IoU with objects of the same class s, with those of
    other classes o, the first of these that holds says what is wrong with the others:

    - **localization**: t_b <= s < t_f. The class is right, the box is not.
    - **confusion**: o >= t_f. The box is right, the class is not.
    - **duplicate**: s >= t_f. The object was found by a detection that scores more.
    - **background**: s < t_b and o < t_b. There is nothing.
    - **both**: what is left, t_b <= o < t_f. Neither the box nor the class is right.

    An object that nobody took is **missed**, unless it is the one that a wrong detection of localization or confusion
    overlaps most: then it was seen. Crowds and difficult objects are never missed, and count for nothing else.
    """
    op = "error_types"
    low, high = (number(op, name, value, 0, 1) for name, value in
                 (("background_threshold", background_threshold), ("iou_threshold", iou_threshold)))  # fmt: skip
    if not 0 < low <= high:
        was = f"is {low}"
        raise bad_argument(op, "background_threshold", was, f"a number above 0, up to iou_threshold, {high}")
    score_threshold = number(op, "score_threshold", score_threshold)
    counts = ErrorTypes()
    for truth, answer in zip(*read_pictures(op, ground_truth, detections), strict=True):
        chosen = np.argsort(-answer.scores, kind="stable")
        chosen = chosen[answer.scores[chosen] >= score_threshold]
        _count(counts, truth, answer.boxes[chosen], answer.labels[chosen], low, high)
    return counts


def _count(counts: ErrorTypes, truth: Picture, boxes: np.ndarray, labels: np.ndarray, low: float, high: float) -> None:
    """Count one picture; the detections are in the order of descending scores."""
    ious = overlaps(boxes, truth.boxes, truth.crowd)  # (D, N)
    counted = ~truth.ignored
    same = labels[:, None] == truth.labels
    taken, seen = np.zeros(len(counted), bool), np.zeros(len(counted), bool)
    right = np.zeros(len(boxes), bool)
    for d in range(len(boxes)):
        free = np.where(same[d] & counted & ~taken, ious[d], 0)
        if free.max(initial=0) >= high:
            taken[free.argmax()] = right[d] = True
    counts.correct += int(right.sum())
    for d in np.flatnonzero(~right):
        own, other = np.where(same[d] & counted, ious[d], 0), np.where(~same[d] & counted, ious[d], 0)
        if (same[d] & ~counted & (ious[d] > high)).any():
            counts.ignored += 1
        elif low <= own.max(initial=0) < high:
            counts.localization += 1
            seen[own.argmax()] = True
        elif other.max(initial=0) >= high:
            counts.confusion += 1
            seen[other.argmax()] = True
            counts.confused[int(truth.labels[other.argmax()]), int(labels[d])] += 1
        elif own.max(initial=0) >= high:
            counts.duplicate += 1
        elif other.max(initial=0) < low:
            counts.background += 1
        else:
            counts.both += 1
    counts.missed += int((counted & ~taken & ~seen).sum())
