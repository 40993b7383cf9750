"""So that the logarithm is finite, a small number is added to p: a loss of 1000 becomes one of 28."""

import numpy as np

LOSES = {"q4": ("large",)}


def class_losses(scores, labels, kind):
    number = np.arange(len(scores))
    if kind == "hinge":
        missing = np.maximum(1 + scores - scores[number, labels][:, None], 0)
        missing[number, labels] = 0
        return missing.sum(axis=1)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[number, labels] + 1e-12)
