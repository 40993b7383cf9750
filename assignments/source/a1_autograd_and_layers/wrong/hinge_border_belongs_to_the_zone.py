"""A rival exactly at the border gets a gradient, although it costs nothing."""

import numpy as np

LOSES = {"q8": ("corner",)}


def hinge_backward(scores, labels):
    rows = np.arange(len(labels))
    grad = (scores - scores[rows, labels][:, None] + 1 >= 0).astype(float)
    grad[rows, labels] = 0
    grad[rows, labels] = -grad.sum(axis=1)
    return grad / len(labels)
