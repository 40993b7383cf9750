"""An IoU of exactly near is background; the rule says at least."""

import numpy as np

LOSES = {"q9": ("near",)}


def draft(overlap, k):
    result, order = np.full(overlap.shape[1], -1), list(range(len(overlap)))
    for _ in range(k):
        for one in order:
            free = np.where(result < 0, overlap[one], -1.0)
            if free.max(initial=-1) > 0:
                result[free.argmax()] = one
        order = order[::-1]
    return result


def quota(overlap, k):
    result = np.full(overlap.shape[1], -1)
    for pair in np.argsort(-overlap, axis=None, kind="stable"):
        one, box = np.unravel_index(pair, overlap.shape)
        if overlap[one, box] > 0 and result[box] < 0 and (result == one).sum() < k:
            result[box] = one
    return result


def average(overlap, k):
    if not len(overlap):
        return np.full(overlap.shape[1], -1)
    limit = -np.sort(-overlap, 1)[:, :k].mean(1, keepdims=True)
    wanted = overlap * (overlap >= limit)
    return np.where(wanted.max(0) > 0, wanted.argmax(0), -1)


def of(rule):
    def assign_boxes(overlap, k, near):
        result = rule(overlap, k)
        return np.where((result < 0) & (overlap.max(0, initial=0) > near), -2, result)

    return assign_boxes


VARIANTS_OF = {"q9": {"draft": of(draft), "quota": of(quota), "average": of(average)}}
