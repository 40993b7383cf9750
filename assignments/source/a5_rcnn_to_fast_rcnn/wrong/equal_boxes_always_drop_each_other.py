"""Two equal boxes have an IoU of 1, says a special case: also two without area."""

import numpy as np

LOSES = {"q1": ("no area",)}


def iou(a, b):
    if (a == b).all():
        return 1.0
    shared = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    either = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared
    return shared / either if either > 0 else 0.0


def nms(boxes, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return np.array(kept, int)


def nms_per_class(boxes, scores, labels, threshold):
    kept = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    kept = np.sort(
        np.concatenate([rows[nms(boxes[rows], scores[rows], threshold)] for rows in kept] + [np.zeros(0, int)])
    )
    return kept[np.argsort(-scores[kept], kind="stable")]
