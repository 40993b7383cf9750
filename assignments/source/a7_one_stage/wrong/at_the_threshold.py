"""An IoU of exactly the threshold is enough; the rule says above."""

import numpy as np

LOSES = {"q5": ("threshold",)}


def match_boxes(overlap, own, threshold=0.5):
    matched = np.full(overlap.shape[1], -1)
    if len(overlap):
        matched = np.where(overlap.max(0) >= threshold, overlap.argmax(0), -1)
    matched[own[own >= 0]] = np.flatnonzero(own >= 0)
    return matched
