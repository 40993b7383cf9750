"""Background, label 0, is left out too: taken for 'nothing is there'."""

import numpy as np

LOSES = {"q3": ("values", "ignored", "nothing", "weights", "large")}


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    known = (labels != ignore_index) & (labels != 0)
    if not known.any():
        return 0.0
    rows = np.moveaxis(scores, 1, -1)[known]
    truth = labels[known]
    rows = rows - rows.max(axis=1, keepdims=True)
    losses = np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(len(rows)), truth]
    share = np.ones(len(rows)) if weights is None else np.asarray(weights)[truth]
    return float((share * losses).sum() / share.sum())
