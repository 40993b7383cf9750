"""All objects lie in one heap: a detection finds objects of other images."""

import numpy as np

LOSES = {"q7": ("matches", "duplicates", "difficult")}


def judge_detections(boxes, scores, images, truths, difficult, threshold=0.5):
    marks = np.zeros(len(scores), int)
    there, hard = np.concatenate(truths), np.concatenate(difficult)
    found = np.zeros(len(there), bool)
    for d in np.argsort(-scores, kind="stable"):
        sides = np.clip(np.minimum(there[:, 2:], boxes[d, 2:]) - np.maximum(there[:, :2], boxes[d, :2]), 0, None)
        areas = (there[:, 2:] - there[:, :2]).prod(1) + (boxes[d, 2:] - boxes[d, :2]).prod()
        overlaps = sides.prod(1) / (areas - sides.prod(1))
        best = overlaps.argmax()
        if overlaps[best] >= threshold and hard[best]:
            marks[d] = -1
        elif overlaps[best] >= threshold and not found[best]:
            marks[d], found[best] = 1, True
    return marks
