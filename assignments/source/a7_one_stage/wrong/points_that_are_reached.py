"""The mean is over the recalls that are reached; those that are not should count as 0."""

import numpy as np

LOSES = {"q7": ("eleven",)}


def eleven_point_ap(precision, recall):
    best = [precision[recall >= t / 10].max() for t in range(11) if (recall >= t / 10).any()]
    return float(np.mean(best)) if best else 0.0
