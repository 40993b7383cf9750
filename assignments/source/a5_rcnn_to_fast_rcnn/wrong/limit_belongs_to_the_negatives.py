"""An overlap of exactly the limit is negative, and the limit is always 0.3."""

import numpy as np

LOSES = {"q4": ("gap",)}


def svm_roles(overlaps, own, limit=0.3):
    highest = overlaps.max(axis=1, initial=0)
    return np.where(own, 1, np.where(highest <= 0.3, -1, 0))
