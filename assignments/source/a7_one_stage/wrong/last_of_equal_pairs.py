"""Pairs are sorted upwards and taken from the end: of equal ones, the last comes first."""

import numpy as np

LOSES = {"q5": ("ties",)}


def bipartite(overlap):
    own, taken = np.full(len(overlap), -1), set()
    for pair in np.argsort(overlap, axis=None, kind="stable")[::-1]:
        one, box = np.unravel_index(pair, overlap.shape)
        if overlap[one, box] > 0 and own[one] < 0 and box not in taken:
            own[one] = box
            taken.add(box)
    return own
