"""A small number is added to the probability, so that its logarithm is finite: and wrong where it matters."""

import numpy as np

LOSES = {"q6": ("far",)}


def cross_entropy(scores, labels):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean()
