"""The softmax goes over the last axis, as in a table (N, K): here that is the width of the image."""

import numpy as np

LOSES = {
    "q3": ("values", "ignored", "nothing", "weights", "large"),
    "q4": ("values", "ignored", "nothing", "weights", "large"),
}


def log_softmax(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def shares(labels, ignore_index, weights, classes):
    known = labels != ignore_index
    share = known * 1.0 if weights is None else np.where(known, np.asarray(weights)[np.where(known, labels, 0)], 0)
    return share / max(share.sum(), 1e-300), np.arange(classes)[:, None, None] == labels[:, None]


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    share, one_hot = shares(labels, ignore_index, weights, scores.shape[1])
    return float(-(share * (log_softmax(scores) * one_hot).sum(1)).sum())


def cross_entropy_grad(scores, labels, ignore_index=255, weights=None):
    share, one_hot = shares(labels, ignore_index, weights, scores.shape[1])
    return (np.exp(log_softmax(scores)) - one_hot) * share[:, None]
