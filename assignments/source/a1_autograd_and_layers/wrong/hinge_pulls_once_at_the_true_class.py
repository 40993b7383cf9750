"""The true class gets -1, however many rivals are in the zone."""

import numpy as np

LOSES = {"q8": ("slope", "slope_mean")}


def hinge_backward(scores, labels):
    rows = np.arange(len(labels))
    grad = (scores - scores[rows, labels][:, None] + 1 > 0).astype(float)
    grad[rows, labels] = 0
    grad[rows, labels] = np.where(grad.sum(axis=1) > 0, -1, 0)
    return grad / len(labels)
