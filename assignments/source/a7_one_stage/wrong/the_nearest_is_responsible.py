"""The nearest box is responsible, whatever its IoU."""

import numpy as np

LOSES = {"q2": ("best",)}


def responsible(ious, boxes, box):
    def form(b):
        return np.concatenate([(b[..., :2] + b[..., 2:]) / 2, b[..., 2:] - b[..., :2]], -1)

    return int(((form(boxes) - form(box)) ** 2).sum(1).argmin())
