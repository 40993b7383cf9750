"""Sides of the intersection are not cut at 0: boxes that lie apart in both directions share an area."""

import numpy as np

LOSES = {"q2": ("apart",)}


def box_iou(objects, anchors):
    low = np.maximum(objects[:, None, :2], anchors[None, :, :2])
    high = np.minimum(objects[:, None, 2:], anchors[None, :, 2:])
    shared = (high - low).prod(axis=2)
    one, other = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (objects, anchors))
    union = one[:, None] + other[None] - shared
    return np.divide(shared, union, out=np.zeros(union.shape), where=union > 0)
