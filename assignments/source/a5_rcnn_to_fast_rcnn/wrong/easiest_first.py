"""The scores are sorted upwards, so that the easiest of the hard negatives come first."""

import numpy as np

LOSES = {"q4": ("hardest", "margin", "inside", "ties")}


def hard_negatives(scores, roles, inside, most):
    hard = (roles == -1) & (scores > -1)
    hard[np.asarray(inside, int)] = False
    rows = np.flatnonzero(hard)
    return rows[np.argsort(scores[rows], kind="stable")][:most]
