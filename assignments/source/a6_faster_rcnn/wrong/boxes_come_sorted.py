"""The boxes are taken in the order in which they come, as if they were sorted."""

import numpy as np

LOSES = {"q6": ("nms", "ties")}


def nms(boxes, scores, threshold):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order, kept = np.arange(len(scores)), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return np.array(kept, int)
