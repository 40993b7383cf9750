"""Shared sides are not cut off at 0: of boxes far apart both are negative, and their product is positive."""

import numpy as np

LOSES = {"q2": ("iou",)}


def iou_with(boxes, box):
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = sides.prod(1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1), 0)
