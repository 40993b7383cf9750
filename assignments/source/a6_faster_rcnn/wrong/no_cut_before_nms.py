"""All boxes go into NMS: `before` is forgotten."""

import numpy as np

LOSES = {"q6": ("top", "small")}


def clipped(boxes, height, width):
    return np.clip(boxes, 0, np.array([width, height, width, height]))


def kept_by_nms(boxes, scores, threshold):
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return np.array(kept, int)


def propose(boxes, logits, size, before, after, threshold, least):
    best = np.argsort(-logits, kind="stable")
    boxes, logits = clipped(boxes[best], *size), logits[best]
    large = (boxes[:, 2:] - boxes[:, :2] >= least).all(axis=1)
    boxes, logits = boxes[large], logits[large]
    kept = kept_by_nms(boxes, logits, threshold)[:after]
    return boxes[kept], logits[kept]
