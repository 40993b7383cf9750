"""Classes are moved apart by the largest coordinate plus 1: with negative coordinates they are not apart."""

import numpy as np

LOSES = {"q1": ("classes",)}


def iou(a, b):
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
    if not len(boxes):
        return np.zeros(0, int)
    return nms(boxes + labels[:, None] * (boxes.max() + 1), scores, threshold)
