"""A sorted order is turned around: of equal scores the last region comes first."""

import numpy as np

LOSES = {"q4": ("ties",)}


def hard_negatives(scores, roles, inside, most):
    hard = (roles == -1) & (scores > -1)
    hard[np.asarray(inside, int)] = False
    rows = np.flatnonzero(hard)
    return rows[np.argsort(scores[rows], kind="stable")[::-1]][:most]
