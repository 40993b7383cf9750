"""First the most allowed are taken, then those that are in training already are taken out."""

import numpy as np

LOSES = {"q4": ("inside",)}


def hard_negatives(scores, roles, inside, most):
    rows = np.flatnonzero((roles == -1) & (scores > -1))
    rows = rows[np.argsort(-scores[rows], kind="stable")][:most]
    return rows[~np.isin(rows, inside)]
