"""The rule of question 2, two thresholds and the best anchors, in the place of the term's."""

import numpy as np

LOSES = {"q7": ("one object", "several objects", "ties", "outside", "nothing")}


def assign(iou, anchors, objects):
    high, low = 0.7, 0.3
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    claims = np.where((iou == iou.max(axis=1, keepdims=True)) & (iou > 0), iou, 0)
    claimed = claims.max(axis=0) > 0
    learns[claimed] = claims.argmax(axis=0)[claimed]
    return learns
