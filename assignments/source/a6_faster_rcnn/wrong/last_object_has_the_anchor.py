"""Objects write their number to their best anchors one after the other: the last one stays."""

import numpy as np

LOSES = {"q2": ("contested",)}


def match(iou, high, low):
    learns = np.full(iou.shape[1], -1)
    if len(iou) == 0:
        return learns
    best = iou.max(axis=0)
    learns[best >= low] = -2
    learns[best >= high] = iou.argmax(axis=0)[best >= high]
    for number, row in enumerate(iou):
        if row.max() > 0:
            learns[row == row.max()] = number
    return learns
