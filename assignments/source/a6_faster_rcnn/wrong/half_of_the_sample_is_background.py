"""Always size x (1 - fraction) of the background: nobody takes the places of missing positives."""

import numpy as np

LOSES = {"q3": ("few positives",)}


def sample_anchors(marks, order, size, fraction):
    positives = order[marks[order] >= 0][: int(size * fraction)]
    background = order[marks[order] == -1][: size - int(size * fraction)]
    drawn = np.zeros(len(marks), bool)
    drawn[positives] = True
    drawn[background] = True
    return drawn
