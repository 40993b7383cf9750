"""`marks > 0` is positive: object 0 is never drawn."""

import numpy as np

LOSES = {"q3": ("both", "few positives", "few negatives", "ignored")}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] > 0][: int(size * fraction)]
    background = order[marks[order] == -1][: size - len(positives)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
