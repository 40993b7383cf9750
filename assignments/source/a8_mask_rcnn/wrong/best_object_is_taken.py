"""VOC's rule: a detection looks at all objects, and is wrong if its best one is taken."""

import numpy as np

LOSES = {"q6": ("match",)}


def match(ious, threshold):
    free = np.ones(ious.shape[1], bool)
    right = np.zeros(len(ious), bool)
    for d, row in enumerate(ious):
        best, chosen = threshold, None
        for g in range(len(free)):
            if row[g] >= best:
                best, chosen = row[g], g
        if chosen is not None and free[chosen]:
            right[d], free[chosen] = True, False
    return right
