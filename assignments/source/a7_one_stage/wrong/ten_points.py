"""Recall 0 is left out of the eleven points: the mean is over ten."""

import numpy as np

LOSES = {"q7": ("eleven",)}


def eleven_point_ap(precision, recall):
    return float(np.mean([precision[recall >= t / 10].max(initial=0) for t in range(1, 11)]))
