"""Only the thresholds decide: an object that fits no anchor well has none."""

import numpy as np

LOSES = {"q2": ("each its best", "ties", "contested")}


def match(iou, high, low):
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    return learns
