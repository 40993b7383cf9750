"""Non-maximum suppression: every box meets those that were kept before it, and no matrix of all pairs is made.

    for box, best first
      for 64 of the boxes kept so far                <- SIMD: intersections, and whether one could be large enough
        if one could: divide, and compare exactly    rare; nearly always the end of this box
      none removes it: keep it

A comparison of products decides for 64 boxes at once without a branch. But ``shared / union > threshold`` and
``shared > threshold * union`` may round to different sides, so the products only say who is suspected. The quotient
counts: an IoU of exactly the threshold, 3 / 10 and 0.3, removes nothing. All is float64, in which the areas of
float32 boxes are exact.
"""

from __future__ import annotations

import numpy as np

from ..launch.jit import jit

#: Boxes that are compared before one asks whether the box was removed.
BLOCK = 64
#: Below this share of the threshold a product of float64 numbers is certainly below it.
SAFE = 1 - 1e-12


def nms(boxes, ends, iou_threshold):
    """Return which boxes stay, (N,) bool.

    ``boxes`` (N, 4) float64 lie in groups that do not know each other, the best of a group first; ``ends`` (G,) int64
    says where each group ends.
    """
    corners = np.ascontiguousarray(boxes.T)  # (4, N): what is compared at once lies side by side
    keep = np.zeros(len(boxes), np.bool_)
    longest = np.diff(ends, prepend=0).max(initial=0)
    _nms(corners, ends, iou_threshold, np.empty((5, longest)), keep)
    return keep


@jit
def _nms(corners, ends, threshold, kept, keep):
    start = 0
    for end in ends:
        count = 0
        for i in range(start, end):
            x1, y1, x2, y2 = corners[0, i], corners[1, i], corners[2, i], corners[3, i]
            if not _is_removed(x1, y1, x2, y2, threshold, kept, count):
                keep[i] = True
                kept[0, count], kept[1, count], kept[2, count], kept[3, count] = x1, y1, x2, y2
                kept[4, count] = (x2 - x1) * (y2 - y1)
                count += 1
        start = end


@jit
def _is_removed(x1, y1, x2, y2, threshold, kept, count):
    """Tell whether one of the ``count`` boxes in ``kept`` (x1, y1, x2, y2 and area) overlaps this one too much."""
    area, low = (x2 - x1) * (y2 - y1), threshold * SAFE
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        left, top, right, bottom = kept[0, first:last], kept[1, first:last], kept[2, first:last], kept[3, first:last]
        if _suspects(x1, y1, x2, y2, area, low, left, top, right, bottom, kept[4, first:last]) > 0:
            for k in range(first, last):
                w = min(x2, kept[2, k]) - max(x1, kept[0, k])
                h = min(y2, kept[3, k]) - max(y1, kept[1, k])
                if w > 0 and h > 0:
                    shared = w * h
                    if shared / (area + kept[4, k] - shared) > threshold:
                        return True
    return False


@jit
def _suspects(x1, y1, x2, y2, area, low, left, top, right, bottom, areas):
    """Count the boxes that may overlap this one too much."""
    found = 0.0  # a float: it sits in a SIMD lane of the same width as the areas
    for k in range(left.size):
        w = (x2 if x2 < right[k] else right[k]) - (x1 if x1 > left[k] else left[k])
        h = (y2 if y2 < bottom[k] else bottom[k]) - (y1 if y1 > top[k] else top[k])
        shared = (w if w > 0.0 else 0.0) * (h if h > 0.0 else 0.0)
        found += 1.0 if shared > low * (area + areas[k] - shared) else 0.0
    return found


def soft_nms(boxes, scores, iou_threshold, sigma, score_threshold, gaussian):
    """Return ``(order, scores)``: boxes in the order in which they were taken, and the scores that they had then.

    ``boxes`` (N, 4) and ``scores`` (N,), float64. Of equal scores the first is taken.
    """
    scores, order = scores.copy(), np.empty(len(boxes), np.int64)
    left = np.ones(len(boxes), np.bool_)
    count = _soft_nms(boxes, scores, left, iou_threshold, sigma, score_threshold, gaussian, order)
    return order[:count], scores[order[:count]]


@jit
def _soft_nms(boxes, scores, left, iou_threshold, sigma, score_threshold, gaussian, order):
    count, best = 0, 0
    for i in range(1, scores.size):
        if scores[i] > scores[best]:
            best = i
    while count < scores.size and scores[best] >= score_threshold:
        order[count], left[best] = best, False
        count += 1
        box, best = boxes[best], -1
        for i in range(scores.size):
            if left[i]:
                scores[i] *= _decay(_overlap(box, boxes[i]), iou_threshold, sigma, gaussian)
                if best < 0 or scores[i] > scores[best]:
                    best = i
    return count


@jit
def _decay(overlap, iou_threshold, sigma, gaussian):
    if gaussian:
        return np.exp(-overlap * overlap / sigma)
    return 1 - overlap if overlap >= iou_threshold else 1.0


@jit
def _overlap(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    shared = w * h
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
