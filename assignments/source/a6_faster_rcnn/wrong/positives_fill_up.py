"""Where background is missing, more positives are drawn than allowed."""

import numpy as np

LOSES = {"q3": ("few negatives",)}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] >= 0][: int(size * fraction)]
    background = order[marks[order] == -1][: size - len(positives)]
    missing = size - len(positives) - len(background)
    positives = order[marks[order] >= 0][: len(positives) + missing]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
