"""Ignored pixels are turned into pixels of class 0, so that the index fits, and then counted."""

import numpy as np

LOSES = {"q3": ("ignored", "nothing")}


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    labels = np.where(labels == ignore_index, 0, labels)
    known = labels != ignore_index
    if not known.any():
        return 0.0
    rows = np.moveaxis(scores, 1, -1)[known]
    truth = labels[known]
    rows = rows - rows.max(axis=1, keepdims=True)
    losses = np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(len(rows)), truth]
    share = np.ones(len(rows)) if weights is None else np.asarray(weights)[truth]
    return float((share * losses).sum() / share.sum())
