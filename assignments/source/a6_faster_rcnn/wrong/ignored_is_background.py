"""Everything below 0 is background, also what is ignored."""

import numpy as np

LOSES = {"q3": ("ignored",)}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] >= 0][: int(size * fraction)]
    background = order[marks[order] < 0][: size - len(positives)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
