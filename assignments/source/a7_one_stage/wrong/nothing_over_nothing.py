"""Two boxes without area: 0 / 0 is not a number, and nobody asked for it."""

import numpy as np

LOSES = {"q2": ("no area",)}


def iou_with(boxes, box):
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = sides.prod(1)
    with np.errstate(all="ignore"):
        return shared / ((boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared)
