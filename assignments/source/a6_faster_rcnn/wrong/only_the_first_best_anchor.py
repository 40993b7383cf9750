"""Of several best anchors of an object, argmax takes the first."""

import numpy as np

LOSES = {"q2": ("ties",)}


def match(iou, high, low):
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    claims = np.where((np.arange(iou.shape[1]) == iou.argmax(axis=1)[:, None]) & (iou > 0), iou, 0)
    claimed = claims.max(axis=0) > 0
    learns[claimed] = claims.argmax(axis=0)[claimed]
    return learns
