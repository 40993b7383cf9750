"""The largest number of positives is rounded to the nearest number, not down."""

import numpy as np

LOSES = {"q3": ("both",)}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] >= 0][: round(size * fraction)]
    background = order[marks[order] == -1][: size - len(positives)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
