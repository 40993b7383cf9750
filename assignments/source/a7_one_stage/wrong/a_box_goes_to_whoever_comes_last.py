"""Who is free and who overlaps more is not asked: the last object that wants a box gets it."""

import numpy as np

LOSES = {"q9": ("contested", "nothing")}


def draft(overlap, k):
    result = np.full(overlap.shape[1], -1)
    for one, row in enumerate(overlap):
        best = np.argsort(-row, kind="stable")[:k]
        result[best[row[best] > 0]] = one
    return result


def average(overlap, k):
    result = np.full(overlap.shape[1], -1)
    for one, row in enumerate(overlap):
        result[(row >= np.sort(row)[::-1][:k].mean()) & (row > 0)] = one
    return result


def of(rule):
    def assign_boxes(overlap, k, near):
        result = rule(overlap, k)
        return np.where((result < 0) & (overlap.max(0, initial=0) >= near), -2, result)

    return assign_boxes


VARIANTS_OF = {"q9": {"draft": of(draft), "quota": of(draft), "average": of(average)}}
