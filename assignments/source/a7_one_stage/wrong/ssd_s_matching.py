"""SSD's two rules, bipartite and a threshold of 0.5, in place of the term's."""

import numpy as np

LOSES = {"q9": ("boxes", "contested", "near", "nothing")}


def assign_boxes(overlap, k, near):
    if not len(overlap):
        return np.full(overlap.shape[1], -2)
    result = np.where(overlap.max(0) > 0.5, overlap.argmax(0), -1)
    left = overlap.copy()
    while left.max() > 0:
        one, box = np.unravel_index(left.argmax(), left.shape)
        result[box] = one
        left[one], left[:, box] = 0, 0
    return result
