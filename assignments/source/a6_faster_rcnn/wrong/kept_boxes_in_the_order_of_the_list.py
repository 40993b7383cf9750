"""The numbers of the kept boxes are sorted: the best is not the first."""

import numpy as np

LOSES = {"q6": ("nms",)}


def nms(boxes, scores, threshold):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return np.sort(np.array(kept, int))
