"""The fraction is one of the positives that there are, not of the sample."""

import numpy as np

LOSES = {"q3": ("both", "few positives", "few negatives", "ignored")}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] >= 0][: int((marks >= 0).sum() * fraction)]
    background = order[marks[order] == -1][: size - len(positives)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
