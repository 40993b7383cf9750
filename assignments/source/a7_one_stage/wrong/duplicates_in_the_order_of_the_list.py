"""Detections are gone through in the order of the list: the first is right, not the surest."""

import numpy as np

LOSES = {"q7": ("duplicates",)}


def ious(boxes, box):
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = sides.prod(1)
    return shared / ((boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared)


def judge_detections(boxes, scores, images, truths, difficult, threshold=0.5):
    marks = np.zeros(len(scores), int)
    found = [np.zeros(len(truth), bool) for truth in truths]
    for d in range(len(scores)):
        n = images[d]
        if not len(truths[n]):
            continue
        overlaps = ious(truths[n], boxes[d])
        best = overlaps.argmax()
        if overlaps[best] < threshold:
            continue
        if difficult[n][best]:
            marks[d] = -1
        elif not found[n][best]:
            marks[d], found[n][best] = 1, True
    return marks
