"""Non-maximum suppression in plain NumPy: the best box goes first, and removes what covers the same object."""

from __future__ import annotations

import numpy as np


def overlaps(box, boxes):
    """Return the IoU of one box (4,) with others (N, 4), in float64; 0 where there is no area at all."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.maximum(sides, 0).prod(1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    return shared / np.where(union == 0, 1, union)


def nms(boxes, ends, iou_threshold):
    """Return which boxes stay, (N,) bool.

    ``boxes`` (N, 4) float64 lie in groups that do not know each other, the best of a group first; ``ends`` (G,) int64
    says where each group ends.
    """
    keep = np.ones(len(boxes), bool)
    start = 0
    for end in ends:
        for i in range(start, end):
            if keep[i]:
                keep[i + 1 : end] &= ~(overlaps(boxes[i], boxes[i + 1 : end]) > iou_threshold)
        start = end
    return keep


def soft_nms(boxes, scores, iou_threshold, sigma, score_threshold, gaussian):
    """Return ``(order, scores)``: boxes in the order in which they were taken, and the scores that they had then.

    ``boxes`` (N, 4) and ``scores`` (N,), float64. Of equal scores the first is taken.
    """
    scores, left = scores.copy(), np.ones(len(boxes), bool)
    order = []
    while left.any():
        best = int(np.argmax(np.where(left, scores, -np.inf)))
        if not left[best] or scores[best] < score_threshold:
            break
        order.append(best)
        left[best] = False
        overlap = overlaps(boxes[best], boxes)
        if gaussian:
            decay = np.exp(-(overlap**2) / sigma)
        else:
            decay = np.where(overlap >= iou_threshold, 1 - overlap, 1)
        scores = np.where(left, scores * decay, scores)
    order = np.array(order, np.int64)
    return order, scores[order]
