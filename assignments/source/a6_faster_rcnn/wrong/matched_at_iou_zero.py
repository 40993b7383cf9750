"""An object that touches no anchor has the best IoU 0 with all of them: all are matched with it."""

import numpy as np

LOSES = {"q2": ("zero",)}


def match(iou, high, low):
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    claims = np.where(iou == iou.max(axis=1, keepdims=True), iou, -1)
    claimed = claims.max(axis=0) >= 0
    learns[claimed] = claims.argmax(axis=0)[claimed]
    return learns
