"""What a region teaches, and the three thresholds of R-CNN (appendix B).

    IoU with the true boxes    0 ........ 0.3 ........ 0.5 .. 0.6 ........ 1
    fine-tuning                background              object of the nearest box's class
    SVM of a class             negative   | ignored                          | positive: the true boxes only
    box regression             nothing                        | a pair

For an SVM, the overlap is that with objects of its class: a true box of another class is a negative. Objects that are
ignored (crowds, difficult ones) are neither, and what overlaps them is no background.
"""

from __future__ import annotations

import numpy as np

from ....ops import box_iou
from ..truth import Truth


def fine_tuning_labels(boxes: np.ndarray, truth: Truth, iou_threshold: float = 0.5) -> np.ndarray:
    """Return what regions (R, 4) are to the fine-tuning: int64 (R,), a class, 0 for background, -1 for nothing."""
    labels = np.zeros(len(boxes), np.int64)
    if len(truth.boxes) and len(boxes):
        iou = box_iou(truth.boxes, boxes.astype(truth.boxes.dtype)).numpy()  # (G, R)
        shows = iou.max(0) >= iou_threshold
        labels[shows] = truth.labels[iou.argmax(0)[shows]]
    labels[(labels == 0) & truth.is_ignored(boxes, iou_threshold)] = -1
    return labels


def svm_negatives(boxes: np.ndarray, truth: Truth, num_classes: int, iou_threshold: float = 0.3) -> np.ndarray:
    """Tell which regions (R, 4) are negatives of which class: bool (R, K - 1)."""
    overlap = np.zeros((len(boxes), num_classes - 1))
    if len(truth.boxes) and len(boxes):
        iou = box_iou(truth.boxes, boxes.astype(truth.boxes.dtype)).numpy()
        for label in np.unique(truth.labels):
            overlap[:, label - 1] = iou[truth.labels == label].max(0)
    return (overlap < iou_threshold) & ~truth.is_ignored(boxes, iou_threshold)[:, None]


def regression_pairs(boxes: np.ndarray, truth: Truth, iou_threshold: float = 0.6):
    """Return the regions that teach the box regressor, with the nearest true box: their numbers (P,), and its (P,)."""
    if not len(truth.boxes) or not len(boxes):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    iou = box_iou(truth.boxes, boxes.astype(truth.boxes.dtype)).numpy()
    rows = np.flatnonzero(iou.max(0) > iou_threshold)
    return rows, iou.argmax(0)[rows]


def draw_batch(labels: np.ndarray, positives: int, backgrounds: int, rng) -> np.ndarray:
    """Draw the regions of one batch of fine-tuning, evenly from all that there are (section 2.3).

    Parameters
    ----------
    labels : ndarray
        (R,), as :func:`fine_tuning_labels` returns them, of all images.
    positives, backgrounds : int
        32 of any class, and 96: objects are rare among regions. Where there are fewer, all are taken.

    Returns
    -------
    ndarray
        Positions, in ascending order: regions of an image stay together.
    """
    objects, background = np.flatnonzero(labels > 0), np.flatnonzero(labels == 0)
    chosen = [rng.choice(group, min(count, len(group)), replace=False)
              for group, count in ((objects, positives), (background, backgrounds))]  # fmt: skip
    return np.sort(np.concatenate(chosen))


def solid(boxes: np.ndarray) -> np.ndarray:
    """Leave out boxes without area: nothing can be cut out there."""
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]
