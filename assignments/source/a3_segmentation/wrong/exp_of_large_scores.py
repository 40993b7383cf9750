"""The exponential of the scores as they are: infinite from 710 on."""

import numpy as np

LOSES = {"q3": ("large",)}


def cross_entropy(scores, labels, ignore_index=255, weights=None):
    old = np.seterr(all="ignore")
    known = labels != ignore_index
    if not known.any():
        np.seterr(**old)
        return 0.0
    rows = np.moveaxis(scores, 1, -1)[known]
    truth = labels[known]
    losses = np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(len(rows)), truth]
    share = np.ones(len(rows)) if weights is None else np.asarray(weights)[truth]
    return (float((share * losses).sum() / share.sum()), np.seterr(**old))[0]
