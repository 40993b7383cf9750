"""At each of the eleven recalls, the first precision that reaches it is taken, not the largest one."""

import numpy as np

LOSES = {"q7": ("eleven",)}


def eleven_point_ap(precision, recall):
    first = [precision[recall >= t / 10][:1].sum() for t in range(11)]
    return float(np.mean(first))
