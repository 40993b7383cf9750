"""An overlap of exactly the threshold is not enough."""

import numpy as np

LOSES = {"q6": ("match",)}


def match(ious, threshold):
    free = np.ones(ious.shape[1], bool)
    right = np.zeros(len(ious), bool)
    for d, row in enumerate(ious):
        best, chosen = np.nextafter(threshold, 1), None
        for g in np.flatnonzero(free):
            if row[g] >= best:
                best, chosen = row[g], g
        if chosen is not None:
            right[d], free[chosen] = True, False
    return right
