"""What is no true box is negative: the gap between 0.3 and the objects is not left out."""

import numpy as np

LOSES = {"q4": ("positives", "gap")}


def svm_roles(overlaps, own, limit=0.3):
    return np.where(own, 1, -1)
