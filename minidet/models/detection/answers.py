"""What heads say, in the order of the boxes that they speak of; and of all boxes that were said, the answers."""

from __future__ import annotations

import numpy as np

from ...autograd import Tensor, tensor
from ...ops import batched_nms, clip_boxes_to_image

SMALLEST = 0.01  # pixels: a detection has at least this width and height


def flat(x: Tensor, count: int, numbers: int) -> Tensor:
    """Bring what a head says of a map, (N, A numbers, h, w), to the order of the anchors: (N, h w A, numbers)."""
    n, channels, h, w = x.shape
    return x.reshape(n, channels // numbers, numbers, h, w).permute(0, 3, 4, 1, 2).reshape(n, count, numbers)


def best_boxes(boxes: np.ndarray, scores: np.ndarray, size, *, score_thresh: float, nms_thresh: float,
               detections_per_img: int, candidates: int | None = None,
               all_scores: bool = False) -> dict[str, Tensor]:  # fmt: skip
    """Return the detections of an image: boxes (R, 4), each with one score for each class (R, K), background first.

    Parameters
    ----------
    boxes : ndarray
        In pixels; they are cut off at the rim of the image.
    scores : ndarray
        In [0, 1].
    size : (int, int)
        (H, W) of the image.
    score_thresh, nms_thresh, detections_per_img
        What scores no more goes; of two of a class with a higher IoU, the lower one; at most so many are kept.
    candidates : int, optional
        The most boxes of a class that NMS looks at.
    all_scores : bool
        Add every class's score.
    """
    boxes = clip_boxes_to_image(boxes, size).numpy()
    solid = (boxes[:, 2] - boxes[:, 0] >= SMALLEST) & (boxes[:, 3] - boxes[:, 1] >= SMALLEST)
    labels, rows = np.nonzero((score_thresh < scores[:, 1:].T) & solid)  # class after class
    labels += 1
    if candidates is not None:
        best = best_of_each(scores[rows, labels], labels, candidates)
        rows, labels = rows[best], labels[best]
    order = np.lexsort((labels, rows))  # of equal scores, the first box comes first
    rows, labels = rows[order], labels[order]
    found, sure = boxes[rows], scores[rows, labels]
    kept = batched_nms(found, sure, labels, nms_thresh).numpy()[:detections_per_img]
    answer = {"boxes": tensor(found[kept]), "labels": tensor(labels[kept]), "scores": tensor(sure[kept])}
    if all_scores:
        answer["all_scores"] = tensor(scores[rows[kept]])
    return answer


def best_of_each(scores: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the positions of the ``count`` best of each label; of equal ones, the first."""
    order = np.argsort(labels, kind="stable")
    kept = []
    for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(rows) > count:  # the others need not be put in order
            sure = scores[rows]
            least = np.partition(sure, len(rows) - count)[len(rows) - count]
            above, equal = rows[sure > least], rows[sure == least]
            rows = np.concatenate([above, equal[: count - len(above)]])
        kept.append(rows)
    return np.sort(np.concatenate(kept))
