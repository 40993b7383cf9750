"""The gradient of the cross-entropy is the softmax: that of the true class lacks the -1."""

import numpy as np

LOSES = {"q6": ("slope", "slope_mean", "slope_large")}


def cross_entropy_backward(scores, labels):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True) / len(labels)
