"""The shared area is divided by the sum of both areas, where it is counted twice."""

import numpy as np

LOSES = {"q2": ("iou", "no area")}


def iou_with(boxes, box):
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    both = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.where(both > 0, sides.prod(1) / np.where(both > 0, both, 1), 0)
