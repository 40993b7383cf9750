"""Proposals that overlap an object by 0.5 or more are positive, as in fine-tuning."""

import numpy as np

LOSES = {"q4": ("positives",)}


def svm_roles(overlaps, own, limit=0.3):
    highest = overlaps.max(axis=1, initial=0)
    return np.where(own | (highest >= 0.5), 1, np.where(highest < limit, -1, 0))
