"""The threshold has the last word: it gives an object's own box to another one that overlaps it more."""

import numpy as np

LOSES = {"q5": ("own",)}


def match_boxes(overlap, own, threshold=0.5):
    matched = np.full(overlap.shape[1], -1)
    matched[own[own >= 0]] = np.flatnonzero(own >= 0)
    if len(overlap):
        matched = np.where(overlap.max(0) > threshold, overlap.argmax(0), matched)
    return matched
