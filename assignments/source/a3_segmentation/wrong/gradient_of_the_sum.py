"""The gradient is p minus one-hot for each pixel; that the loss is a mean is forgotten."""

import numpy as np

LOSES = {"q4": ("values", "ignored", "nothing", "weights", "large")}


def cross_entropy_grad(scores, labels, ignore_index=255, weights=None):
    known = labels != ignore_index
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    one_hot = np.arange(scores.shape[1])[:, None, None] == labels[:, None]
    share = known * 1.0 if weights is None else np.where(known, np.asarray(weights)[np.where(known, labels, 0)], 0.0)
    total = max(share.sum(), 1e-300)
    return (p - one_hot) * share[:, None]
