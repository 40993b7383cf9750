"""The straight piece of smooth L1 is |d| - 1/2 for every beta: the two pieces do not meet."""

import numpy as np

LOSES = {"q10": ("beta",)}


def smooth_l1(d, beta):
    return np.where(np.abs(d) < beta, d * d / (2 * beta), np.abs(d) - 0.5)
