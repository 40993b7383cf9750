"""A score of exactly -1 is called hard, though it costs nothing."""

import numpy as np

LOSES = {"q4": ("margin",)}


def hard_negatives(scores, roles, inside, most):
    hard = (roles == -1) & (scores >= -1)
    hard[np.asarray(inside, int)] = False
    rows = np.flatnonzero(hard)
    return rows[np.argsort(-scores[rows], kind="stable")][:most]
