"""Loss and gradient of a batch are sums over its images, not means."""

import numpy as np

LOSES = {"q6": ("mean", "slope_mean"), "q8": ("mean", "slope_mean")}


def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).sum()


def cross_entropy_backward(scores, labels):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p


def hinge(scores, labels):
    true = scores[np.arange(len(labels)), labels][:, None]
    return np.maximum(0, scores - true + 1).sum() - len(labels)


def hinge_backward(scores, labels):
    rows = np.arange(len(labels))
    grad = (scores - scores[rows, labels][:, None] + 1 > 0).astype(float)
    grad[rows, labels] -= grad.sum(axis=1)
    return grad
