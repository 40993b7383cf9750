"""The leader's own box and score are returned: plain NMS in place of the term's rule."""

import numpy as np

LOSES = {"q2": ("groups", "measure", "leader", "ties")}


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


def leaders(boxes, scores, threshold, order):
    groups = grouped(boxes, threshold, order)
    return finished([boxes[g[0]] for g in groups], [scores[g[0]] for g in groups])


def vote(boxes, scores, threshold):
    return leaders(boxes, scores, threshold, np.lexsort((-(boxes[:, 2:] - boxes[:, :2]).prod(axis=1), -scores)))


def hull(boxes, scores, threshold):
    return leaders(boxes, scores, threshold, np.lexsort((boxes[:, 0], -scores)))


def median(boxes, scores, threshold):
    return leaders(boxes, scores, threshold, np.argsort(scores, kind="stable")[::-1])


VARIANTS_OF = {"q2": {"vote": vote, "hull": hull, "median": median}}
