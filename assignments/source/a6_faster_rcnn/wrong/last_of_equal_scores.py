"""The scores are sorted upwards and read backwards: of equal ones the last comes first."""

import numpy as np

LOSES = {"q6": ("ties",)}


def nms(boxes, scores, threshold):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order, kept = np.argsort(scores, kind="stable")[::-1], []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return np.array(kept, int)
