"""Between the thresholds an anchor is background: nothing is ignored."""

import numpy as np

LOSES = {"q2": ("thresholds", "each its best")}


def match(iou, high, low):
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    claims = np.where((iou == iou.max(axis=1, keepdims=True)) & (iou > 0), iou, 0)
    claimed = claims.max(axis=0) > 0
    learns[claimed] = claims.argmax(axis=0)[claimed]
    return learns
