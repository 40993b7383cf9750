"""Each box is compared with all better ones, also with those that were dropped."""

import numpy as np

LOSES = {"q6": ("nms", "ties")}


def overlaps(one, other):
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area, areas = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (one, other))
    union = area[:, None] + areas[None] - shared
    return shared / np.where(union > 0, union, 1)


def nms(boxes, scores, threshold):
    order = np.argsort(-scores, kind="stable")
    iou = overlaps(boxes[order], boxes[order])
    higher = np.triu(iou, 1).max(axis=0, initial=0)
    return order[higher <= threshold]
