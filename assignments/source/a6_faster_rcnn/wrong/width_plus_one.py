"""A box from 0 to 4 is 5 pixels wide: as in the first detectors, 1 is added to each side."""

import numpy as np

LOSES = {"q2": ("overlap", "apart")}


def box_iou(objects, anchors):
    low = np.maximum(objects[:, None, :2], anchors[None, :, :2])
    high = np.minimum(objects[:, None, 2:], anchors[None, :, 2:])
    shared = np.maximum(high - low + 1, 0).prod(axis=2)
    one, other = ((b[:, 2] - b[:, 0] + 1) * (b[:, 3] - b[:, 1] + 1) for b in (objects, anchors))
    union = one[:, None] + other[None] - shared
    return np.divide(shared, union, out=np.zeros(union.shape), where=union > 0)
