"""exp is applied to the scores as they are: it overflows for large ones, and is 0 for very negative ones."""

import numpy as np

LOSES = {"q6": ("large", "far", "slope_large")}


def cross_entropy(scores, labels):
    with np.errstate(all="ignore"):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(labels)), labels]).mean()


def cross_entropy_backward(scores, labels):
    with np.errstate(all="ignore"):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
