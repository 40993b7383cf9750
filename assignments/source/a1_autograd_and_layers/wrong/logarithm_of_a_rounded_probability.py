"""The softmax is safe, but the logarithm is taken of a probability that was rounded to 0."""

import numpy as np

LOSES = {"q6": ("far",)}


def cross_entropy(scores, labels):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return -np.log(p[np.arange(len(labels)), labels]).mean()
