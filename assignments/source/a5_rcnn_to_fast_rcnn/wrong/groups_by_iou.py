"""The groups are made by the IoU of question 1, not by the share of the smaller box."""

import numpy as np

LOSES = {"q2": ("measure", "leader", "ties")}


def share(a, b):
    common = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    either = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common
    return common / either if either > 0 else 0.0


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
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    groups = grouped(boxes, threshold, np.lexsort((-areas, -scores)))
    return finished([scores[g] @ boxes[g] / scores[g].sum() for g in groups],
                    [(scores[g] ** 2).sum() / scores[g].sum() for g in groups])  # fmt: skip


def hull(boxes, scores, threshold):
    groups = grouped(boxes, threshold, np.lexsort((boxes[:, 0], -scores)))
    return finished([[*boxes[g, :2].min(axis=0), *boxes[g, 2:].max(axis=0)] for g in groups],
                    [1 - (1 - scores[g]).prod() for g in groups])  # fmt: skip


def median(boxes, scores, threshold):
    groups = grouped(boxes, threshold, np.argsort(scores, kind="stable")[::-1])
    return finished([np.median(boxes[g], axis=0) for g in groups], [scores[g].mean() for g in groups])


VARIANTS_OF = {"q2": {"vote": vote, "hull": hull, "median": median}}
