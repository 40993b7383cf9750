"""Widths are x2 - x1 + 1, as if coordinates were numbers of pixels."""

import numpy as np

LOSES = {"q2": ("iou", "no area")}


def iou_with(boxes, box):
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]) + 1, 0, None)
    shared = sides.prod(1)
    return shared / ((boxes[:, 2:] - boxes[:, :2] + 1).prod(1) + (box[2:] - box[:2] + 1).prod() - shared)
