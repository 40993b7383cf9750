"""Of equal overlaps the first object is taken, as argmax does."""

import numpy as np

LOSES = {"q6": ("ties",)}


def match(ious, threshold):
    free = np.ones(ious.shape[1], bool)
    right = np.zeros(len(ious), bool)
    for d, row in enumerate(ious):
        best, chosen = threshold, None
        for g in np.flatnonzero(free):
            if row[g] > best or (row[g] == best and chosen is None):
                best, chosen = row[g], g
        if chosen is not None:
            right[d], free[chosen] = True, False
    return right
