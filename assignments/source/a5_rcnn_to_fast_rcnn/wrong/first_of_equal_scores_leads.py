"""Of equal scores, the first box leads, as in NMS: the term's rule for ties is not read."""

import numpy as np

LOSES = {"q2": ("ties",)}


def share(a, b):
    common = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    smaller = min((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod())
    return common / smaller if smaller > 0 else 0.0


def joins(box, leader, group, threshold):
    return share(box, leader) > threshold


def grouped(boxes, threshold, order):
    left, groups = list(order), []
    while left:
        group = [left.pop(0)]
        for i in list(left):
            if joins(boxes[i], boxes[group[0]], boxes[group], threshold):
                group.append(i)
                left.remove(i)
        groups.append(group)
    return groups


def finished(boxes, marks):
    return np.array(boxes, float).reshape(-1, 4), np.array(marks, float)


def vote(boxes, scores, threshold):
    groups = grouped(boxes, threshold, np.argsort(-scores, kind="stable"))
    return finished([scores[g] @ boxes[g] / scores[g].sum() for g in groups],
                    [(scores[g] ** 2).sum() / scores[g].sum() for g in groups])  # fmt: skip


def hull(boxes, scores, threshold):
    groups = grouped(boxes, threshold, np.argsort(-scores, kind="stable"))
    return finished([[*boxes[g, :2].min(axis=0), *boxes[g, 2:].max(axis=0)] for g in groups],
                    [1 - (1 - scores[g]).prod() for g in groups])  # fmt: skip


def median(boxes, scores, threshold):
    groups = grouped(boxes, threshold, np.argsort(-scores, kind="stable"))
    return finished([np.median(boxes[g], axis=0) for g in groups], [scores[g].mean() for g in groups])


VARIANTS_OF = {"q2": {"vote": vote, "hull": hull, "median": median}}
